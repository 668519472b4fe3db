//! NumPy archives (`.npz`) as they come from outside: arrays by name, whatever their numbers.

use ndarray::ArrayD;
use ndarray_npy::{NpzReader, ReadDataError, ReadNpyError, ReadNpzError, ReadableElement};
use std::io::{Cursor, Read};

/// Most bytes of an array: what is larger was not meant for these programs, or is damaged.
const ARRAY_BYTES_MAX: usize = 1 << 30;

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

    /// An array of whole numbers of 64 bits without sign, if it has one of this name.
    ///
    /// # Errors
    /// If the array holds something else or cannot be read.
    pub fn words(&mut self, name: &str) -> Result<Option<ArrayD<u64>>, String> {
        if !self.names.iter().any(|known| known == name) {
            return Ok(None);
        }
        let found = self.read::<u64>(name)?;
        found.map(Some).ok_or_else(|| format!("`{name}` must hold uint64"))
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
    fn read<T: ReadableElement + Copy>(&mut self, name: &str) -> Result<Option<ArrayD<T>>, String> {
        match self.npz.by_name::<ndarray::OwnedRepr<Bounded<T>>, ndarray::IxDyn>(name) {
            Ok(array) => Ok(Some(array.mapv(|Bounded(element)| element))),
            Err(ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_))) => Ok(None),
            Err(error) => Err(format!("`{name}` cannot be read: {error}")),
        }
    }
}

/// An element of an array whose header may say anything: memory is taken for the bytes there are, not
/// for those that a header promises.
#[derive(Clone, Copy)]
struct Bounded<T>(T);

impl<T: ReadableElement> ReadableElement for Bounded<T> {
    fn read_to_end_exact_vec<R: Read>(
        reader: R,
        descriptor: &py_literal::Value,
        len: usize,
    ) -> Result<Vec<Bounded<T>>, ReadDataError> {
        let wanted = len.saturating_mul(size_of::<T>());
        if wanted > ARRAY_BYTES_MAX {
            let message = format!("it has {wanted} bytes, more than {ARRAY_BYTES_MAX}");
            return Err(ReadDataError::ParseData(message.into()));
        }
        let mut bytes = Vec::new();
        // One more tells whether there are too many.
        reader.take(wanted as u64 + 1).read_to_end(&mut bytes).map_err(ReadDataError::Io)?;
        if bytes.len() < wanted {
            // Elements of this size, if the array has them at all.
            T::read_to_end_exact_vec(&[0; 0][..], descriptor, 0)?;
            return Err(ReadDataError::MissingData);
        }
        let elements = T::read_to_end_exact_vec(&bytes[..], descriptor, len)?;
        Ok(elements.into_iter().map(Bounded).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_npy::NpzWriter;

    /// An archive of one array of 2 by 3 bytes, whose header says another shape.
    fn promising(shape: &str) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = NpzWriter::new(&mut bytes);
        writer.add_array("x", &ndarray::arr2(&[[1u8, 2, 3], [4, 5, 6]])).unwrap();
        writer.finish().unwrap();
        let mut bytes = bytes.into_inner();
        let at = bytes.windows(6).position(|bytes| bytes == b"(2, 3)").unwrap();
        // The header is filled up with spaces.
        let end = at + bytes[at..].iter().position(|byte| *byte == b'\n').unwrap();
        let header = format!("{shape}}}");
        bytes[at..end].fill(b' ');
        bytes[at..at + header.len()].copy_from_slice(header.as_bytes());
        bytes
    }

    /// Memory is not taken for what a header promises: that would end the process.
    #[test]
    fn arrays_of_any_promised_size_are_refused() {
        for (shape, message) in [
            ("(999999999999999, 3)", "more than"),
            ("(999999999, 1)", "cannot be read"),
            ("(3, 3)", "cannot be read"),
            ("(2, 2)", "cannot be read"),
        ] {
            let bytes = promising(shape);
            for read in [
                |reader: &mut ArchiveReader<'_>| reader.integers("x").map(|_| ()),
                |reader: &mut ArchiveReader<'_>| reader.reals("x").map(|_| ()),
            ] {
                let found = read(&mut ArchiveReader::open(&bytes).unwrap()).unwrap_err();
                assert!(found.contains(message), "{shape}: {found}");
            }
        }
    }
}
