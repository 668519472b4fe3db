use super::fit::mean_and_spread;
use super::*;
use crate::engine::{Binding, Engine, EngineError, RuleInfo};
use crate::monitor::Unwatched;
use crate::outcome::{Archive, Elements};
use crate::ppu_image::PpuImage;
use pl_chip::{COLUMNS, INPUTS};
use pl_fixed::real;
use std::sync::LazyLock;

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

/// The calibration of the chip of seed 3.
static MEASURED: LazyLock<Outcome> = LazyLock::new(|| run(3, &[]));

#[test]
fn measured_values_are_the_true_ones_and_calibration_narrows_them() {
    let outcome = &*MEASURED;
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

/// An experiment on calibrated chips, and the file.
const CALIBRATED: &str = "name = 'x'
    [calibration]
    files = ['c.npz']
    [task]
    kind = 'random_network'
    excitatory_inputs = 1
    inhibitory_inputs = 1
    weight = 1
    duration_ms = 0.1
    skipped_ms = 0.0
    states = [{ name = 's', g = 1.0, drive = 0.1 }]";

/// Opens it with a file of these bytes and runs it on the chip of a seed.
fn opened(changes: &[&str], bytes: &[u8], seed: u64) -> Result<Experiment, String> {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let experiment = Experiment::parse(CALIBRATED, &changes).map_err(|error| error.to_string())?;
    let read = |name: &str| match name {
        "c.npz" => Ok(bytes.to_vec()),
        "of_four.npz" => Ok(of_chip_four()),
        _ => Err(format!("there is no {name}")),
    };
    let task = crate::task::open(&experiment, &read).map_err(|error| error.to_string())?;
    task.run(&NoRules, seed, &Unwatched).map_err(|error| error.to_string())?;
    drop(task);
    Ok(experiment)
}

/// The calibration, as if it were of the chip of seed 4.
fn of_chip_four() -> Vec<u8> {
    let mut arrays = MEASURED.archives[0].arrays.clone();
    let seed = arrays.iter_mut().find(|array| array.name == "chip_seed").unwrap();
    seed.elements = Elements::U64(ndarray::arr0(4).into_dyn());
    Archive { file: "c.npz".into(), arrays }.to_bytes().unwrap()
}

/// How far columns are apart: resting membranes as converted, distance of threshold from leak, time
/// constants, products, and the logarithm of amplitudes and time constants of sensors.
fn spreads(mut chip: Chip) -> [f64; 6] {
    let spread = |values: Vec<f64>| mean_and_spread(&values).1;
    let mut rests = vec![0.0; COLUMNS];
    let mut products = rests.clone();
    for reading in 1..=64 {
        chip.run_until(reading * 250, &[]);
        let codes = chip.membrane_codes(0);
        rests.iter_mut().zip(codes).for_each(|(sum, code)| *sum += f64::from(code) / 64.0);
    }
    let neurons: Vec<_> = (0..COLUMNS).map(|column| chip.neuron(0, column)).collect();
    let distances = spread(neurons.iter().map(|n| n.threshold_lsb - n.leak_lsb).collect());
    let taus = spread(neurons.iter().map(|n| n.tau_mem_us).collect());
    let [etas, sensor_taus] = [0, 1].map(|i| {
        let both = |(row, column): (usize, usize)| {
            let [a, b] = Branch::BOTH.map(|branch| chip.sensor(0, row, column, branch)[i]);
            (a > 0.0 && b > 0.0).then(|| real::ln((a + b) / 2.0))
        };
        let places = (0..48).flat_map(|row| (0..COLUMNS).map(move |column| (row, column)));
        spread(places.filter_map(both).collect())
    });
    chip.set_perceptron_mode(0, true);
    for row in 0..48 {
        let mode = [pl_chip::RowMode::Excitatory, pl_chip::RowMode::Inhibitory][row % 2];
        chip.set_row_mode(0, row, mode);
        chip.write_weights_row(0, row, &[if row % 2 == 0 { 60 } else { 0 }; COLUMNS]);
    }
    for _ in 0..16 {
        let result = chip.multiply(0, &[25; INPUTS]);
        products.iter_mut().zip(result).for_each(|(sum, one)| *sum += f64::from(one) / 16.0);
    }
    [spread(rests), distances, taus, spread(products), etas, sensor_taus]
}

#[test]
fn a_chip_with_its_calibration_is_more_alike_than_without() {
    let file = MEASURED.archives[0].to_bytes().unwrap();
    let experiment = opened(&[], &file, 3).unwrap();
    let before = spreads(Chip::new(&experiment.chip, 3));
    let after = spreads(experiment.calibrated_chip(3));
    for (i, most) in [0.3, 0.4, 0.4, 0.3, 0.7, 0.8].into_iter().enumerate() {
        assert!(after[i] < most * before[i], "quantity {i}: {} to {}", before[i], after[i]);
    }
    // Of several chips that one is calibrated.
    let mut cluster = pl_chip::Cluster::new(&experiment.chip, 2, 2);
    experiment.calibrate(&mut cluster);
    assert_eq!(spreads(cluster.chip(1).clone()), after);
    assert_eq!(spreads(cluster.chip(0).clone()), spreads(Chip::new(&experiment.chip, 2)));
    assert!(opened(&["task.chips=2"], &file, 2).is_ok());
}

#[test]
fn runs_of_several_seeds_take_each_its_own_file() {
    let file = MEASURED.archives[0].to_bytes().unwrap();
    let files = ["calibration.files=['of_four.npz', 'c.npz']"];
    let experiment = opened(&files, &file, 3).unwrap();
    // Each chip has the settings of its own file: those of seed 3 are right for the chip of seed 3.
    let leak = |chip: Chip| chip.neuron(0, 7).leak_lsb;
    assert_eq!(leak(experiment.calibrated_chip(3)), leak(experiment.calibrated_chip(4)));
    assert_ne!(leak(Chip::new(&experiment.chip, 3)), leak(Chip::new(&experiment.chip, 4)));
    assert!(opened(&files, &file, 4).is_ok());
    let message = opened(&files, &file, 5).unwrap_err();
    assert!(message.contains("`of_four.npz` is of the chip with seed 4"), "{message}");
}

#[test]
fn what_is_added_to_all_codes_stays_with_a_calibration() {
    let shifted = ["chip.adc.digital_offset_lsb=-20"];
    let file = run(3, &shifted).archives[0].to_bytes().unwrap();
    let experiment = opened(&shifted, &file, 3).unwrap();
    let mean = |chip: Chip| {
        let codes = chip.correlation_codes_row(0, 0, Branch::Causal);
        codes.map(f64::from).iter().sum::<f64>() / COLUMNS as f64
    };
    let (plain, calibrated) =
        (mean(Chip::new(&experiment.chip, 3)), mean(experiment.calibrated_chip(3)));
    assert!((plain - calibrated).abs() < 3.0, "{plain} and {calibrated}");
}

#[test]
fn a_calibration_of_another_chip_or_a_wrong_file_is_refused() {
    let archive = &MEASURED.archives[0];
    let file = archive.to_bytes().unwrap();
    let refused = |changes: &[&str], file: &[u8], seed| opened(changes, file, seed).unwrap_err();
    let message = refused(&[], &file, 4);
    assert!(message.contains("`c.npz` is of the chip with seed 3"), "{message}");
    for (change, said) in [
        ("chip.sensor.tau_us=6", "`sensor.tau_us` is 5 there and 6 here"),
        ("chip.profile=ideal", "is of another chip: `sensor.eta_sigma` is 0.35 there and 0 here"),
        ("chip.neurons=[{ columns = 3, leak_lsb = 90.0 }]", "other blocks of neurons"),
        ("calibration.files=['d.npz']", "calibration file `d.npz`: there is no d.npz"),
        ("calibration.file='c.npz'", "unknown field `file`"),
    ] {
        let message = refused(&[change], &file, 3);
        assert!(message.contains(said), "{change}: {message}");
    }
    assert!(refused(&[], b"no archive", 3).contains("it is not a .npz archive"));
    let changed = |name: &str, elements: Option<Elements>| {
        let mut arrays = archive.arrays.clone();
        match elements {
            Some(elements) => {
                let array = arrays.iter_mut().find(|array| array.name == name).unwrap();
                array.elements = elements;
            }
            None => arrays.retain(|array| array.name != name),
        }
        Archive { file: "c.npz".into(), arrays }.to_bytes().unwrap()
    };
    let reals = |count| Elements::F64(ndarray::Array1::zeros(count).into_dyn());
    let bits = |shape: (usize, usize)| Elements::U8(ndarray::Array2::zeros(shape).into_dyn());
    let high = Elements::U8(ndarray::Array2::from_elem((48, COLUMNS), 4).into_dyn());
    for (name, elements, said) in [
        ("chip_seed", None, "it has no array `chip_seed`: it is no calibration.npz, or one of an"),
        (
            "chip.sensor.tau_us",
            None,
            "another version wrote it, whose chips have no `sensor.tau_us`: measure",
        ),
        ("chip.sensor.tau_us", Some(reals(0)), "`sensor.tau_us` is empty there and 5 here"),
        (
            "set_leak_lsb",
            Some(reals(255)),
            "`set_leak_lsb` must have 256 numbers, not the shape [255]",
        ),
        ("set_tau_mem_us", Some(reals(256)), "must hold numbers from 0.01 to 100000, not 0"),
        (
            "time_bits",
            Some(bits((48, 255))),
            "1 to 256 rows of 256 columns, not the shape [48, 255]",
        ),
        ("time_bits", Some(bits((47, 256))), "`amplitude_bits` has 48 rows, `time_bits` 47"),
        ("time_bits", Some(high), "`time_bits` must hold numbers from 0 to 3"),
        ("digital_offset_causal", Some(reals(256)), "must hold uint8, int16, int32 or int64"),
    ] {
        let message = refused(&[], &changed(name, elements), 3);
        assert!(message.contains(said), "{name}: {message}");
    }
    let renamed = |change: &dyn Fn(&mut String)| {
        let mut arrays = archive.arrays.clone();
        arrays.iter_mut().for_each(|array| change(&mut array.name));
        refused(&[], &Archive { file: "c.npz".into(), arrays }.to_bytes().unwrap(), 3)
    };
    let message = renamed(&|name| *name = name.replace("chip.sensor.tau_us", "chip.sensor.new"));
    assert!(message.contains("whose chips have a parameter `sensor.new`: measure"), "{message}");
    let message = renamed(&|name| *name = name.replace("chip.", ""));
    assert!(message.contains("it names no parameters of its chip"), "{message}");
    let text = "name = 'x'\n[calibration]\nfiles = ['c.npz']\n[task]\nkind = 'calibration'";
    let message = Experiment::parse(text, &[]).unwrap_err().to_string();
    assert!(message.contains("leave [calibration] out"), "{message}");
}
