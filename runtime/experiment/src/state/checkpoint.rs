//! The states of a run in one file.
//!
//! ```text
//!   "plc checkpoint\n"   then, as Borsh: version of the program, identity of the run, states
//!                        then SHA-256 of everything before
//! ```

use crate::monitor::Part;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a file begins with.
const MAGIC: &[u8] = b"plc checkpoint\n";
/// Bytes of a SHA-256.
const DIGEST_BYTES: usize = 32;

/// What runs must have in common for one to go on where the other was: a hash of all that decides
/// what it does.
pub type Identity = [u8; DIGEST_BYTES];

/// States of a run, by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The state of each part that was kept.
    pub parts: BTreeMap<Part, Vec<u8>>,
}

/// What is in a file behind the version, before the checksum.
#[derive(BorshSerialize, BorshDeserialize)]
struct Contents {
    identity: Identity,
    parts: BTreeMap<(u64, String), Vec<u8>>,
}

/// Why a run cannot go on from a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is something else.
    #[error("this is no checkpoint")]
    Other,
    /// It is not as it was written.
    #[error("the checkpoint is damaged: its checksum does not fit")]
    Damaged,
    /// Another version of the program wrote it.
    #[error("the checkpoint is of version {found}, and this is version {own}")]
    Version {
        /// Version that wrote it.
        found: String,
        /// This version.
        own: String,
    },
    /// It is of a run that is not the same.
    #[error(
        "the checkpoint is of another run: experiment, changes, data, rules, engine, seed or number \
         of repetitions differ; use the command it was made with"
    )]
    Run,
}

impl Checkpoint {
    /// The file of a run of this identity, written by `version` of the program: it should name the
    /// build, as states are laid out as the program has them in memory.
    ///
    /// # Panics
    /// Never: lengths fit, and there are no numbers that are none.
    #[must_use]
    pub fn to_bytes(&self, version: &str, identity: &Identity) -> Vec<u8> {
        let part =
            |(part, state): (&Part, &Vec<u8>)| ((part.seed, part.name.clone()), state.clone());
        let parts = self.parts.iter().map(part).collect();
        let contents = (version, Contents { identity: *identity, parts });
        let mut bytes = MAGIC.to_vec();
        borsh::to_writer(&mut bytes, &contents).expect("a Vec takes everything");
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Reads the file of a run of this identity.
    ///
    /// # Errors
    /// If it is something else, damaged, or of another version or run.
    pub fn from_bytes(
        bytes: &[u8],
        version: &str,
        identity: &Identity,
    ) -> Result<Checkpoint, CheckpointError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(CheckpointError::Other)?;
        let (_, digest) = rest.split_last_chunk().ok_or(CheckpointError::Damaged)?;
        let digest: &[u8; DIGEST_BYTES] = digest;
        let (signed, _) = bytes.split_at(bytes.len() - DIGEST_BYTES);
        if Sha256::digest(signed).as_slice() != digest {
            return Err(CheckpointError::Damaged);
        }
        let mut rest = &signed[MAGIC.len()..];
        let found = String::deserialize(&mut rest).map_err(|_| CheckpointError::Damaged)?;
        if found != version {
            return Err(CheckpointError::Version { found, own: version.to_owned() });
        }
        let contents = borsh::from_slice(rest).map_err(|_| CheckpointError::Damaged)?;
        let Contents { identity: other, parts } = contents;
        if other != *identity {
            return Err(CheckpointError::Run);
        }
        let part = |((seed, name), state)| (Part { seed, name }, state);
        Ok(Checkpoint { parts: parts.into_iter().map(part).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity = [7; DIGEST_BYTES];

    fn checkpoint() -> Checkpoint {
        let part = |name: &str| Part { seed: 3, name: name.to_owned() };
        let parts = [(part("a"), vec![1, 2, 3]), (part(""), Vec::new())];
        Checkpoint { parts: parts.into() }
    }

    #[test]
    fn files_read_back_for_the_same_run_and_version_only() {
        let bytes = checkpoint().to_bytes("1", &IDENTITY);
        assert_eq!(Checkpoint::from_bytes(&bytes, "1", &IDENTITY), Ok(checkpoint()));
        let (found, own) = ("1".to_owned(), "2".to_owned());
        let other = Checkpoint::from_bytes(&bytes, "2", &IDENTITY);
        assert_eq!(other, Err(CheckpointError::Version { found, own }));
        let other = Checkpoint::from_bytes(&bytes, "1", &[8; DIGEST_BYTES]);
        assert_eq!(other, Err(CheckpointError::Run));
    }

    #[test]
    fn damage_anywhere_is_found() {
        let bytes = checkpoint().to_bytes("1", &IDENTITY);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Checkpoint::from_bytes(&damaged, "1", &IDENTITY).is_err(), "byte {at}");
            assert!(Checkpoint::from_bytes(&bytes[..at], "1", &IDENTITY).is_err(), "{at} bytes");
        }
        let other = Checkpoint::from_bytes(b"[experiment]", "1", &IDENTITY);
        assert_eq!(other, Err(CheckpointError::Other));
    }
}
