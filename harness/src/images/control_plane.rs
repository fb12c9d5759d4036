//! The image with all that a control plane in containers is made of: etcd, kube-apiserver,
//! kube-controller-manager, kube-scheduler, kwok, and one release of the controller with its manifests.
//!
//! It is made where the parts are (or can be built), and used where there is nothing but Docker. Its name follows
//! from the pins alone, so who wants it knows what it is called and whether it is the right one without having the
//! parts. What is in it stands in its labels; the manifests are copied out of it, for they are applied from here.

use std::{fs::File, io, path::Path};

use semver::Version;

use super::{
    ImageError,
    archive::{Content, Entry, Recipe as Archive, Spec},
};
use crate::{
    cluster::{kind::docker, passing, state::StateRoot},
    containers::{ContainerError, engine},
    parts::{
        FoundPart, Manifests, Origin, PartError, PartName, Parts, kubernetes, pin, recipe::Recipe, sha256_hex,
        sha256_of,
    },
    progress::Progress,
};

const REPOSITORY: &str = "proofroll/control-plane";
/// Changes whenever the same parts make another image.
const FORMAT: &str = "control plane image 1";
/// The controller in it.
pub const CONTROLLER: &str = "/bin/rollouts-controller";
const MANIFESTS: &str = "manifests";

const IMAGE_LABEL: &str = "dev.proofroll.image";
const IS_ONE: &str = "control-plane";
const CONTROLLER_LABEL: &str = "dev.proofroll.controller";
const SHA256_LABEL: &str = "dev.proofroll.controller.sha256";

/// Why an image with a control plane cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlPlaneError {
    /// Docker, or the image is not there.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It is not there and is not one that somebody could have published.
    #[error(
        "the image {reference} is not in the store of Docker's engine\n(hint: `proofroll images control-plane --controller v{release}` makes it, on a machine that has the parts or Go; `docker save {reference} | ssh HOST docker load` brings it to another one; --control-plane-image names another image)"
    )]
    Missing {
        /// Its name.
        reference: String,
        /// The controller in it.
        release: Version,
    },
    /// It cannot be pulled either.
    #[error(
        "the image {reference} is not in the store of Docker's engine and cannot be pulled: {why}\n(hint: `proofroll images control-plane` makes one, on a machine that has the parts or Go)"
    )]
    NotPulled {
        /// Its name.
        reference: String,
        /// What the engine says.
        why: String,
    },
    /// It is another image.
    #[error(
        "the image {reference} is no control plane of proofroll's: it has no label {IMAGE_LABEL}={IS_ONE}\n(hint: `proofroll images control-plane` makes one)"
    )]
    Other {
        /// Its name.
        reference: String,
    },
    /// It has another release of the controller.
    #[error(
        "the image {reference} has the controller v{has}, not v{asked}\n(hint: `proofroll images control-plane --controller v{asked}` makes one that has it)"
    )]
    OtherRelease {
        /// Its name.
        reference: String,
        /// What it has.
        has: Version,
        /// What it should have.
        asked: Version,
    },
    /// The controller is not to be had, or the cache cannot be worked in.
    #[error(transparent)]
    Part(#[from] PartError),
}

impl ControlPlaneError {
    /// Is it a fault of what was asked, and not of the machine?
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Other { .. } | Self::OtherRelease { .. } => true,
            Self::Part(error) => error.is_bad_input(),
            Self::Container(_) | Self::Missing { .. } | Self::NotPulled { .. } => false,
        }
    }
}

/// The name of the image of the pinned versions with this release of the controller and this Kubernetes.
///
/// # Errors
/// When the release is not pinned.
pub fn reference(release: &Version, kubernetes: Option<&Version>) -> Result<String, PartError> {
    let names = names(release, kubernetes);
    let entries: Result<Vec<_>, _> = names.iter().map(|name| Ok(Recipe::of(name)?.entry())).collect();
    Ok(named(&entries?, kubernetes))
}

fn names(release: &Version, kubernetes: Option<&Version>) -> Vec<PartName> {
    kubernetes::plane(kubernetes).into_iter().chain([PartName::RolloutsController(release.clone())]).collect()
}

fn named(parts: &[String], kubernetes: Option<&Version>) -> String {
    let mut all = vec![FORMAT, std::env::consts::ARCH];
    all.extend(parts.iter().map(String::as_str));
    let kubernetes = kubernetes.cloned().unwrap_or_else(pin::newest_kubernetes);
    format!("{REPOSITORY}:v{kubernetes}-{}", &sha256_hex(&all)[..12])
}

