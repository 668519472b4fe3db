//! Diagnostics as values.

use crate::{Code, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The program has no meaning; nothing is generated.
    Error,
    /// The program has a meaning that its author may not want.
    Warning,
}

impl Severity {
    /// The word printed before the code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One mistake or doubt, in the user's words.
///
/// The message is one sentence that starts in lower case and has no full stop. Labels say what *is*
/// there, the help says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a diagnostic does nothing until it is collected"]
pub struct Diagnostic {
    /// Its row in [`CODES`](crate::CODES).
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Places and what is there; the first one is the place of the mistake, its text may be empty.
    pub labels: Vec<(Span, String)>,
    /// Facts that explain the mistake.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, span, message.into())
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, span, message.into())
    }

    fn new(severity: Severity, code: Code, span: Span, message: String) -> Diagnostic {
        debug_assert_eq!(severity, code.severity(), "{code} used with the wrong severity");
        Diagnostic {
            code,
            severity,
            message,
            labels: vec![(span, String::new())],
            notes: Vec::new(),
            help: None,
        }
    }

    /// Says what is at `span`. The first label on the span of the mistake becomes its text; others
    /// point at further places.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        let text = text.into();
        match self.labels.first_mut() {
            Some((primary, empty)) if *primary == span && empty.is_empty() => *empty = text,
            _ => self.labels.push((span, text)),
        }
        self
    }

    /// Adds labels.
    pub fn labels(self, labels: impl IntoIterator<Item = (Span, String)>) -> Diagnostic {
        labels.into_iter().fold(self, |found, (span, text)| found.label(span, text))
    }

    /// Adds a fact that explains the mistake.
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Says what to write instead; replaces an earlier help.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// Says what to write instead, if there is something to say.
    pub fn maybe_help(mut self, text: Option<String>) -> Diagnostic {
        self.help = text.or(self.help);
        self
    }

    /// Place of the mistake.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map_or(Span::default(), |(span, _)| *span)
    }

    /// Whether it forbids code generation.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileId;

    #[test]
    fn label_on_the_mistake_fills_the_first_place() {
        let (here, there) = (Span::new(FileId(0), 1, 2), Span::new(FileId(0), 5, 6));
        let found = Diagnostic::error(Code::E0101, here, "wrong")
            .label(there, "elsewhere")
            .label(here, "here");
        let expected = [(here, "here".to_owned()), (there, "elsewhere".to_owned())];
        assert_eq!(found.labels, expected);
        assert_eq!(found.span(), here);
    }
}
