//! Diagnostics as text for people; the only user of ariadne.

use std::fmt;
use std::ops::Range;

use ariadne::{Cache, CharSet, Color, Config, Label, Report, ReportKind};

use crate::{Diagnostic, FileId, Severity, SourceMap, Span};

/// Lines longer than this, in bytes, are not printed: the place is given by numbers alone.
const LINE_BYTES_MAX: usize = 500;

/// How rendered text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without colour and with ASCII art only, for files and tests.
    Plain,
    /// For terminals: colours and box-drawing characters.
    Terminal,
}

/// A diagnostic without colour.
#[must_use]
pub fn plain(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    render(std::slice::from_ref(diagnostic), sources, Style::Plain)
}

/// Diagnostics one after the other, an empty line after each.
///
/// Spans that lie outside of their file are moved to its end; a span of an unknown file is shown
/// without source.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let mut files = Files::new(sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if shows_source(diagnostic, sources) {
            out.push_str(&with_source(diagnostic, &mut files, style));
        } else {
            without_source(diagnostic, sources, &mut out);
        }
        out.push('\n');
    }
    out
}

/// The files of a [`SourceMap`] as ariadne wants them, split into lines on first use.
struct Files<'a> {
    sources: &'a SourceMap,
    lines: Vec<Option<ariadne::Source<&'a str>>>,
}

impl<'a> Files<'a> {
    fn new(sources: &'a SourceMap) -> Files<'a> {
        Files { sources, lines: sources.iter().map(|_| None).collect() }
    }
}

impl<'a> Cache<FileId> for Files<'a> {
    type Storage = &'a str;

    fn fetch(&mut self, file: &FileId) -> Result<&ariadne::Source<&'a str>, impl fmt::Debug> {
        match (self.lines.get_mut(file.0 as usize), self.sources.get(*file)) {
            (Some(lines), Some(source)) => {
                Ok(&*lines.get_or_insert_with(|| ariadne::Source::from(source.text.as_str())))
            }
            _ => Err("no such file"),
        }
    }

    fn display<'b>(&self, file: &'b FileId) -> Option<impl fmt::Display + 'b> {
        self.sources.get(*file).map(|source| source.name.clone())
    }
}

/// Whether every label can be shown on its line.
fn shows_source(diagnostic: &Diagnostic, sources: &SourceMap) -> bool {
    diagnostic.labels.iter().all(|(span, _)| {
        sources.get(span.file).is_some_and(|source| {
            let lines = source.position(span.start).line..=source.position(span.end).line;
            lines.into_iter().all(|line| source.line(line).len() <= LINE_BYTES_MAX)
        })
    })
}

fn with_source(diagnostic: &Diagnostic, files: &mut Files<'_>, style: Style) -> String {
    let (kind, colour) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let charset = match style {
        Style::Plain => CharSet::Ascii,
        Style::Terminal => CharSet::Unicode,
    };
    let config = Config::default().with_color(style == Style::Terminal).with_char_set(charset);
    let mut report = Report::build(kind, place(diagnostic.span(), files.sources))
        .with_config(config)
        .with_code(diagnostic.code)
        .with_message(&diagnostic.message);
    report.with_notes(&diagnostic.notes);
    report.with_helps(&diagnostic.help);
    for (index, (span, text)) in diagnostic.labels.iter().enumerate() {
        let label = Label::new(place(*span, files.sources)).with_color(if index == 0 {
            colour
        } else {
            Color::Blue
        });
        report.add_label(if text.is_empty() { label } else { label.with_message(text) });
    }
    let mut bytes = Vec::new();
    report.finish().write(files, &mut bytes).expect("writing to memory does not fail");
    let text = String::from_utf8_lossy(&bytes);
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// File and characters of a span; ariadne counts characters.
fn place(span: Span, sources: &SourceMap) -> (FileId, Range<usize>) {
    let Some(source) = sources.get(span.file) else { return (span.file, 0..0) };
    let start = source.floor_char_boundary(span.start as usize);
    let end = source.floor_char_boundary(span.end as usize).max(start);
    let first = source.text[..start].chars().count();
    (span.file, first..first + source.text[start..end].chars().count())
}

fn without_source(diagnostic: &Diagnostic, sources: &SourceMap, out: &mut String) {
    let Diagnostic { code, severity, message, .. } = diagnostic;
    *out += &format!("[{code}] {}: {message}\n", severity.name());
    for (span, text) in &diagnostic.labels {
        if let Some(source) = sources.get(span.file) {
            let place = source.position(span.start);
            *out += &format!("  at {}:{}:{} {text}\n", source.name, place.line, place.column);
        }
    }
    let helps = diagnostic.help.iter().map(|help| format!("  help: {help}\n"));
    let notes = diagnostic.notes.iter().map(|note| format!("  note: {note}\n"));
    out.extend(helps.chain(notes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn sample(text: &str, start: u32, end: u32) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("a.pl", text);
        let span = Span::new(file, start, end);
        plain(
            &Diagnostic::error(Code::E0101, span, "wrong").label(span, "here").help("mend"),
            &sources,
        )
    }

    #[test]
    fn shows_place_label_and_help() {
        let text = sample("let µ = 3\nx\n", 9, 10);
        assert_eq!(
            text,
            "[E0101] Error: wrong\n   ,-[ a.pl:1:9 ]\n   |\n 1 | let µ = 3\n   |         |\n   \
             |         `-- here\n   |\n   | Help: mend\n---'\n\n",
        );
    }

    #[test]
    fn any_span_is_rendered() {
        let text = "aµ\r\n\tb\u{2028}c\n";
        for start in 0..16 {
            for end in 0..16 {
                assert!(sample(text, start, end).contains("here"), "{start}..{end}");
                assert!(sample("", start, end).contains("here"), "{start}..{end} of nothing");
            }
        }
    }

    #[test]
    fn long_lines_and_unknown_files_give_the_place_in_numbers() {
        let text = sample(&"x ".repeat(5000), 400, 401);
        assert!(text.contains("a.pl:1:401 here") && text.len() < 200, "{text}");
        let found = Diagnostic::error(Code::E0101, Span::new(FileId(7), 0, 1), "wrong");
        assert_eq!(plain(&found, &SourceMap::new()), "[E0101] error: wrong\n\n");
    }

    #[test]
    fn labels_may_lie_in_several_files() {
        let mut sources = SourceMap::new();
        let (a, b) = (sources.add("a.pl", "one"), sources.add("b.pl", "two"));
        let found = Diagnostic::error(Code::E0101, Span::new(b, 0, 3), "twice")
            .label(Span::new(b, 0, 3), "again")
            .label(Span::new(a, 0, 3), "first");
        let text = plain(&found, &sources);
        assert!(text.contains("b.pl:1:1") && text.contains("a.pl:1:1"), "{text}");
    }

    #[test]
    fn colour_only_on_request() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.pl", "one");
        let found = [Diagnostic::error(Code::E0101, Span::new(file, 0, 3), "wrong")];
        assert!(render(&found, &sources, Style::Terminal).contains('\u{1b}'));
        assert!(!render(&found, &sources, Style::Plain).contains('\u{1b}'));
    }
}
