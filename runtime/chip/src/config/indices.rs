//! Numbers of rows, columns or drivers in a configuration file.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Some indices: written as a number, a range `"0..32"` without its end, or a list of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indices(pub Vec<usize>);

/// Larger than every index on the chip, and small enough to make a list of.
const INDEX_MAX: u64 = 255;

fn checked<E: Error>(index: u64) -> Result<usize, E> {
    let index = Some(index).filter(|&index| index <= INDEX_MAX);
    index
        .and_then(|index| usize::try_from(index).ok())
        .ok_or_else(|| E::custom("indices are 0 to 255"))
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Indices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an index, a range such as \"0..32\", or a list of indices")
    }

    fn visit_i64<E: Error>(self, index: i64) -> Result<Indices, E> {
        Ok(Indices(vec![checked(u64::try_from(index).unwrap_or(u64::MAX))?]))
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<Indices, E> {
        Ok(Indices(vec![checked(index)?]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Indices, E> {
        let ends = text.split_once("..").and_then(|(first, end)| {
            Some((first.trim().parse::<u64>().ok()?, end.trim().parse::<u64>().ok()?))
        });
        let Some((first, end)) = ends.filter(|(first, end)| first < end) else {
            return Err(E::custom(format!(
                "`{text}` is no range: write \"0..32\" for the indices 0 to 31"
            )));
        };
        let (first, last) = (checked(first)?, checked(end - 1)?);
        Ok(Indices((first..=last).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Indices, A::Error> {
        let mut indices = Vec::new();
        while let Some(index) = list.next_element::<u64>()? {
            indices.push(checked(index)?);
        }
        Ok(Indices(indices))
    }
}

impl<'de> Deserialize<'de> for Indices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Indices, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_have_three_forms() {
        #[derive(Deserialize)]
        struct Table {
            x: Indices,
        }
        let read = |text: &str| {
            toml::from_str::<Table>(&format!("x = {text}"))
                .map(|table| table.x.0)
                .map_err(|error| error.message().to_owned())
        };
        assert_eq!(read("7"), Ok(vec![7]));
        assert_eq!(read("\"3..6\""), Ok(vec![3, 4, 5]));
        assert_eq!(read("[9, 2]"), Ok(vec![9, 2]));
        assert!(read("256").unwrap_err().contains("0 to 255"));
        assert!(read("-1").unwrap_err().contains("0 to 255"));
        assert!(read("\"0..257\"").unwrap_err().contains("0 to 255"));
        assert!(read("\"6..3\"").unwrap_err().contains("no range"));
        assert!(read("true").unwrap_err().contains("a range such as"));
    }
}
