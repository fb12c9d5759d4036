//! Images for a real cluster that reaches no registry: made here from one binary each, without a
//! container engine, as archives that `kind load image-archive`, `ctr images import` and `docker load`
//! take.
//!
//! ```text
//! Parts, ControllerRelease -> recipe of an archive ([`archive::Recipe`]) -> the cache -> ImageArchive
//! ```
//!
//! - [`demo`]: one archive with `argoproj/rollouts-demo` in all colours, `bad-` and `slow-` too, and the
//!   load generator. Our own program plays them (`harness/parts/rollouts-demo`).
//! - [`controller`]: the image that the release's own `install.yaml` asks for, around any controller
//!   binary.
//! - [`control_plane`]: a control plane and a controller with its manifests, for the provider `container`.
//! - [`script`]: what makes real pods do what the annotations `pod.proofroll.dev/*` say.
//!
//! An archive lies in the cache of the parts under the digest of all that decides its content, appears
//! there by one rename, and is the same to the byte wherever it is made of the same binary.

mod archive;
mod cache;
pub mod control_plane;
mod controller;
mod demo;
pub mod script;

use std::path::PathBuf;

use crate::{cluster::kind::docker::DockerError, parts::PartError};

pub use self::{
    controller::{ControllerImage, controller},
    demo::{DemoImages, demo},
};

/// A file with images in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImageArchive {
    /// The file: a tar archive as `docker save` writes it.
    pub path: PathBuf,
    /// The images, in the order of the archive.
    pub images: Vec<Image>,
}

impl ImageArchive {
    /// What is in it, in one word: changes with any of its images.
    pub fn identity(&self) -> String {
        self.images.iter().map(|image| image.id.as_str()).collect::<Vec<_>>().join(",")
    }

    /// All references under which the images are found once they are loaded.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.images.iter().flat_map(|image| &image.references).map(String::as_str)
    }
}

/// An image of an archive.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Image {
    /// Its names, whole: with registry and tag.
    pub references: Vec<String>,
    /// Its id, as container engines show it: `sha256:` and the digest of its configuration.
    pub id: String,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The program for it is not to be had, or the cache cannot be worked in.
    #[error(transparent)]
    Part(#[from] PartError),
    /// It cannot be brought into the engine's store.
    #[error("the image {reference} cannot be loaded: {source}")]
    Load {
        /// The image.
        reference: String,
        /// Why.
        source: DockerError,
    },
    /// The release's manifest does not say which image it wants.
    #[error("{} does not say which image the controller runs: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
}

#[cfg(test)]
mod tests;
