//! Data sets of classification tasks: labelled vectors of numbers.

mod builtin;
mod csv;
mod npz;

use pl_fixed::rng::splitmix64;

/// Labelled samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Values of a sample.
    pub features: usize,
    /// Columns of an image if the features are one, row by row.
    pub image_width: Option<usize>,
    /// Name of each class.
    pub classes: Vec<String>,
    /// `features` values a sample, one sample after the other.
    pub values: Vec<f64>,
    /// Class of each sample.
    pub labels: Vec<usize>,
}

/// Why there is no data set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data set `{name}`: {message}")]
pub struct DataError {
    /// What the experiment calls the data set.
    pub name: String,
    /// What is wrong.
    pub message: String,
}

/// Reads a file named in an experiment; says why it could not.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;

impl Dataset {
    /// The data set an experiment names: `uci-digits`, `iris`, or a file ending in `.csv` or `.npz`.
    ///
    /// # Errors
    /// If there is no such data set, the file cannot be read, or its content is not samples with
    /// labels.
    pub fn load(name: &str, read: &ReadFile<'_>) -> Result<Dataset, DataError> {
        let fail = |message: String| DataError { name: name.to_owned(), message };
        let dataset = match name {
            "uci-digits" => builtin::digits(),
            "iris" => builtin::iris(),
            file if file.ends_with(".csv") => {
                csv::parse(&read(file).map_err(fail)?).map_err(fail)?
            }
            file if file.ends_with(".npz") => {
                npz::parse(&read(file).map_err(fail)?).map_err(fail)?
            }
            _ => {
                let known = "`uci-digits`, `iris` or a file ending in .csv or .npz";
                return Err(fail(format!("there is no such data set; say {known}")));
            }
        };
        dataset.check().map_err(fail)?;
        Ok(dataset)
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The values of a sample.
    #[must_use]
    pub fn sample(&self, index: usize) -> &[f64] {
        &self.values[index * self.features..(index + 1) * self.features]
    }

    fn check(&self) -> Result<(), String> {
        if self.is_empty() {
            return Err("it has no samples".into());
        }
        if self.features == 0 {
            return Err("its samples have no values".into());
        }
        if self.classes.len() < 2 {
            return Err(format!(
                "it has {} class; two are needed to tell apart",
                self.classes.len()
            ));
        }
        if let Some(at) = self.values.iter().position(|value| !value.is_finite()) {
            let (sample, feature) = (at / self.features, at % self.features);
            return Err(format!("value {feature} of sample {sample} is not a finite number"));
        }
        Ok(())
    }
}

/// Classes named after the distinct labels, in order; and the class of each label.
fn classes_of<T: Ord + Clone>(labels: &[T]) -> (Vec<T>, Vec<usize>) {
    let mut names = labels.to_vec();
    names.sort();
    names.dedup();
    let classes = labels.iter().map(|label| names.partition_point(|name| name < label)).collect();
    (names, classes)
}

impl Dataset {
    /// Accuracy of a simple classifier beside which others stand: each sample of `evaluated` goes to
    /// the class whose mean over `train` is nearest. 0 if nothing is evaluated.
    #[must_use]
    pub fn nearest_centroid(&self, train: &[usize], evaluated: &[usize]) -> f64 {
        let mut sums = vec![vec![0.0; self.features]; self.classes.len()];
        let mut counts = vec![0.0; self.classes.len()];
        for sample in train {
            let class = self.labels[*sample];
            counts[class] += 1.0;
            sums[class].iter_mut().zip(self.sample(*sample)).for_each(|(sum, x)| *sum += x);
        }
        let distance = |class: usize, sample: &[f64]| -> f64 {
            let mean = sums[class].iter().map(|sum| sum / counts[class]);
            mean.zip(sample).map(|(mean, x)| (mean - x) * (mean - x)).sum()
        };
        let seen = || (0..self.classes.len()).filter(|class| counts[*class] > 0.0);
        let nearest = |sample: &[f64]| {
            seen().min_by(|a, b| distance(*a, sample).total_cmp(&distance(*b, sample)))
        };
        let is_right =
            |sample: &&usize| nearest(self.sample(**sample)) == Some(self.labels[**sample]);
        let right = evaluated.iter().filter(is_right).count();
        right as f64 / evaluated.len().max(1) as f64
    }
}

/// Sample numbers of a run, drawn without replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Samples to learn from.
    pub train: Vec<usize>,
    /// Samples to choose gains on; never among those of `train`.
    pub validation: Vec<usize>,
    /// Samples to report accuracy on; never among the others.
    pub test: Vec<usize>,
}

