//! The standard library of plasticity rules: sources, by name.
//!
//! A rule is a file under `rules/` and a row in [`RULES`]; a test compares the two. Every file
//! starts with the publication it follows.

/// A rule of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StdRule {
    /// Name, as in `std:NAME`.
    pub name: &'static str,
    /// Source text.
    pub source: &'static str,
}

macro_rules! rules {
    ($($name:literal),+ $(,)?) => {
        /// Every rule of the library, by name.
        pub const RULES: &[StdRule] = &[
            $(StdRule { name: $name, source: include_str!(concat!("../rules/", $name, ".pl")) },)+
        ];
    };
}

rules!["additive_stdp", "homeostasis_sign", "structural"];

/// A module of constants and functions that rules import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StdModule {
    /// Dotted path, such as `std.terms`.
    pub path: &'static str,
    /// Source text.
    pub source: &'static str,
}

/// Every module of the library.
pub const MODULES: &[StdModule] =
    &[StdModule { path: "std.terms", source: include_str!("../modules/terms.pl") }];

/// The module of this path.
#[must_use]
pub fn find_module(path: &str) -> Option<&'static StdModule> {
    MODULES.iter().find(|module| module.path == path)
}

/// The rule of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static StdRule> {
    RULES.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn lists_every_file_under_rules_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(".pl").unwrap().to_owned())
            .collect();
        files.sort();
        let listed: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(files, listed);
    }
}
