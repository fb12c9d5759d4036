//! Which controller is tested: a pinned release, any binary, or a working copy that is built.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use semver::Version;

use super::help::KnownFlags;
use crate::{
    parts::{Manifests, PartError, PartName, Parts, checkout, given, pin},
    progress::Progress,
};

/// The value of `--controller`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControllerSpec {
    /// A pinned release: `v1.10.2`.
    Release(Version),
    /// An executable. Absolute.
    Binary(PathBuf),
    /// A directory with the sources of argo-rollouts. Absolute.
    Checkout(PathBuf),
}

/// The newest pinned release.
impl Default for ControllerSpec {
    fn default() -> Self {
        Self::Release(pin::newest_release())
    }
}

impl ControllerSpec {
    /// Reads the value: `1.10.2` and `v1.10.2` are releases (`./1.10.2` is a path), everything else
    /// is the path of an executable or of a checkout, relative to the working directory.
    ///
    /// # Errors
    /// When the release is not pinned, or the path leads to neither.
    pub fn parse(asked: &str) -> Result<Self, PartError> {
        if let Ok(version) = Version::parse(asked.strip_prefix('v').unwrap_or(asked)) {
            let pinned = pin::releases().contains(&version);
            return if pinned { Ok(Self::Release(version)) } else { Err(PartError::unknown_release(asked)) };
        }
        let bad = |reason| PartError::Controller { asked: asked.to_owned(), reason };
        let path = Path::new(asked).canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let releases = pin::releases().iter().map(|version| format!("v{version}")).collect::<Vec<_>>();
                bad(format!("this is no pinned release ({}), no file and no directory", releases.join(", ")))
            }
            _ => bad(error.to_string()),
        })?;
        if path.is_dir() {
            let reason = |missing| format!("this directory is no checkout of argo-rollouts: {missing}");
            checkout::detect(&path).map_err(|missing| bad(reason(missing)))?;
            return Ok(Self::Checkout(path));
        }
        given::executable(&path).map_err(bad)?;
        Ok(Self::Binary(path))
    }

    /// The release that it is, or passes for: `as_version`, or the newest one.
    ///
    /// # Errors
    /// A release is no other one than itself.
    pub fn version(&self, as_version: Option<&Version>) -> Result<Version, PartError> {
        match (self, as_version) {
            (Self::Release(release), Some(other)) if other != release => {
                let reason = format!("a release is its own version: --as-version {other} is for a path");
                Err(PartError::Controller { asked: format!("v{release}"), reason })
            }
            (Self::Release(release), _) => Ok(release.clone()),
            (_, as_version) => Ok(as_version.cloned().unwrap_or_else(pin::newest_release)),
        }
    }
}

impl FromStr for ControllerSpec {
    type Err = PartError;

    fn from_str(asked: &str) -> Result<Self, PartError> {
        Self::parse(asked)
    }
}

/// A controller that can be installed and started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerRelease {
    /// The release that it is, or passes for.
    pub version: Version,
    /// For people and reports: `v1.10.2`, `/home/me/argo-rollouts (as v1.10.2)`.
    pub label: String,
    /// The executable, absolute.
    pub binary: PathBuf,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// The flags that it knows, if it says so.
    pub flags: Option<KnownFlags>,
    /// Custom resources, RBAC and Deployment that belong to it.
    pub manifests: Manifests,
}

/// The controller under test: one that we have and may start, or one that runs already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderTest {
    /// The release that it is, or passes for.
    pub version: Version,
    /// For people and reports: `v1.10.2`.
    pub label: String,
    /// The SHA-256 of its executable, hex; of its image where that is all that is known; empty where not
    /// even that.
    pub sha256: String,
    /// What it is started from; none where that is somebody else's affair.
    pub files: Option<ControllerFiles>,
}

/// What a controller is started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerFiles {
    /// The executable, absolute.
    pub binary: PathBuf,
    /// The flags that it knows, if it says so.
    pub flags: Option<KnownFlags>,
    /// The image that it is in; none where it is a file of this machine.
    pub image: Option<String>,
    /// Custom resources, RBAC and Deployment that belong to it.
    pub manifests: Manifests,
}

impl From<ControllerRelease> for UnderTest {
    fn from(release: ControllerRelease) -> Self {
        let ControllerRelease { version, label, binary, sha256, flags, manifests } = release;
        Self { version, label, sha256, files: Some(ControllerFiles { binary, flags, image: None, manifests }) }
    }
}

impl Parts {
    /// The controller that is asked for, ready to start; it is built if need be.
    ///
    /// `as_version` says which release a binary or a checkout passes for (the newest pinned one if
    /// it is not given). A binary comes without manifests: it gets those of that release.
    ///
    /// # Errors
    /// When it is not to be had, or `as_version` contradicts or is not pinned for a binary.
    pub fn controller(
        &self,
        spec: &ControllerSpec,
        as_version: Option<&Version>,
        progress: &dyn Progress,
    ) -> Result<ControllerRelease, PartError> {
        let version = spec.version(as_version)?;
        let flags = |binary: &Path, sha256: &str| KnownFlags::of(binary, sha256, self.cache().root());
        match spec {
            ControllerSpec::Release(release) => {
                let part = self.find(&PartName::RolloutsController(release.clone()), progress)?;
                Ok(ControllerRelease {
                    version,
                    label: format!("v{release}"),
                    flags: flags(&part.path, &part.sha256),
                    binary: part.path,
                    sha256: part.sha256,
                    manifests: self.manifests(release, progress)?,
                })
            }
            ControllerSpec::Binary(path) => {
                let unreadable = |error: io::Error| PartError::Controller {
                    asked: path.display().to_string(),
                    reason: error.to_string(),
                };
                let sha256 = given::remembered_sha256(self.cache().root(), path).map_err(unreadable)?;
                Ok(ControllerRelease {
                    manifests: self.manifests(&version, progress)?,
                    flags: flags(path, &sha256),
                    sha256,
                    label: format!("{} (as v{version})", path.display()),
                    binary: path.clone(),
                    version,
                })
            }
            ControllerSpec::Checkout(directory) => {
                let built = checkout::build(self, directory, progress)?;
                Ok(ControllerRelease {
                    label: format!("{} (as v{version})", directory.display()),
                    flags: flags(&built.binary, &built.sha256),
                    binary: built.binary,
                    sha256: built.sha256,
                    manifests: built.manifests,
                    version,
                })
            }
        }
    }
}
