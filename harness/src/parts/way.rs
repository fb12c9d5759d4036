//! A way to make a part that is neither given nor cached. [`super::Parts`] has a list of them and
//! tries them in order; what they make goes into the cache.

use std::path::Path;

use super::{download::DownloadError, go::GoError, recipe::Recipe};
use crate::progress::Progress;

/// One way to make parts.
pub trait Way: Send + Sync {
    /// Its name in messages: `build`.
    fn name(&self) -> &'static str;

    /// Makes the part: leaves its binary, and its manifests if it has any, in `room.out`. Answers
    /// where the part came from, for the records.
    ///
    /// # Errors
    /// With the reason, and what a person does about it.
    fn make(&self, recipe: &Recipe, room: Room<'_>, progress: &dyn Progress) -> Result<String, WayError>;

    /// Gets only the manifests of a controller's release, into `room.out`.
    ///
    /// # Errors
    /// As [`Way::make`].
    fn manifests(&self, recipe: &Recipe, room: Room<'_>, progress: &dyn Progress) -> Result<(), WayError>;
}

/// Where a way works. Both directories are gone, or moved into the cache, afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// For the result.
    pub out: &'a Path,
    /// For everything else.
    pub scratch: &'a Path,
}

/// Why a way did not lead to the part.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    /// Go did not build it.
    #[error(transparent)]
    Go(#[from] GoError),
    /// A file could not be written or read.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was being done: `cannot write`.
        doing: &'static str,
        /// To which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The module is not what it should be.
    #[error("{0}")]
    Content(String),
    /// It was not downloaded.
    #[error(transparent)]
    Download(Box<DownloadError>),
    /// This way does not lead to this part, and nobody expects it to.
    #[error("{0}")]
    NotHere(String),
}

impl From<DownloadError> for WayError {
    fn from(error: DownloadError) -> Self {
        Self::Download(Box::new(error))
    }
}

impl WayError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { doing, path, source }
    }

    /// What a person does about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Go(error) => error.advice(),
            Self::Io { .. } => "make the directory writable, or set PROOFROLL_CACHE_DIR to another one".into(),
            Self::Content(_) => "this is a fault of the pin: please report it".into(),
            Self::Download(error) => error.advice(),
            Self::NotHere(_) => String::new(),
        }
    }

    /// Is it of no use to go another way?
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Download(error) if error.is_final())
    }

    /// Does a person want to hear of it, although there is another way?
    pub fn is_news(&self) -> bool {
        match self {
            Self::NotHere(_) => false,
            Self::Download(error) => !matches!(**error, DownloadError::Unreachable { again: true, .. }),
            Self::Go(_) | Self::Io { .. } | Self::Content(_) => true,
        }
    }
}