/// An image that can be made.
#[derive(Debug)]
pub struct Making {
    reference: String,
    archive: Archive,
}

/// Finds what the image is made of; what is missing is built. Blocks.
///
/// # Errors
/// When a part is not to be had.
pub fn making(
    parts: &Parts,
    release: &Version,
    kubernetes: Option<&Version>,
    progress: &dyn Progress,
) -> Result<Making, ImageError> {
    let found = parts.find_all(&names(release, kubernetes), progress)?;
    let manifests = parts.manifests(release, progress)?;
    let identities: Result<Vec<_>, PartError> = found
        .iter()
        .map(|part| match part.origin {
            // One of the user's own makes an image of its own.
            Origin::Given(_) => Ok(part.sha256.clone()),
            Origin::Cached(_) | Origin::Made(_) => Ok(Recipe::of(&part.name)?.entry()),
        })
        .collect();
    let reference = named(&identities?, kubernetes);
    let layer = layer(&found, &manifests).map_err(PartError::cache("read", &manifests.dir))?;
    let controller = found.iter().find(|part| matches!(part.name, PartName::RolloutsController(_)));
    let spec = Spec {
        references: vec![reference.clone()],
        user: "65532",
        working_directory: "/",
        labels: vec![
            (IMAGE_LABEL, IS_ONE.to_owned()),
            (CONTROLLER_LABEL, release.to_string()),
            (SHA256_LABEL, controller.map(|part| part.sha256.clone()).unwrap_or_default()),
        ],
        ..Spec::default()
    };
    Ok(Making { reference, archive: Archive { layer, images: vec![spec] } })
}

fn layer(found: &[FoundPart], manifests: &Manifests) -> io::Result<Vec<Entry>> {
    let directory = |path: String| Entry { path: path.into(), mode: 0o755, content: None };
    let file = |path: String, mode, from: &Path, sha256: String| Entry {
        path: path.into(),
        mode,
        content: Some(Content { path: from.to_owned(), sha256 }),
    };
    let mut layer = vec![directory("bin".into())];
    for part in found {
        layer.push(file(format!("bin/{}", part.name.binary()), 0o755, &part.path, part.sha256.clone()));
    }
    layer.extend([directory(MANIFESTS.into()), directory(format!("{MANIFESTS}/crds"))]);
    let mut add = |below: &str, from: &Path| -> io::Result<()> {
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        layer.push(file(format!("{MANIFESTS}/{below}{name}"), 0o644, from, sha256_of(from)?));
        Ok(())
    };
    add("", &manifests.install())?;
    add("", &manifests.namespace_install())?;
    manifests.crds().iter().try_for_each(|crd| add("crds/", crd))?;
    // Mount points, and where programs look for a place of their own.
    layer.push(Entry { path: "tmp".into(), mode: 0o1777, content: None });
    Ok(layer)
}

impl Making {
    /// Its name.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Has it in the engine's store. What is there already is not made again: its name says what is in it.
    ///
    /// # Errors
    /// When it cannot be written, or the engine does not take it.
    pub async fn load(&self, parts: &Parts, progress: &dyn Progress) -> Result<(), ImageError> {
        let failed = |source| ImageError::Load { reference: self.reference.clone(), source };
        docker::version().await.map_err(failed)?;
        if docker::has_image(&self.reference).await.map_err(failed)? {
            return Ok(());
        }
        let cache = parts.cache();
        let name = "image-control-plane";
        let _lock = cache.lock(name, "makes the image of the control plane", progress)?;
        if docker::has_image(&self.reference).await.map_err(failed)? {
            return Ok(());
        }
        progress.say(&format!("making the image {}", self.reference));
        // Half a gigabyte: kept in the engine's store alone.
        let room = cache.room(name)?;
        let path = room.path().join("image.tar");
        let written = File::create(&path).and_then(|file| self.archive.write(file, room.path()));
        written.map_err(PartError::cache("write the image", &path))?;
        progress.update("loading it into Docker's store");
        docker::load(&path).await.map_err(failed)
    }
}

/// An image in the engine's store, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlaneImage {
    /// Its name.
    pub reference: String,
    /// Its id.
    pub id: String,
    /// The release of the controller in it.
    pub release: Version,
    /// The SHA-256 of that, hex.
    pub sha256: String,
}