impl Split {
    /// Shuffles by `seed`: first the test part, so that it does not depend on the validation part.
    #[must_use]
    pub fn new(samples: usize, test: usize, validation: usize, seed: u64) -> Split {
        let mut order: Vec<usize> = (0..samples).collect();
        shuffle(&mut order, seed);
        let mut rest = order.split_off(test.min(samples));
        let train = rest.split_off(validation.min(rest.len()));
        Split { train, validation: rest, test: order }
    }
}

/// Fisher-Yates shuffle; the same order for the same seed.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = splitmix64(state ^ last as u64);
        let other = usize::try_from(state % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centroids_tell_iris_apart_as_published() {
        let iris = Dataset::load("iris", &|_| Err("no files".into())).unwrap();
        let all: Vec<usize> = (0..iris.len()).collect();
        // Resubstitution of nearest centroids on raw lengths: 139 of 150.
        assert_eq!((150.0 * iris.nearest_centroid(&all, &all)).round(), 139.0);
        assert_eq!(iris.nearest_centroid(&all, &[]), 0.0);
    }

    fn load(name: &str, bytes: &'static [u8]) -> Result<Dataset, String> {
        Dataset::load(name, &move |_| Ok(bytes.to_vec())).map_err(|error| error.to_string())
    }

    #[test]
    fn parts_of_a_split_are_disjoint_and_complete() {
        let Split { train, validation, test } = Split::new(100, 30, 20, 7);
        assert_eq!((train.len(), validation.len(), test.len()), (50, 20, 30));
        let mut all = [train, validation, test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let with_validation = Split::new(100, 30, 20, 7).test;
        assert_eq!(Split::new(100, 30, 0, 7).test, with_validation);
        assert_ne!(Split::new(100, 30, 0, 8).test, with_validation);
    }

    #[test]
    fn reads_the_bundled_sets() {
        let digits = load("uci-digits", b"").unwrap();
        assert_eq!((digits.len(), digits.features, digits.classes.len()), (1797, 64, 10));
        assert_eq!(digits.sample(0)[..6], [0.0, 0.0, 5.0, 13.0, 9.0, 1.0]);
        assert!(digits.values.iter().all(|value| (0.0..=16.0).contains(value)));
        let iris = load("iris", b"").unwrap();
        assert_eq!((iris.len(), iris.features, iris.classes.len()), (150, 4, 3));
    }

    #[test]
    fn reads_tables_with_and_without_a_header() {
        let plain = load("a.csv", b"1, 2.5, yes\n3,4,no\n5,6,yes\n").unwrap();
        assert_eq!(plain.classes, ["no", "yes"]);
        assert_eq!(plain.labels, [1, 0, 1]);
        assert_eq!(plain.sample(0), [1.0, 2.5]);
        let header = load("a.csv", b"kind,x,label,y\nq,1,b,3\n").unwrap_err();
        assert!(header.contains("line 2"), "{header}");
        let header = load("a.csv", b"x,label,y\n1,b,3\n2,a,4\n").unwrap();
        assert_eq!(header.labels, [1, 0]);
        assert_eq!(header.sample(1), [2.0, 4.0]);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        for (bytes, said) in [
            (&b""[..], "no samples"),
            (b"1,2,a\n3,b\n", "line 2"),
            (b"1,2,a\n3,x,b\n", "line 2"),
            (b"1,a\n2,a\n", "1 class"),
            (b"nan,a\n2,b\n", "not a finite number"),
            (b"a\nb\n", "no values"),
            (b"\xff\xfe,a\n1,b\n", "UTF-8"),
        ] {
            let message = load("a.csv", bytes).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
        assert!(load("a.npz", b"PK").unwrap_err().contains("not a .npz"));
        assert!(load("faces", b"").unwrap_err().contains("no such data set"));
    }
}
