//! Diagnostics as JSON lines for tools, in the shape of rustc's `--error-format=json`.
//!
//! One object a line: `message`, `code`, `level`, `spans`, `children` (notes and help) and
//! `rendered`. Byte offsets count from 0; lines and columns from 1, columns in characters.

use serde::Serialize;

use crate::render;
use crate::{Diagnostic, SourceMap, Span};

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
    code: Option<CodeField>,
    level: &'static str,
    spans: Vec<SpanField<'a>>,
    children: Vec<Message<'a>>,
    rendered: Option<String>,
}

#[derive(Serialize)]
struct CodeField {
    code: &'static str,
    explanation: &'static str,
}

#[derive(Serialize)]
struct SpanField<'a> {
    file_name: &'a str,
    byte_start: u32,
    byte_end: u32,
    line_start: usize,
    line_end: usize,
    column_start: usize,
    column_end: usize,
    is_primary: bool,
    text: Vec<LineField<'a>>,
    label: Option<&'a str>,
}

#[derive(Serialize)]
struct LineField<'a> {
    text: &'a str,
    highlight_start: usize,
    highlight_end: usize,
}

/// One line of JSON, ended by a line break.
#[must_use]
pub fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let info = diagnostic.code.info();
    let notes = diagnostic.notes.iter().map(|note| child("note", note));
    let helps = diagnostic.help.iter().map(|help| child("help", help));
    let message = Message {
        message: &diagnostic.message,
        code: Some(CodeField { code: info.name, explanation: info.explanation }),
        level: diagnostic.severity.name(),
        spans: spans(diagnostic, sources),
        children: notes.chain(helps).collect(),
        rendered: Some(render::plain(diagnostic, sources)),
    };
    let text = serde_json::to_string(&message).expect("plain text and numbers have a JSON form");
    text + "\n"
}

fn child<'a>(level: &'static str, message: &'a str) -> Message<'a> {
    Message { message, code: None, level, spans: Vec::new(), children: Vec::new(), rendered: None }
}

fn spans<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<SpanField<'a>> {
    let labels = diagnostic.labels.iter().enumerate();
    labels
        .filter_map(|(index, (span, text))| span_field(*span, index == 0, text, sources))
        .collect()
}

fn span_field<'a>(
    span: Span,
    is_primary: bool,
    label: &'a str,
    sources: &'a SourceMap,
) -> Option<SpanField<'a>> {
    let source = sources.get(span.file)?;
    let (start, end) = (source.position(span.start), source.position(span.end.max(span.start)));
    let text = (start.line..=end.line)
        .map(|line| {
            let text = source.line(line);
            let past_end = text.chars().count() + 1;
            LineField {
                text,
                highlight_start: if line == start.line { start.column } else { 1 },
                highlight_end: if line == end.line { end.column } else { past_end },
            }
        })
        .collect();
    Some(SpanField {
        file_name: &source.name,
        byte_start: span.start,
        byte_end: span.end,
        line_start: start.line,
        line_end: end.line,
        column_start: start.column,
        column_end: end.column,
        is_primary,
        text,
        label: (!label.is_empty()).then_some(label),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn has_the_fields_of_rustc() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.pl", "let µ = \"3\"\n");
        let span = Span::new(file, 9, 12);
        let found = Diagnostic::error(Code::E0001, span, "no strings").label(span, "a \"string\"");
        let text = line(&found.note("fact").help("mend"), &sources);
        assert_eq!(text.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["code"]["code"], "E0001");
        assert_eq!(value["level"], "error");
        let place = &value["spans"][0];
        assert_eq!((&place["byte_start"], &place["column_start"]), (&9.into(), &9.into()));
        assert_eq!((&place["line_end"], &place["column_end"]), (&1.into(), &12.into()));
        assert_eq!(place["label"], "a \"string\"");
        assert_eq!(place["text"][0]["highlight_end"], 12);
        let levels: Vec<_> =
            value["children"].as_array().unwrap().iter().map(|c| &c["level"]).collect();
        assert_eq!(levels, ["note", "help"]);
    }
}
