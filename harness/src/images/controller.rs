//! The image of a controller, around its binary, under the name that its release's own `install.yaml`
//! asks for.
//!
//! What differs from upstream's image, which is made from `distroless/static-debian12`:
//!
//! - There are no certificates of public authorities (`/etc/ssl/certs`): a metric provider, webhook or
//!   plugin download over https with such a certificate fails. The API server's certificate is not
//!   among them; it comes with the ServiceAccount.
//! - There are no time zones, no `/etc/passwd`, `/etc/group`, `/etc/nsswitch.conf`, `/etc/os-release`.
//!   The user has no name in upstream's image either, and a static Go program looks in none of them.
//! - The binary is the part's (or the user's): built with the release's sources, not by the release.
//!
//! The same: entrypoint, user 999, working directory, `PATH`, and no shell. Of the file system the
//! Deployment asks only for mount points (`/tmp`, `/home/argo-rollouts/plugin-bin`).

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ImageArchive, ImageError,
    archive::{Content, Entry, Recipe, Spec},
    cache,
};
use crate::{controller::ControllerRelease, parts::Parts, progress::Progress};

const PROGRAM: &str = "/bin/rollouts-controller";
const HOME: &str = "/home/argo-rollouts";

/// The image of a controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerImage {
    /// Holds it.
    pub archive: ImageArchive,
    /// The image as the manifest in the release's sources names it.
    pub asked: String,
    /// The image as the manifest among the release's published files names it: there the tag `latest`
    /// has become the version. Loaded under both names; this one says which release it is.
    pub reference: String,
}

/// Makes the image of a controller, or finds it in the cache. Blocks.
///
/// # Errors
/// When the release's manifest has no Deployment of the controller, or the cache cannot be written.
pub fn controller(
    parts: &Parts,
    release: &ControllerRelease,
    progress: &dyn Progress,
) -> Result<ControllerImage, ImageError> {
    let manifest = release.manifests.install();
    let bad = |reason: String| ImageError::Manifest { path: manifest.clone(), reason };
    let text = fs::read_to_string(&manifest).map_err(|error| bad(error.to_string()))?;
    let asked = asked(&text).map_err(bad)?;
    let reference = published(&asked, &release.version.to_string());
    let recipe = recipe(release, &asked, &reference);
    let archive = cache::archive(parts, "rollouts-controller", &recipe, progress)?;
    Ok(ControllerImage { archive, asked, reference })
}

impl ControllerImage {
    /// Makes a Deployment of the release's manifest run this image, and never look for it in a registry:
    /// what `make manifests IMAGE_TAG=...` of a release changes, and the pull policy (which is `Always`).
    /// Answers whether it was that Deployment.
    pub fn put_into(&self, object: &mut Value) -> bool {
        let mut found = false;
        for container in containers_mut(object).filter(|container| container["image"] == *self.asked) {
            container["image"] = self.reference.as_str().into();
            container["imagePullPolicy"] = "IfNotPresent".into();
            found = true;
        }
        found
    }
}

fn containers_mut(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    let containers = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
    containers.into_iter().flatten()
}

/// The image that the manifest's Deployment runs.
fn asked(manifest: &str) -> Result<String, String> {
    let mut objects: Vec<Value> = serde_saphyr::from_multiple(manifest).map_err(|error| error.to_string())?;
    let mut images: Vec<String> = objects
        .iter_mut()
        .filter(|object| object["kind"] == "Deployment")
        .flat_map(containers_mut)
        .filter_map(|container| Some(container["image"].as_str()?.to_owned()))
        .collect();
    match (images.pop(), images.as_slice()) {
        (Some(image), []) if image.contains('@') => {
            Err(format!("{image} is named by its digest, which cannot be made"))
        }
        (Some(image), []) => Ok(image),
        (None, _) => Err("it has no Deployment with a container".into()),
        (Some(_), _) => Err("its Deployments have several containers".into()),
    }
}

/// The image as the release's published manifest names it.
fn published(asked: &str, version: &str) -> String {
    // A colon before the last slash belongs to a port.
    let (repository, tag) = match asked.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (asked, "latest"),
    };
    if tag == "latest" { format!("{repository}:v{version}") } else { asked.to_owned() }
}

fn recipe(release: &ControllerRelease, asked: &str, reference: &str) -> Recipe {
    let directory = |path: &'static str, mode| Entry { path: path.into(), mode, content: None };
    let content = Content { path: release.binary.clone(), sha256: release.sha256.clone() };
    let mut references = vec![asked.to_owned(), reference.to_owned()];
    references.dedup();
    let image = Spec {
        references,
        entrypoint: vec![PROGRAM.to_owned()],
        env: vec![("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned())],
        user: "999",
        working_directory: HOME,
        ports: Vec::new(),
        labels: vec![
            ("dev.proofroll.image", "controller".to_owned()),
            ("org.opencontainers.image.version", format!("v{}", release.version)),
        ],
    };
    let layer = vec![
        directory("bin", 0o755),
        Entry { path: PROGRAM[1..].into(), mode: 0o755, content: Some(content) },
        directory("home", 0o755),
        directory(&HOME[1..], 0o755),
        directory("tmp", 0o1777),
    ];
    Recipe { layer, images: vec![image] }
}
