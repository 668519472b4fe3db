//! Samples from NumPy archives.

use super::{Dataset, classes_of};
use crate::archive::ArchiveReader;
use ndarray::{Array1, ArrayD};

/// An array `x` or `data` of samples by values (images: samples by rows by columns) and an array
/// `y` or `target` of integer labels.
pub(super) fn parse(bytes: &[u8]) -> Result<Dataset, String> {
    let mut archive = ArchiveReader::open(bytes)?;
    let values = samples(&mut archive)?;
    let labels = labels(&mut archive)?;
    let Some((&count, shape)) = values.shape().split_first() else {
        return Err("`x` is a single number".into());
    };
    if count != labels.len() {
        return Err(format!("`x` has {count} samples, `y` has {} labels", labels.len()));
    }
    let (classes, labels) = classes_of(&labels.to_vec());
    Ok(Dataset {
        features: shape.iter().product(),
        image_width: (shape.len() == 2).then(|| shape[1]),
        classes: classes.iter().map(i64::to_string).collect(),
        values: values.iter().copied().collect(),
        labels,
    })
}

fn samples(archive: &mut ArchiveReader<'_>) -> Result<ArrayD<f64>, String> {
    let name = find(archive, ["x", "data"])?;
    Ok(archive.reals(&name)?.unwrap_or_default())
}

fn labels(archive: &mut ArchiveReader<'_>) -> Result<Array1<i64>, String> {
    let name = find(archive, ["y", "target"])?;
    let found = archive.integers(&name)?.unwrap_or_default();
    found.into_dimensionality().map_err(|_| format!("`{name}` must have one axis"))
}

/// Name of an array, by one of its names.
fn find(archive: &ArchiveReader<'_>, wanted: [&str; 2]) -> Result<String, String> {
    let names = archive.names();
    let found = names.iter().find(|name| wanted.contains(&name.as_str()));
    found.cloned().ok_or_else(|| {
        let known = names.join(", ");
        format!("it has no array `{}` or `{}`, only {known}", wanted[0], wanted[1])
    })
}
