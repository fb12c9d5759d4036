//! Why a part is not to be had.

use std::{fmt, io, path::Path, path::PathBuf};

use super::{PartName, pin, way::WayError};

/// Why a part, or the controller that was asked for, is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Every way was tried.
    #[error("{title} is not to be had:\n{tried}next: {next}")]
    NotFound {
        /// The part and its version.
        title: String,
        /// The ways, each with its reason.
        tried: Tried,
        /// What a person does about it.
        next: String,
    },
    /// What was given is unusable.
    #[error("{part} is given by {by} as {}, which cannot be used: {reason}", path.display())]
    Given {
        /// The part.
        part: PartName,
        /// The variable or option.
        by: String,
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The cache's directory cannot be worked in.
    #[error("cannot {doing} {}: {source}; PROOFROLL_CACHE_DIR can name another directory", path.display())]
    Cache {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing says where the cache is.
    #[error("there is no place for the cache: set PROOFROLL_CACHE_DIR, XDG_CACHE_HOME or HOME")]
    NoCacheDirectory,
    /// A directory that was named is none.
    #[error("{variable} is {}, which is no directory", path.display())]
    NotADirectory {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// A variable says something that is not understood.
    #[error("{variable} is {value:?}: {why}")]
    Setting {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
        /// What it must be.
        why: String,
    },
    /// No pin is embedded for a part.
    #[error("this build of proofroll has no pin for {part}")]
    NoPin {
        /// The part.
        part: PartName,
    },
    /// A release that is not pinned.
    #[error("release {asked} is not pinned here; the pinned releases are: {pinned}")]
    UnknownRelease {
        /// What was asked for.
        asked: String,
        /// Those that there are.
        pinned: String,
    },
    /// `--controller` names nothing that can be used.
    #[error("--controller {asked}: {reason}")]
    Controller {
        /// The value.
        asked: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A checkout does not build, or manifests cannot be fetched.
    #[error("{what}: {source}\nnext: {}", source.advice())]
    Make {
        /// What was to be made.
        what: String,
        /// Why it was not.
        source: WayError,
    },
}

impl PartError {
    pub(crate) fn cache(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Cache { doing, path, source }
    }

    /// Nothing is pinned for this release.
    pub fn unknown_release(asked: &str) -> Self {
        let pinned = pin::releases().iter().map(|version| format!("v{version}")).collect::<Vec<_>>().join(", ");
        Self::UnknownRelease { asked: asked.to_owned(), pinned }
    }

    /// Is it a fault of what was asked (exit code 2), and not of the machine (3)?
    pub fn is_bad_input(&self) -> bool {
        matches!(
            self,
            Self::Given { .. }
                | Self::NotADirectory { .. }
                | Self::Setting { .. }
                | Self::UnknownRelease { .. }
                | Self::Controller { .. }
        )
    }
}

/// The ways that were tried, in order, each with the reason why it did not lead to the part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried(pub Vec<(&'static str, String)>);

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(way, reason)| writeln!(f, "  {way}: {reason}"))
    }
}
