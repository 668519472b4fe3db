//! The layout of sources: indentation, blank lines, ends of lines.
//!
//! Lines stay as they are written, with their comments and the columns that people align in them;
//! only where they begin and end, and how many are empty between them, is decided here. So no
//! comment can be lost and no statement changes.

/// Spaces of a level.
const INDENT: usize = 4;

/// A source with every line indented by the brackets around it, by one level more if it goes on
/// with the expression of the line before; without spaces at ends of lines, and with at most one
/// empty line between others, none beside a bracket. Formatting twice changes nothing more.
#[must_use]
pub fn format(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    // What the last line with code was, and whether empty lines came since the last line.
    let (mut open, mut goes_on, mut empty) = (true, false, false);
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            empty = true;
            continue;
        }
        let code = code_of(line);
        let closes = code.chars().take_while(|c| is_close(*c) || c.is_whitespace());
        let closing = closes.filter(|c| is_close(*c)).count();
        if empty && !open && closing == 0 {
            out.push('\n');
        }
        empty = false;
        let level = depth.saturating_sub(closing);
        let continued = closing == 0 && !code.is_empty() && (goes_on || begins_with_operator(code));
        let level = level + usize::from(continued);
        out.extend(core::iter::repeat_n(' ', INDENT * level));
        out.push_str(line);
        out.push('\n');
        for c in code.chars() {
            if is_open(c) {
                depth += 1;
            } else if is_close(c) {
                depth = depth.saturating_sub(1);
            }
        }
        if !code.is_empty() {
            open = code.ends_with(is_open);
            goes_on = ends_with_operator(code);
        } else {
            open = false;
        }
    }
    out
}

fn is_open(c: char) -> bool {
    matches!(c, '{' | '(' | '[')
}

fn is_close(c: char) -> bool {
    matches!(c, '}' | ')' | ']')
}

/// The line without its comment, and without spaces around.
fn code_of(line: &str) -> &str {
    let mut in_text = false;
    for (index, c) in line.char_indices() {
        match c {
            '"' => in_text = !in_text,
            '/' if !in_text && line[index..].starts_with("//") => return line[..index].trim(),
            _ => {}
        }
    }
    line
}

/// Operators that cannot begin a statement.
fn begins_with_operator(code: &str) -> bool {
    let words = ["and ", "or "];
    code.starts_with(['+', '*', '/', '<', '>', '='])
        || code.starts_with("- ")
        || words.iter().any(|word| code.starts_with(word))
}

/// Operators that cannot end one.
fn ends_with_operator(code: &str) -> bool {
    let words = [" and", " or", " not"];
    code.ends_with(['+', '-', '*', '/', '<', '>', '='])
        || words.iter().any(|word| code.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn indents_by_brackets_and_goes_on_by_one_level() {
        let text = "rule r {\n\n\n  every 1 ms // {\n synapses {\n\n\n let a = causal +\n acausal\n\n\n weight   += a\n+ max(1,\n 2)\n  }\n}";
        let expected = "rule r {\n    every 1 ms // {\n    synapses {\n        let a = causal +\n            \
                        acausal\n\n        weight   += a\n            + max(1,\n            2)\n    }\n}\n";
        assert_eq!(format(text), expected);
        assert_eq!(format(expected), expected);
    }
}
