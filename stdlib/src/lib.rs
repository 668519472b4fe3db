//! The standard library of plasticity rules: sources, by name.
//!
//! A rule is a file under `rules/` and a row in [`RULES`]; a test compares the two. Every file
//! starts with the publication it follows.

/// A rule of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StdRule {
    /// Name, as in `std:NAME`.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Source text.
    pub source: &'static str,
}

macro_rules! rules {
    ($($name:literal: $summary:literal),+ $(,)?) => {
        /// Every rule of the library, by name.
        pub const RULES: &[StdRule] = &[
            $(StdRule {
                name: $name,
                summary: $summary,
                source: include_str!(concat!("../rules/", $name, ".pl")),
            },)+
        ];
    };
}

rules! {
    "additive_stdp": "additive pair plasticity",
    "anti_hebbian_stdp": "what predicts a spike is weakened",
    "bcm": "threshold that slides with squared activity, on rates",
    "bcm_correlation": "the same with measured correlation",
    "bistable": "inner value with drift to two ends, two weights",
    "cascade": "metaplastic depth makes binary synapses harder to flip",
    "clopath": "two thresholds on the membrane",
    "dead_zone_stdp": "additive plasticity that ignores small changes",
    "deep_r": "hidden parameter with noise, rewiring below 0",
    "delta": "error of the rate times presynaptic rate",
    "dendritic_prediction": "the dendrite learns to predict the soma",
    "em_wta": "expectation maximisation with logarithmic weights",
    "eprop": "eligibility with pseudo-derivative and learning signal",
    "homeostasis_proportional": "rate error, rounded at random",
    "homeostasis_sign": "sign of the rate error",
    "hybrid": "pairs, reward, homeostasis, scaling, decay and rewiring, of the terms of `std.terms`",
    "inhibitory_stdp": "inhibition that balances rates",
    "lms_calibration": "gain and offset of columns by least mean squares",
    "multiplicative_stdp": "steps in proportion to the distance to the bound",
    "node_perturbation": "surprise times correlation above chance",
    "noisy_stdp": "correlation, decay and noise",
    "normalisation": "common sum of the weights of a neuron",
    "oja": "Hebbian growth with normalising loss, on rates",
    "oja_correlation": "the same with measured correlation",
    "perceptron": "wrong binary decisions teach",
    "power_law_stdp": "between additive and multiplicative",
    "rstdp_baseline": "surprise times correlation, an expectation a state",
    "rstdp_eligibility": "surprise times eligibility traces",
    "stochastic_stdp": "coarse steps with the probability of the change",
    "structural": "correlation, homeostasis and random rewiring",
    "structural_use": "rewiring of unused synapses",
    "superspike": "surrogate gradients",
    "symmetric_stdp": "coincidence of either order against a loss",
    "synaptic_scaling": "multiplicative homeostasis by a slow rate",
    "teacher_stdp": "correlation while a gate is open",
    "triplet_stdp": "potentiation grows with the recent rate",
    "weight_decay": "decay towards a resting weight",
}

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

/// What can be imported by this path: a module, or a rule as `std.rules.NAME`.
#[must_use]
pub fn find_module(path: &str) -> Option<&'static str> {
    let rule = || find(path.strip_prefix("std.rules.")?).map(|rule| rule.source);
    let module = MODULES.iter().find(|module| module.path == path);
    module.map(|module| module.source).or_else(rule)
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
