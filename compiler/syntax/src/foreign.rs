//! Words and signs of other languages, and what to write instead.

use pl_diag::{Code, Diagnostic, Span};

use crate::token::Token;

/// What an operator of another language means here: the token to go on with and the help.
fn meaning(sign: &str) -> (Token<'static>, &'static str) {
    match sign {
        "&&" => (Token::And, "write `and`"),
        "||" => (Token::Or, "write `or`"),
        "!" => (Token::Not, "write `not`"),
        "<>" => (Token::NotEqual, "write `!=`"),
        "===" => (Token::Equal, "write `==`"),
        "=<" => (Token::LessEqual, "write `<=`"),
        "=>" => (Token::GreaterEqual, "write `>=`"),
        ":=" => (Token::Assign, "write `=`"),
        "..=" | "..." => (Token::DotDot, "write `..`"),
        "/=" | "%=" => (Token::Assign, "write the operation out: `x = x / y`"),
        "++" => (Token::Bad, "write `x += 1`"),
        "**" | "^" => (Token::Star, "write the product out: `x * x`"),
        "<<" | ">>" => (Token::Star, "multiply by a power of two: `x * 4` or `x * 0.25`"),
        "?" => (Token::Bad, "write `if` ... `else`, or `select(condition, a, b)`"),
        _ => {
            (Token::Plus, "there is no such operation on the chip; use `+ - * /`, `min` and `max`")
        }
    }
}

/// Reports an operator, a comment, a text or a name of another language. Returns the token to go on
/// with, none for comments.
pub(crate) fn operator<'src>(
    sign: &str,
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Option<Token<'src>> {
    if sign.starts_with('#') || sign.starts_with("/*") {
        found.push(
            Diagnostic::error(Code::E0007, span, "comments begin with `//`")
                .label(span, "this is a comment in another language")
                .help("begin each line of the comment with `//`"),
        );
        return None;
    }
    if sign.starts_with('"') {
        found.push(
            Diagnostic::error(Code::E0001, span, "text in quotes has no meaning here")
                .label(span, "a text")
                .help("names are written without quotes"),
        );
        return Some(Token::Bad);
    }
    if sign.starts_with(char::is_alphabetic) {
        return Some(character(sign, span, found));
    }
    let (token, help) = meaning(sign);
    found.push(
        Diagnostic::error(Code::E0004, span, format!("`{sign}` is not an operator here"))
            .label(span, "this belongs to another language")
            .help(help),
    );
    Some(token)
}

/// The run of characters from `start` on that mean nothing.
pub(crate) fn unknown(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let known = |c: char| c.is_ascii_graphic() || c.is_whitespace() || c.is_alphabetic();
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let end = rest[first..].find(known).map_or(rest.len(), |more| first + more);
    &rest[..end]
}

/// Signs that look like ours, and letters of formulas, with the way to write them.
const LOOKALIKES: [(char, Token<'static>, &str); 10] = [
    ('≤', Token::LessEqual, "<="),
    ('≥', Token::GreaterEqual, ">="),
    ('≠', Token::NotEqual, "!="),
    ('×', Token::Star, "*"),
    ('·', Token::Star, "*"),
    ('÷', Token::Slash, "/"),
    ('−', Token::Minus, "-"),
    ('–', Token::Minus, "-"),
    ('…', Token::DotDot, ".."),
    ('←', Token::Assign, "="),
];

/// Greek letters of equations and the names used for them.
const GREEK: [(char, &str); 24] = [
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "epsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('µ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('π', "pi"),
    ('ρ', "rho"),
    ('σ', "sigma"),
    ('τ', "tau"),
    ('φ', "phi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('ω', "omega"),
    ('Δ', "delta"),
    ('Ω', "omega"),
];

/// Reports characters without a meaning and returns the token to go on with.
pub(crate) fn character<'src>(taken: &str, span: Span, found: &mut Vec<Diagnostic>) -> Token<'src> {
    let first = taken.chars().next().unwrap_or(' ');
    let shown: String = taken.chars().take(20).flat_map(char::escape_debug).collect();
    let error = |message: String| Diagnostic::error(Code::E0001, span, message);
    if let Some((_, token, sign)) = LOOKALIKES.iter().find(|(c, _, _)| *c == first) {
        found.push(
            error(format!("the sign `{shown}` has no meaning here"))
                .label(span, "this is not on the list of operators")
                .help(format!("write `{sign}`")),
        );
        return *token;
    }
    if !first.is_alphanumeric() {
        found.push(
            error(format!("`{shown}` has no meaning here"))
                .label(span, "unknown character")
                .help("remove it; any character may stand in a comment"),
        );
        return Token::Bad;
    }
    let spelt: String = taken
        .chars()
        .map(|c| match GREEK.iter().find(|(letter, _)| *letter == c) {
            Some((_, name)) => (*name).to_owned(),
            None => c.to_string(),
        })
        .collect();
    let help = match taken {
        "µs" | "μs" => "write `us` for microseconds".to_owned(),
        _ if spelt.is_ascii() && taken.chars().count() <= 40 => format!("write `{spelt}`"),
        _ => "use a to z, A to Z, digits and `_` in names".to_owned(),
    };
    found.push(
        error(format!("the name `{shown}` has letters outside of a to z"))
            .label(span, "unknown letters")
            .help(help),
    );
    match taken {
        "µs" | "μs" => Token::Ident("us"),
        _ => Token::Bad,
    }
}

/// Other spellings of units, with ours; none if there is no such unit here.
const UNITS: [(&str, Option<&str>); 24] = [
    ("sec", Some("s")),
    ("secs", Some("s")),
    ("second", Some("s")),
    ("seconds", Some("s")),
    ("msec", Some("ms")),
    ("millisecond", Some("ms")),
    ("milliseconds", Some("ms")),
    ("usec", Some("us")),
    ("microsecond", Some("us")),
    ("microseconds", Some("us")),
    ("nsec", Some("ns")),
    ("nanosecond", Some("ns")),
    ("nanoseconds", Some("ns")),
    ("hz", Some("Hz")),
    ("HZ", Some("Hz")),
    ("khz", Some("kHz")),
    ("KHz", Some("kHz")),
    ("mhz", Some("MHz")),
    ("Mhz", Some("MHz")),
    ("MS", Some("ms")),
    ("ps", None),
    ("min", None),
    ("mV", None),
    ("GHz", None),
];

/// For a word that is a unit elsewhere: our unit for it, if there is one.
pub(crate) fn unit(word: &str) -> Option<Option<&'static str>> {
    UNITS.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours)
}

