//! What a user wants of a control plane, and which requests may share one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ClusterError, stages};

/// Raised whenever keeper and user of different builds would not understand each other.
const KEEPER_PROTOCOL: u32 = 1;

/// An executable of the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanePart {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is, in hex.
    pub sha256: String,
}

/// The executables of an embedded control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaneParts {
    /// etcd.
    pub etcd: PlanePart,
    /// kube-apiserver.
    pub apiserver: PlanePart,
    /// kube-controller-manager.
    pub kcm: PlanePart,
    /// kube-scheduler.
    pub scheduler: PlanePart,
    /// kwok.
    pub kwok: PlanePart,
}

/// What a user wants of a control plane.
#[derive(Debug, Clone)]
pub struct PlaneRequest {
    /// The executables.
    pub parts: PlaneParts,
    /// The files with the release's CRDs, YAML or JSON. CRDs are cluster-wide, so releases that
    /// differ in them have planes of their own.
    pub crds: Vec<PathBuf>,
    /// The release, for people: `v1.10.2`. Two releases with the same CRDs may share a plane.
    pub release_label: String,
    /// What the plane is used for, for people: the scenario's id, `up`.
    pub purpose: String,
    /// The port for the API server; default: any free one.
    pub port: Option<u16>,
}

impl PlaneRequest {
    /// The key of the plane that serves this request: everything that makes one plane differ from
    /// another is in it, nothing else is.
    ///
    /// # Errors
    /// When a CRD file cannot be read.
    pub fn key(&self) -> Result<String, ClusterError> {
        let mut hash = Sha256::new();
        let mut add = |what: &str, content: &[u8]| {
            hash.update(format!("{what} {}\n", content.len()));
            hash.update(content);
        };
        add("provider", b"embedded");
        add("protocol", &KEEPER_PROTOCOL.to_be_bytes());
        let PlaneParts { etcd, apiserver, kcm, scheduler, kwok } = &self.parts;
        for part in [etcd, apiserver, kcm, scheduler, kwok] {
            add("part", part.sha256.as_bytes());
        }
        add("stages", stages::all().as_bytes());
        let mut crds = self.crds.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        crds.sort();
        for crd in crds {
            add("crd", &crd);
        }
        Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ClusterError> {
    fs::read(path).map_err(|error| ClusterError::Crd { path: path.to_owned(), why: error.to_string() })
}

/// What the keeper is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Names this plane among all that ever have its key.
    pub id: String,
    pub parts: PlaneParts,
    pub crds: Vec<PathBuf>,
    pub release_label: String,
    pub port: Option<u16>,
    /// How long the plane stays when its last lease is gone, in milliseconds.
    pub linger_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str) -> PlanePart {
        PlanePart { path: PathBuf::from(name), sha256: name.into() }
    }

    fn request(crds: Vec<PathBuf>) -> PlaneRequest {
        let parts =
            PlaneParts { etcd: part("e"), apiserver: part("a"), kcm: part("k"), scheduler: part("s"), kwok: part("w") };
        PlaneRequest { parts, crds, release_label: "v1".into(), purpose: "test".into(), port: None }
    }

    #[test]
    fn what_makes_a_plane_differ_is_in_its_key_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let crds: Vec<PathBuf> = ["one", "two"]
            .iter()
            .map(|name| {
                let path = dir.path().join(name);
                fs::write(&path, name).unwrap();
                path
            })
            .collect();
        let base = request(crds.clone());
        let key = base.key().unwrap();
        assert_eq!(key.len(), 12);

        let mut same = base.clone();
        same.purpose = "other".into();
        same.port = Some(1);
        same.release_label = "v2, the same CRDs".into();
        same.crds.reverse();
        same.parts.etcd.path = "elsewhere".into();
        assert_eq!(same.key().unwrap(), key);

        let mut other = base.clone();
        other.parts.kwok.sha256 = "x".into();
        assert_ne!(other.key().unwrap(), key);
        fs::write(&crds[0], "changed").unwrap();
        assert_ne!(base.key().unwrap(), key);
    }

    #[test]
    fn a_missing_crd_file_is_named() {
        let refused = request(vec!["nowhere.yaml".into()]).key().unwrap_err().to_string();
        assert!(refused.contains("nowhere.yaml"), "{refused}");
    }
}
