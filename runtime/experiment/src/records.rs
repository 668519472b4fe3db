//! What rules record: kept as long as a run goes on, and written as `records.npz`.

use crate::engine::{Binding, RecordSample, lost_samples_text};
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome};
use ndarray::{Array1, ArrayD};

/// The file of the samples.
const FILE: &str = "records.npz";

/// Most samples that a record statement of a rule keeps, on each hemisphere.
pub(crate) const CAPACITY: usize = 1024;

/// What a rule recorded on one hemisphere.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Chip and hemisphere, as far as the rule works on several: `chip_1/top`.
    pub place: String,
    /// The samples.
    pub samples: Vec<RecordSample>,
    /// Samples that found no room, by record statement.
    pub lost: Vec<u64>,
}

/// Names of the places of rules: what of chip and hemisphere tells them apart.
pub(crate) fn places(bindings: &[Binding]) -> Vec<String> {
    let several = |of: fn(&Binding) -> u32| {
        bindings.first().is_some_and(|first| bindings.iter().any(|other| of(first) != of(other)))
    };
    let chips = several(|binding| binding.chip);
    let hemispheres = several(|binding| binding.hemisphere.into());
    let place = |binding: &Binding| {
        let chip = chips.then(|| format!("chip_{}", binding.chip));
        let hemisphere =
            hemispheres.then(|| if binding.hemisphere == 0 { "top" } else { "bottom" }.to_owned());
        chip.into_iter().chain(hemisphere).collect::<Vec<String>>().join("/")
    };
    bindings.iter().map(place).collect()
}

/// Adds what a rule recorded to an outcome: arrays under `prefix`, if it has any name, and the place;
/// and of samples that were lost a metric whose name ends with `ending`, and a warning.
pub(crate) fn report(
    outcome: &mut Outcome,
    rule: &str,
    (prefix, ending): (&str, &str),
    recorded: &[Recorded],
) {
    let mut arrays = Vec::new();
    let mut lost = Vec::new();
    for part in recorded {
        let names = [prefix, &part.place].into_iter().filter(|name| !name.is_empty());
        let prefix: String = names.flat_map(|name| [name, "/"]).collect();
        arrays.extend(arrays_of(&prefix, &part.samples));
        let place = if part.place.is_empty() { String::new() } else { format!("{}: ", part.place) };
        let warnings = lost_samples_text(rule, &part.lost, &part.samples).into_iter();
        outcome.warnings.extend(warnings.map(|warning| format!("{place}{warning}")));
        lost.extend(&part.lost);
    }
    outcome.metrics.extend(Metric::of_lost_samples(&lost, ending));
    if arrays.is_empty() {
        return;
    }
    match outcome.archives.iter_mut().find(|archive| archive.file == FILE) {
        Some(archive) => archive.arrays.extend(arrays),
        None => outcome.archives.push(Archive { file: FILE.into(), arrays }),
    }
}

/// Arrays of samples, with `prefix` in front of their names: of each record statement the times, and
/// of each of its fields the raw values, a sample a row.
fn arrays_of(prefix: &str, records: &[RecordSample]) -> Vec<NamedArray> {
    let mut arrays = Vec::new();
    let statements = records.iter().map(|sample| sample.record).max().map_or(0, |last| last + 1);
    for statement in 0..statements {
        let samples: Vec<&RecordSample> =
            records.iter().filter(|sample| sample.record == statement).collect();
        let Some(first) = samples.first() else { continue };
        let mut add = |name: &str, elements| {
            let name = format!("{prefix}record{statement}_{name}");
            arrays.push(NamedArray { name, elements });
        };
        let times = samples.iter().map(|sample| sample.now).collect::<Array1<u64>>();
        add("time_ticks", Elements::U64(times.into_dyn()));
        for (index, field) in first.fields.iter().enumerate() {
            let width = field.values.len();
            let values = samples.iter().flat_map(|sample| sample.fields[index].values.clone());
            let values: Vec<i32> = values.collect();
            if let Ok(array) = ArrayD::from_shape_vec(vec![samples.len(), width], values) {
                add(&field.name, Elements::I32(array));
            }
        }
    }
    arrays
}