/// Whether a word after a number is meant as a unit, if not as one of ours.
pub(crate) fn is_unit_like(word: &str) -> bool {
    crate::ast::UnitKind::from_name(word).is_some() || unit(word).is_some()
}

/// Words that begin a line in other languages, with ours.
pub(crate) const WORDS: [(&str, &str); 16] = [
    ("def", "fn"),
    ("func", "fn"),
    ("function", "fn"),
    ("var", "let"),
    ("auto", "let"),
    ("parameter", "param"),
    ("parameters", "param"),
    ("variable", "state"),
    ("include", "import"),
    ("use", "import"),
    ("from", "import"),
    ("constant", "const"),
    ("plasticity", "rule"),
    ("neuron", "neurons"),
    ("synapse", "synapses"),
    ("while", "for"),
];

/// Names of types elsewhere, with ours.
pub(crate) const TYPES: [(&str, &str); 14] = [
    ("float", "real in a .. b"),
    ("double", "real in a .. b"),
    ("f32", "real in a .. b"),
    ("f64", "real in a .. b"),
    ("number", "real in a .. b"),
    ("integer", "int in a .. b"),
    ("uint", "int in 0 .. b"),
    ("u8", "int in 0 .. 255"),
    ("uint8_t", "int in 0 .. 255"),
    ("i8", "int in -128 .. 127"),
    ("int8_t", "int in -128 .. 127"),
    ("i16", "int in -32768 .. 32767"),
    ("int16_t", "int in -32768 .. 32767"),
    ("boolean", "bool"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::lex;
    use pl_diag::FileId;

    #[track_caller]
    fn check(text: &str, code: Code, help: &str) {
        let mut found = Vec::new();
        lex(FileId(0), text, &mut found);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].code, code, "{text}");
        assert_eq!(found[0].help.as_deref(), Some(help), "{text}");
    }

    #[test]
    fn says_what_to_write_instead() {
        check("a && b", Code::E0004, "write `and`");
        check("a === b", Code::E0004, "write `==`");
        check("a <> b", Code::E0004, "write `!=`");
        check("a ≤ b", Code::E0001, "write `<=`");
        check("λ_stdp = 1", Code::E0001, "write `lambda_stdp`");
        check("every 400 µs", Code::E0001, "write `us` for microseconds");
        check("# comment", Code::E0007, "begin each line of the comment with `//`");
        check("/* one\n two", Code::E0007, "begin each line of the comment with `//`");
        check("\"weight\"", Code::E0001, "names are written without quotes");
    }

    #[test]
    fn runs_of_unknown_characters_are_one_mistake() {
        check("a €€€ b", Code::E0001, "remove it; any character may stand in a comment");
        check("größe", Code::E0001, "use a to z, A to Z, digits and `_` in names");
    }
}
