//! Texts with gaps.

/// A text in which every `@word@` stands for what `words` give for it.
///
/// # Panics
/// If a word is not given: the templates are ours.
pub(crate) fn filled(template: &str, words: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        let (word, behind) = after.split_once('@').expect("a word ends with an @");
        let found = words.iter().find(|(name, _)| *name == word);
        out.push_str(before);
        out.push_str(found.unwrap_or_else(|| panic!("the template asks for `{word}`")).1);
        rest = behind;
    }
    out + rest
}
