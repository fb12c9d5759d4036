//! One plane's data in one file: a line of JSON that says what it is, and then keys and values as etcd tells and
//! takes them (JSON, in base64).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{cluster::crds::Served, parts::hex};

const FORMAT: u32 = 1;

/// A key and its value, both in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The key.
    pub key: String,
    /// The value.
    #[serde(default)]
    pub value: String,
}

/// The data of a plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The CRDs in it.
    pub crds: Vec<Served>,
    /// Everything in it.
    pub pairs: Vec<Pair>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    key: String,
    /// SHA-256 of all that follows, hex.
    sha256: String,
}

/// Why there is nothing to begin with.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Nothing was kept under this key.
    #[error("nothing was kept")]
    Missing,
    /// It is not what was kept.
    #[error("{0}")]
    Damaged(String),
}

impl Entry {
    /// As the content of a file.
    pub(super) fn to_bytes(&self, key: &str) -> serde_json::Result<Vec<u8>> {
        let body = serde_json::to_vec(self)?;
        let mut bytes =
            serde_json::to_vec(&Head { format: FORMAT, key: key.to_owned(), sha256: hex(&Sha256::digest(&body)) })?;
        bytes.push(b'\n');
        bytes.extend(body);
        Ok(bytes)
    }

    /// From the content of a file, if it is all that was written under this key.
    pub(super) fn from_bytes(bytes: &[u8], key: &str) -> Result<Self, Unusable> {
        let damaged = |why: &str| Unusable::Damaged(why.to_owned());
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("it was cut short"))?;
        let (head, body) = (&bytes[..end], &bytes[end + 1..]);
        let head: Head = serde_json::from_slice(head).map_err(|error| damaged(&format!("its head: {error}")))?;
        if (head.format, head.key.as_str()) != (FORMAT, key) {
            return Err(damaged(&format!("it says that it is {} (format {})", head.key, head.format)));
        }
        let sha256 = hex(&Sha256::digest(body));
        if sha256 != head.sha256 {
            return Err(damaged(&format!("its sha256 is {sha256} instead of {}", head.sha256)));
        }
        serde_json::from_slice(body).map_err(|error| damaged(&error.to_string()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn entry() -> Entry {
        let pair = |key: &str, value: &str| Pair { key: key.into(), value: value.into() };
        let crds = vec![Served { name: "rollouts.argoproj.io".into(), collection: "/apis/argoproj.io/x".into() }];
        Entry { crds, pairs: vec![pair("a2V5", "dmFsdWU="), pair("b3RoZXI=", "")] }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = entry().to_bytes("abc").unwrap();
        assert_eq!(Entry::from_bytes(&bytes, "abc").unwrap(), entry());
    }

    #[test]
    fn cut_short_anywhere_it_is_not_taken() {
        let bytes = entry().to_bytes("abc").unwrap();
        for length in 0..bytes.len() {
            assert!(Entry::from_bytes(&bytes[..length], "abc").is_err(), "{length} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn with_any_byte_changed_it_is_not_taken() {
        let bytes = entry().to_bytes("abc").unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(Entry::from_bytes(&other, "abc").is_err(), "byte {at}");
        }
        let why = Entry::from_bytes(&bytes, "another key").unwrap_err().to_string();
        assert_eq!(why, "it says that it is abc (format 1)");
    }
}
