//! Data sets that come with the crate `smartcore`.

use super::Dataset;
use smartcore::dataset::{digits, iris};

/// Handwritten digits: 1797 images of 8 x 8 pixels, 0 to 16 (E. Alpaydin and C. Kaynak, UCI
/// Machine Learning Repository, 1998; the test part of "Optical Recognition of Handwritten Digits").
pub(super) fn digits() -> Dataset {
    let data = digits::load_dataset();
    Dataset {
        features: data.num_features,
        image_width: Some(8),
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        values: data.data.iter().map(|value| f64::from(*value)).collect(),
        labels: data.target.iter().map(|label| class(*label)).collect(),
    }
}

/// Fisher's irises: 150 flowers, four lengths in cm (R. A. Fisher, Annals of Eugenics 7, 1936).
pub(super) fn iris() -> Dataset {
    let data = iris::load_dataset();
    Dataset {
        features: data.num_features,
        image_width: None,
        classes: ["setosa", "versicolor", "virginica"].map(str::to_owned).to_vec(),
        // Lengths are given in tenths; this undoes the rounding of single precision.
        values: data.data.iter().map(|v| (f64::from(*v) * 10.0).round() / 10.0).collect(),
        labels: data.target.iter().map(|label| class(*label)).collect(),
    }
}

/// The class that a label, a small whole number, stands for.
fn class(label: impl Into<f64>) -> usize {
    let label = label.into();
    (0..u8::MAX).find(|class| f64::from(*class) >= label).map_or(0, usize::from)
}