impl ControlPlaneImage {
    /// The image of this name; pulled if it is not in the store and `pull` says so.
    ///
    /// # Errors
    /// See [`ControlPlaneError`].
    pub async fn find(reference: &str, pull: bool, progress: &dyn Progress) -> Result<Self, ControlPlaneError> {
        engine::version().await?;
        let found = match engine::image(reference).await {
            Err(ContainerError::NoImage { .. }) if pull => {
                progress.update(&format!("pulling {reference}"));
                let pulled = docker::pull(reference, |line| progress.update(line)).await;
                pulled.map_err(|why| ControlPlaneError::NotPulled {
                    reference: reference.to_owned(),
                    why: why.to_string(),
                })?;
                engine::image(reference).await?
            }
            found => found?,
        };
        let label = |name: &str| found.labels.get(name).cloned();
        let other = || ControlPlaneError::Other { reference: reference.to_owned() };
        if label(IMAGE_LABEL).as_deref() != Some(IS_ONE) {
            return Err(other());
        }
        let release = label(CONTROLLER_LABEL).and_then(|version| version.parse().ok()).ok_or_else(other)?;
        let sha256 = label(SHA256_LABEL).ok_or_else(other)?;
        Ok(Self { reference: reference.to_owned(), id: found.id, release, sha256 })
    }

    /// The manifests of its controller: copied out of it once, and kept in the cache.
    ///
    /// # Errors
    /// When they cannot be copied or kept.
    pub async fn manifests(&self, parts: &Parts, progress: &dyn Progress) -> Result<Manifests, ControlPlaneError> {
        let cache = parts.cache();
        let short = self.id.trim_start_matches("sha256:");
        let entry = format!("manifests-of-image-{}", short.get(..12).unwrap_or(short));
        let look = || Manifests::in_dir(cache.entry(&entry).join(MANIFESTS));
        if let Ok(found) = look() {
            return Ok(found);
        }
        let _lock = cache.lock(&entry, "copies the manifests of an image", progress)?;
        if let Ok(found) = look() {
            return Ok(found);
        }
        let archive = engine::copy_out(&self.id, &format!("/{MANIFESTS}"), passing(&StateRoot::find())).await?;
        let room = cache.room(&entry)?;
        let out = room.path().join("out");
        tar::Archive::new(archive.as_slice()).unpack(&out).map_err(PartError::cache("unpack manifests in", &out))?;
        cache.install(&entry, &out)?;
        Ok(look().map_err(PartError::cache("read", &cache.entry(&entry)))?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_name_follows_from_the_pins() {
        let reference = |release: &Version| reference(release, None);
        let newest = reference(&pin::newest_release()).unwrap();
        assert!(newest.starts_with("proofroll/control-plane:v1."), "{newest}");
        assert_eq!(newest, reference(&pin::newest_release()).unwrap());
        assert_ne!(newest, reference(&Version::new(1, 8, 5)).unwrap());
        assert!(reference(&Version::new(0, 9, 0)).unwrap_err().is_bad_input());
        let oldest = pin::kubernetes().remove(0);
        let older = super::reference(&pin::newest_release(), Some(&oldest)).unwrap();
        assert!(older.starts_with(&format!("proofroll/control-plane:v{oldest}-")), "{older}");
    }

    #[test]
    fn it_has_the_programs_and_what_is_applied_before_they_run() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("manifests/crds")).unwrap();
        for name in ["install.yaml", "namespace-install.yaml", "crds/rollout-crd.yaml", "crds/kustomization.yaml"] {
            fs::write(at("manifests").join(name), name).unwrap();
        }
        fs::write(at("program"), "a program").unwrap();
        let part = |name: PartName| FoundPart {
            version: Version::new(1, 0, 0),
            path: at("program"),
            sha256: sha256_of(&at("program")).unwrap(),
            origin: Origin::Made("a test".into()),
            name,
        };
        let found: Vec<FoundPart> = names(&pin::newest_release(), None).into_iter().map(part).collect();
        let layer = layer(&found, &Manifests::in_dir(at("manifests")).unwrap()).unwrap();
        let lines: Vec<String> = layer.iter().map(|entry| format!("{:o} {}", entry.mode, entry.path)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        755 bin
        755 bin/etcd
        755 bin/kube-apiserver
        755 bin/kube-controller-manager
        755 bin/kube-scheduler
        755 bin/kwok
        755 bin/rollouts-controller
        755 manifests
        755 manifests/crds
        644 manifests/install.yaml
        644 manifests/namespace-install.yaml
        644 manifests/crds/rollout-crd.yaml
        1777 tmp
        ");
    }
}
