//! Names in programs of other languages.

use std::collections::BTreeSet;

/// Words that C and C++ keep for themselves and the language of rules does not.
const C: &str = "\
    alignas alignof and_eq asm auto bitand bitor bool break case catch char class compl \
    concept const_cast consteval constexpr constinit continue decltype default delete do \
    double dynamic_cast enum explicit export extern float friend goto inline int long \
    mutable namespace new noexcept not_eq nullptr operator or_eq private protected public \
    register reinterpret_cast requires restrict return short signed sizeof static \
    static_assert static_cast struct switch template this thread_local throw try typedef \
    typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq";

/// Names of one scope, all different.
#[derive(Debug)]
pub(crate) struct Names {
    kept: &'static str,
    taken: BTreeSet<String>,
}

impl Names {
    /// Of a program in C or C++.
    pub(crate) fn of_c() -> Names {
        Names { kept: C, taken: BTreeSet::new() }
    }

    /// A name like `name`: elements of arrays (`x.3`) become `x_3`; what is taken or kept gets an
    /// underscore.
    pub(crate) fn add(&mut self, name: &str) -> String {
        let mut name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        while self.kept.split(' ').any(|kept| kept == name) || self.taken.contains(&name) {
            name.push('_');
        }
        self.taken.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_allowed_and_different() {
        let mut names = Names::of_c();
        let given = ["x.1", "x_1", "double", "x_1_", "weight"];
        let found = given.map(|name| names.add(name));
        assert_eq!(found, ["x_1", "x_1_", "double_", "x_1__", "weight"]);
    }
}
