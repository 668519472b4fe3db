use super::*;
use crate::engine::{Binding, Engine, EngineError, RuleInfo};
use crate::monitor::Unwatched;
use crate::ppu_image::PpuImage;

/// There are no rules in a calibration.
struct NoRules;

impl EngineFactory for NoRules {
    fn build(&self, _binding: &Binding) -> Result<Box<dyn Engine>, EngineError> {
        Err(EngineError::new("there are no rules"))
    }

    fn program(&self, _binding: &Binding) -> Result<PpuImage, EngineError> {
        Err(EngineError::new("there are no rules"))
    }

    fn rule_info(&self, _rule: &str) -> Result<RuleInfo, EngineError> {
        Err(EngineError::new("there are no rules"))
    }
}

fn run(seed: u64, changes: &[&str]) -> Outcome {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let text = "name = 'x'\n[task]\nkind = 'calibration'\nrows = 48";
    let experiment = Experiment::parse(text, &changes).unwrap();
    let task = crate::task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&NoRules, seed, &Unwatched).unwrap()
}

#[test]
fn measured_values_are_the_true_ones_and_calibration_narrows_them() {
    let outcome = run(3, &[]);
    let metric = |name: &str| outcome.metric(name).unwrap_or_else(|| panic!("{name}"));
    // Typical relative errors of sensors.
    for ending in ["", "_calibrated"] {
        assert!(metric(&format!("eta_error{ending}")) < 0.02);
        assert!(metric(&format!("tau_error{ending}")) < 0.03);
    }
    assert!(metric("sensors_judged_rightly") > 0.99);
    assert!((metric("baseline_mean_lsb") - 200.0).abs() < 2.0);
    // Spreads as configured: the mean of both branches has less than each.
    assert!(metric("eta_spread_of_logarithm") > 0.3);
    assert!(metric("eta_spread_of_logarithm_calibrated") < 0.7 * metric("eta_spread_of_logarithm"));
    assert!(metric("tau_spread_of_logarithm_calibrated") < 0.8 * metric("tau_spread_of_logarithm"));
    // Neurons: potentials as well as 48 rows show the offsets of channels, 8 / sqrt(48) LSB.
    for ending in ["", "_calibrated"] {
        for name in ["leak", "reset", "threshold"] {
            assert!(metric(&format!("{name}_error{ending}_lsb")) < 1.2, "{name}");
        }
        assert!(metric(&format!("tau_mem_error{ending}_us")) < 0.12);
    }
    for (name, target, unit) in
        [("leak", 80.0, "_lsb"), ("threshold", 125.0, "_lsb"), ("tau_mem", 10.0, "_us")]
    {
        let (before, after) =
            (format!("{name}_spread{unit}"), format!("{name}_spread_calibrated{unit}"));
        assert!(metric(&after) < 0.6 * metric(&before), "{name}");
        assert!((metric(&format!("{name}_mean_calibrated{unit}")) - target).abs() < 0.02 * target);
    }
    assert!(metric("multiplier_gain_error") < 0.02);
    assert!((metric("multiplier_gain_of_true_gain") - 1.0).abs() < 0.08);
    assert!(metric("multiplier_offset_error_lsb") < 0.5);
}
