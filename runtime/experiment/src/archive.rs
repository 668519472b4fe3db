//! NumPy archives (`.npz`) as they come from outside: arrays by name, whatever their numbers.

use ndarray::ArrayD;
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpzError, ReadableElement};
use std::io::Cursor;

/// An archive in memory.
pub struct ArchiveReader<'a> {
    npz: NpzReader<Cursor<&'a [u8]>>,
    names: Vec<String>,
}

impl<'a> ArchiveReader<'a> {
    /// Opens an archive.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(bytes: &'a [u8]) -> Result<ArchiveReader<'a>, String> {
        let mut npz = NpzReader::new(Cursor::new(bytes))
            .map_err(|error| format!("it is not a .npz archive: {error}"))?;
        let names = npz.names().map_err(|error| format!("it cannot be read: {error}"))?;
        let stem = |name: String| name.strip_suffix(".npy").map(str::to_owned).unwrap_or(name);
        Ok(ArchiveReader { npz, names: names.into_iter().map(stem).collect() })
    }

    /// Names of its arrays.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// An array of integers of 8 to 64 bits, if it has one of this name.
    ///
    /// # Errors
    /// If the array holds something else or cannot be read.
    pub fn integers(&mut self, name: &str) -> Result<Option<ArrayD<i64>>, String> {
        if !self.names.iter().any(|known| known == name) {
            return Ok(None);
        }
        let found = match self.read::<u8>(name)? {
            Some(array) => Some(array.mapv(i64::from)),
            None => match self.read::<i64>(name)? {
                Some(array) => Some(array),
                None => match self.read::<i32>(name)? {
                    Some(array) => Some(array.mapv(i64::from)),
                    None => self.read::<i16>(name)?.map(|array| array.mapv(i64::from)),
                },
            },
        };
        found.map(Some).ok_or_else(|| format!("`{name}` must hold uint8, int16, int32 or int64"))
    }

    /// An array of numbers, if it has one of this name.
    ///
    /// # Errors
    /// If the array holds something else or cannot be read.
    pub fn reals(&mut self, name: &str) -> Result<Option<ArrayD<f64>>, String> {
        if !self.names.iter().any(|known| known == name) {
            return Ok(None);
        }
        if let Some(array) = self.read::<f64>(name)? {
            return Ok(Some(array));
        }
        if let Some(array) = self.read::<f32>(name)? {
            return Ok(Some(array.mapv(f64::from)));
        }
        let integers = self.integers(name).map_err(|_| {
            format!("`{name}` must hold float64, float32 or integers of 8 to 64 bits")
        })?;
        #[allow(
            clippy::cast_precision_loss,
            reason = "the user's own numbers, as numpy casts them"
        )]
        Ok(integers.map(|array| array.mapv(|value| value as f64)))
    }

    /// An array if its elements are `T`.
    fn read<T: ReadableElement>(&mut self, name: &str) -> Result<Option<ArrayD<T>>, String> {
        match self.npz.by_name::<ndarray::OwnedRepr<T>, ndarray::IxDyn>(name) {
            Ok(array) => Ok(Some(array)),
            Err(ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_))) => Ok(None),
            Err(error) => Err(format!("`{name}` cannot be read: {error}")),
        }
    }
}
