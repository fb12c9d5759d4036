//! The way "download": parts as their projects publish them, preferred over building them.
//!
//! ```text
//! PartName -> published (where: a file, a file in an archive, a file in an image) -> client -> room
//!                                                 checked against: checksum file, digest, go.sum
//! ```
//!
//! - [`published`]: what is published where; the base of each publisher can be replaced by a mirror.
//! - [`client`]: one HTTP client for all: proxies, a CA bundle, redirects, retries, and words for what goes wrong.
//! - [`registry`]: pulls a file out of an image, by the OCI distribution protocol; no container engine.
//! - [`module`]: the manifests of a controller, from its Go module, checked against the pinned `go.sum`.
//!
//! What is checked against what: a file of a release against the checksum file that its project publishes beside it,
//! a layer of an image against its digest in the image's manifest. Neither is pinned here: both come from the host that
//! the file comes from, so they prove that it arrived as it was published, and TLS proves by whom. Manifests are
//! checked against the `go.sum` in this repository.
//!
//! Where the network does not answer, that is known within seconds ([`settings::Patience`]), said in one line, and
//! remembered: the next way is gone at once.

mod client;
mod error;
mod module;
mod proxies;
mod published;
mod registry;
mod settings;
mod sums;
#[cfg(test)]
mod tests;
mod unpack;
mod url;

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::OnceLock};

use self::{client::Client, published::Published};
use super::{
    manifests,
    recipe::Recipe,
    way::{Room, Way, WayError},
};
use crate::progress::Progress;

pub use self::{
    error::DownloadError,
    published::Publisher,
    settings::{DownloadOptions, Patience},
};

/// The way "download".
pub struct Download {
    options: DownloadOptions,
    /// Made when it is needed: it reads the system's certificates, and mostly all parts are there.
    client: OnceLock<Client>,
}

impl Download {
    /// With these mirrors, proxies and limits.
    pub fn new(options: DownloadOptions) -> Self {
        Self { options, client: OnceLock::new() }
    }

    /// Asks all publishers, or their mirrors, whether they answer at all.
    ///
    /// # Errors
    /// Of the first one that cannot be reached.
    pub fn reach(&self) -> Result<(), DownloadError> {
        for publisher in Publisher::ALL {
            // Whatever it says to that: it was reached.
            self.client()?.answer(&self.options.base(publisher), &[])?;
        }
        Ok(())
    }

    fn client(&self) -> Result<&Client, DownloadError> {
        match self.client.get() {
            Some(client) => Ok(client),
            None => {
                let made = Client::new(&self.options)?;
                Ok(self.client.get_or_init(|| made))
            }
        }
    }
}

impl Way for Download {
    fn name(&self) -> &'static str {
        "download"
    }

    fn make(&self, recipe: &Recipe, room: Room<'_>, progress: &dyn Progress) -> Result<String, WayError> {
        let (part, title) = (&recipe.part, recipe.title());
        let published = Published::of(part, recipe.version(), &self.options)
            .ok_or_else(|| WayError::NotHere(format!("nobody publishes {part} for this platform")))?;
        let (to, client) = (room.out.join(part.binary()), self.client()?);
        let source = match published {
            Published::File { url, sums } => {
                client.checked(&url, &sums, &to, &title, progress)?;
                format!("downloaded from {}", url::redacted(&url))
            }
            Published::Archive { url, sums, member } => {
                let archive = room.scratch.join("archive");
                client.checked(&url, &sums, &archive, &title, progress)?;
                unpack::one(&archive, unpack::Packed::Gzip, &member, &to, &url)?;
                format!("downloaded from {}", url::redacted(&url))
            }
            Published::Image(image) => {
                let image = registry::pull(client, &image, part.binary(), room.scratch, &to, &title, progress)?;
                format!("taken out of the image {image}")
            }
        };
        executable(&to).map_err(WayError::io("cannot make executable", &to))?;
        if recipe.has_manifests() {
            self.manifests(recipe, room, progress)?;
        }
        Ok(source)
    }

    fn manifests(&self, recipe: &Recipe, room: Room<'_>, progress: &dyn Progress) -> Result<(), WayError> {
        let to = room.out.join(manifests::DIRECTORY);
        let proxies = &self.options.go_proxies;
        Ok(module::manifests(self.client()?, proxies, recipe, room.scratch, &to, progress)?)
    }
}

fn executable(path: &Path) -> std::io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
