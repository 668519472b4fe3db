//! Samples from NumPy archives.

use super::{Dataset, classes_of};
use ndarray::{Array1, ArrayD};
use ndarray_npy::{NpzReader, ReadNpzError, ReadableElement};
use std::io::Cursor;

type Archive<'a> = NpzReader<Cursor<&'a [u8]>>;

/// An array `x` or `data` of samples by values (images: samples by rows by columns) and an array
/// `y` or `target` of integer labels.
pub(super) fn parse(bytes: &[u8]) -> Result<Dataset, String> {
    let mut archive = NpzReader::new(Cursor::new(bytes))
        .map_err(|error| format!("it is not a .npz archive: {error}"))?;
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

fn samples(archive: &mut Archive<'_>) -> Result<ArrayD<f64>, String> {
    let name = find(archive, ["x", "data"])?;
    if let Some(found) = read::<f64>(archive, &name)? {
        return Ok(found);
    }
    if let Some(found) = read::<f32>(archive, &name)? {
        return Ok(found.mapv(f64::from));
    }
    if let Some(found) = read::<u8>(archive, &name)? {
        return Ok(found.mapv(f64::from));
    }
    if let Some(found) = read::<i64>(archive, &name)? {
        #[allow(
            clippy::cast_precision_loss,
            reason = "the user's own numbers, as numpy casts them"
        )]
        return Ok(found.mapv(|value| value as f64));
    }
    Err(format!("`{name}` must hold float64, float32, uint8 or int64"))
}

fn labels(archive: &mut Archive<'_>) -> Result<Array1<i64>, String> {
    let name = find(archive, ["y", "target"])?;
    let found = if let Some(found) = read::<i64>(archive, &name)? {
        Some(found)
    } else if let Some(found) = read::<i32>(archive, &name)? {
        Some(found.mapv(i64::from))
    } else {
        read::<u8>(archive, &name)?.map(|labels| labels.mapv(i64::from))
    };
    let found = found.ok_or_else(|| format!("`{name}` must hold int64, int32 or uint8"))?;
    found.into_dimensionality().map_err(|_| format!("`{name}` must have one axis"))
}

/// Name of an array as the archive has it, by one of its names.
fn find(archive: &mut Archive<'_>, names: [&str; 2]) -> Result<String, String> {
    let found = archive.names().map_err(|error| format!("it cannot be read: {error}"))?;
    let stem = |name: &String| name.strip_suffix(".npy").unwrap_or(name).to_owned();
    let stems: Vec<String> = found.iter().map(stem).collect();
    let wanted = |stem: &&String| names.contains(&stem.as_str());
    stems.iter().find(wanted).cloned().ok_or_else(|| {
        format!("it has no array `{}` or `{}`, only {}", names[0], names[1], stems.join(", "))
    })
}

/// An array if its elements are `T`.
fn read<T: ReadableElement>(
    archive: &mut Archive<'_>,
    name: &str,
) -> Result<Option<ArrayD<T>>, String> {
    match archive.by_name::<ndarray::OwnedRepr<T>, ndarray::IxDyn>(name) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpzError::Npy(ndarray_npy::ReadNpyError::WrongDescriptor(_))) => Ok(None),
        Err(error) => Err(format!("`{name}` cannot be read: {error}")),
    }
}
