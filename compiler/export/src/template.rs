//! Texts with gaps.

/// A text in which every `@word@` stands for what `words` give for it; an `@` that begins no word
/// of letters and underscores stays.
///
/// # Panics
/// If a word is not given: the templates are ours.
pub(crate) fn filled(template: &str, words: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        let length = after.find(|c: char| !c.is_ascii_alphabetic() && c != '_');
        match length.filter(|length| *length > 0 && after[*length..].starts_with('@')) {
            Some(length) => {
                let word = &after[..length];
                let found = words.iter().find(|(name, _)| *name == word);
                out.push_str(found.unwrap_or_else(|| panic!("the template asks for `{word}`")).1);
                rest = &after[length + 1..];
            }
            None => {
                out.push('@');
                rest = after;
            }
        }
    }
    out + rest
}
