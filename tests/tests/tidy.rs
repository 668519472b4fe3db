//! The tree keeps its own rules.

use pl_tests::tidy;

#[test]
fn layering_holds() {
    assert_eq!(tidy::layering_breaches(), Vec::<String>::new());
}

#[test]
fn no_file_is_too_long() {
    assert_eq!(tidy::long_files(), Vec::<String>::new());
}
