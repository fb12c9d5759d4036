//! Programs in containers that work as processes of this machine: with its network, as its user, and with
//! directories at the same paths. So whoever starts a program may do so in either way, and all else (command
//! lines, ports, files) stays the same.
//!
//! - [`Job`]: what is to run; [`Container`]: what became of it. Through testcontainers, which makes and starts
//!   containers and reads their output.
//! - [`engine`]: what else is asked of Docker's engine: images, and the removal of containers by their labels.
//!   testcontainers removes what it started when its process ends in order, and has nothing for one that is
//!   killed: that is for whoever gave the labels.

pub mod engine;
mod job;

pub use engine::{Image, Labels};
pub use job::{Container, Job};

/// Why something cannot be done in containers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// No engine answers.
    #[error(
        "Docker's engine does not answer: {why}\n(hint: start it; `ci/docker up` starts one where root may; DOCKER_HOST names another)"
    )]
    NoEngine {
        /// What the client says.
        why: String,
    },
    /// An engine whose containers live elsewhere.
    #[error(
        "Docker's engine runs {how}: its containers have neither this machine's network nor its users' files, which the provider `container` needs\n(hint: an engine that runs as root and without userns-remap; DOCKER_HOST names another)"
    )]
    Apart {
        /// In which way.
        how: &'static str,
    },
    /// An image is not there.
    #[error("the image {reference} is not in the store of Docker's engine")]
    NoImage {
        /// Its name.
        reference: String,
    },
    /// The engine refused something.
    #[error("Docker's engine: {doing}: {why}")]
    Refused {
        /// What was asked of it.
        doing: String,
        /// What it says.
        why: String,
    },
}
