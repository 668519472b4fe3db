//! Did you mean ...?

/// Words longer than this, in characters, are not compared: nobody mistypes them by one letter, and
/// the comparison is quadratic.
const COMPARED_CHARACTERS_MAX: usize = 64;

/// The candidate most like `word`, if one is near enough to be a likely slip of the pen.
///
/// Near enough means: at most one edit (insert, delete, replace, or swap of neighbours) for each
/// three characters of `word`, at least one; upper and lower case do not matter. Of equally near
/// candidates the first wins.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if letters.is_empty() || letters.len() > COMPARED_CHARACTERS_MAX {
        return None;
    }
    let edits_max = (letters.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .filter_map(|candidate| {
            let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
            let near = other.len().abs_diff(letters.len()) <= edits_max;
            let edits = if near { edits(&letters, &other) } else { usize::MAX };
            // A word of one letter is one edit away from every other: that says nothing.
            (edits <= edits_max && edits < letters.len().max(other.len()))
                .then_some((edits, candidate))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: the optimal string alignment distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 6] = ["weight", "address", "causal", "acausal", "rate", "x"];

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        assert_eq!(did_you_mean(word, WORDS), expected, "{word}");
    }

    #[test]
    fn finds_slips() {
        check("wieght", Some("weight"));
        check("adress", Some("address"));
        check("casual", Some("causal"));
        check("Rate", Some("rate"));
    }

    #[test]
    fn refuses_the_unlike() {
        check("membrane", None);
        check("y", None);
        check("", None);
        check(&"weight".repeat(1000), None);
    }

    #[test]
    fn swap_of_neighbours_is_one_edit() {
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(edits(&letters("rtae"), &letters("rate")), 1);
        assert_eq!(edits(&letters("kitten"), &letters("sitting")), 3);
    }
}
