//! What a controller is started from.

use std::path::PathBuf;

use semver::Version;

use super::{help::KnownFlags, release::UnderTest};
use crate::parts::Manifests;

/// What a controller is started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The executable.
    pub binary: PathBuf,
    /// The image that it is in; none where it is a file of this machine.
    pub image: Option<String>,
    /// Its release: decides about flags where it does not say itself which ones it knows.
    pub version: Version,
    /// The flags that it knows.
    pub flags: Option<KnownFlags>,
    /// The release's manifest with its RBAC: `manifests/namespace-install.yaml` for a controller of one namespace,
    /// `manifests/install.yaml` for one of all.
    pub manifest: PathBuf,
}

impl UnderTest {
    /// What it is started from, with the RBAC of this manifest; none where that is somebody else's affair.
    pub fn build(&self, manifest: fn(&Manifests) -> PathBuf) -> Option<Build> {
        let files = self.files.as_ref()?;
        Some(Build {
            binary: files.binary.clone(),
            image: files.image.clone(),
            version: self.version.clone(),
            flags: files.flags.clone(),
            manifest: manifest(&files.manifests),
        })
    }
}
