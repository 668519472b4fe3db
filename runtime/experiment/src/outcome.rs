//! What a run leaves: numbers, arrays and pictures, in memory.

use crate::estimate::Usage;
use ndarray::ArrayD;
use ndarray_npy::NpzWriter;
use std::io::Cursor;

/// A number of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Name, unit at its end; as in `run.json`.
    pub name: String,
    /// The value.
    pub value: f64,
}

impl Metric {
    /// A metric of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64) -> Metric {
        Metric { name: name.into(), value }
    }

    /// `record_samples_lost`, with `ending` behind it, if a rule lost any.
    #[must_use]
    pub fn of_lost_samples(lost: &[u64], ending: &str) -> Option<Metric> {
        let lost: u64 = lost.iter().sum();
        (lost > 0).then(|| Metric::new(format!("record_samples_lost{ending}"), lost as f64))
    }
}

/// Elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Bytes: weights, addresses, columns, labels.
    U8(ArrayD<u8>),
    /// Raw values of records.
    I32(ArrayD<i32>),
    /// Times in ticks of 4 ns.
    U64(ArrayD<u64>),
    /// Accuracies and other measures.
    F64(ArrayD<f64>),
}

/// A named array of an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    /// Name in the archive.
    pub name: String,
    /// Shape and values.
    pub elements: Elements,
}

/// A `.npz` file.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// File name.
    pub file: String,
    /// Its arrays.
    pub arrays: Vec<NamedArray>,
}

impl Archive {
    /// The file's bytes: an uncompressed archive as NumPy writes it. The same arrays give the same
    /// bytes.
    ///
    /// # Errors
    /// What the library says, for arrays too large for the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut buffer = Cursor::new(Vec::new());
        let mut writer = NpzWriter::new(&mut buffer);
        for NamedArray { name, elements } in &self.arrays {
            let name = name.as_str();
            let added = match elements {
                Elements::U8(array) => writer.add_array(name, array),
                Elements::I32(array) => writer.add_array(name, array),
                Elements::U64(array) => writer.add_array(name, array),
                Elements::F64(array) => writer.add_array(name, array),
            };
            added.map_err(|error| format!("{}: {name}: {error}", self.file))?;
        }
        writer.finish().map_err(|error| format!("{}: {error}", self.file))?;
        Ok(buffer.into_inner())
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// File name, ending in `.svg`.
    pub file: String,
    /// What it shows, in a sentence.
    pub caption: String,
    /// The SVG document.
    pub svg: String,
}

/// Everything a run leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Numbers of the summary, in the order to print.
    pub metrics: Vec<Metric>,
    /// Further numbers, which say how fast the machine was: they differ from run to run. Sweeps leave
    /// them out.
    pub timings: Vec<Metric>,
    /// What whoever reads the results should know, a sentence each.
    pub warnings: Vec<String>,
    /// What the run made chips do; none for measurements of circuits.
    pub usage: Usage,
    /// Arrays.
    pub archives: Vec<Archive>,
    /// Pictures.
    pub pictures: Vec<Picture>,
    /// Whether the run was interrupted; what there is then comes from the part that was done.
    pub interrupted: bool,
}

impl Outcome {
    /// Metrics, then timings.
    pub fn numbers(&self) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().chain(&self.timings)
    }

    /// The value of a metric or timing.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.numbers().find(|metric| metric.name == name).map(|metric| metric.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_npy::NpzReader;

    #[test]
    fn archives_are_reproducible_and_read_back() {
        let array = ndarray::arr2(&[[1u8, 2], [3, 4]]);
        let elements = Elements::U8(array.clone().into_dyn());
        let arrays = vec![NamedArray { name: "w".into(), elements }];
        let archive = Archive { file: "a.npz".into(), arrays };
        let bytes = archive.to_bytes().unwrap();
        assert_eq!(bytes, archive.to_bytes().unwrap());
        let mut reader = NpzReader::new(Cursor::new(bytes)).unwrap();
        let back: ndarray::Array2<u8> = reader.by_name("w").unwrap();
        assert_eq!(back, array);
    }
}
