//! A plane's programs in containers: which image, which names, which labels.
//!
//! Labels say whose a container is: the directory that keeps the state of planes, the plane, and the namespace
//! where it is a scenario's controller. So whoever cleans up finds what belongs to planes of this directory, and
//! leaves everybody else's alone.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    components::Component,
    state::{PlaneDir, StateRoot},
};
use crate::containers::{ContainerError, Job, Labels, engine};

/// Names the directory that keeps the state of planes.
const ROOT: &str = "dev.proofroll.root";
/// Names the plane by its key.
const PLANE: &str = "dev.proofroll.plane";
/// Names the namespace that a controller serves.
const NAMESPACE: &str = "dev.proofroll.namespace";
/// What stands for a plane where a container belongs to none.
const NONE: &str = "none";

/// How the programs of one plane are started in containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contained {
    /// The plane's directory.
    dir: PathBuf,
    /// The image of the control plane: its id.
    image: String,
}

impl Contained {
    pub(super) fn of(dir: &PlaneDir, image: &str) -> Self {
        Self { dir: dir.path().to_owned(), image: image.to_owned() }
    }

    fn plane(&self) -> PlaneDir {
        PlaneDir::at(self.dir.clone())
    }

    fn labels(&self) -> Labels {
        let plane = self.plane();
        vec![(ROOT.into(), plane.root().mark()), (PLANE.into(), plane.key())]
    }

    fn name(&self, what: &str) -> String {
        let plane = self.plane();
        format!("proofroll-{}-{}-{what}", plane.root().mark(), plane.key())
    }

    /// A process of the plane.
    pub(super) fn component(
        &self,
        component: Component,
        port: u16,
        environment: Vec<(&str, String)>,
        output: File,
    ) -> Job {
        Job {
            image: self.image.clone(),
            name: self.name(component.name()),
            labels: self.labels(),
            program: Path::new("/bin").join(component.name()),
            arguments: component.arguments(port),
            environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            dir: self.dir.clone(),
            mounts: vec![(self.dir.clone(), true)],
            output,
        }
    }

    /// The controller of a namespace: `program` of `image`, or else a file of this machine.
    pub(crate) fn controller(&self, namespace: &str, program: &Path, image: Option<&str>) -> Controlled {
        let mut mounts = vec![(self.dir.clone(), true)];
        if image.is_none() {
            mounts.push((program.to_owned(), false));
        }
        let mut labels = self.labels();
        labels.push((NAMESPACE.into(), namespace.to_owned()));
        Controlled {
            image: image.unwrap_or(&self.image).to_owned(),
            name: self.name(&format!("{namespace}-{:04x}", fastrand::u16(..))),
            labels,
            program: program.to_owned(),
            mounts,
        }
    }

    /// Removes the containers of this namespace.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(super) async fn remove_namespace(&self, namespace: &str) -> Result<(), ContainerError> {
        let mut labels = self.labels();
        labels.push((NAMESPACE.into(), namespace.to_owned()));
        engine::remove(labels).await
    }

    /// Removes all that there is of the plane. `cut_short`: whoever started it may have been ended in the middle.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(super) async fn remove(&self, cut_short: bool) -> Result<(), ContainerError> {
        engine::remove(self.labels()).await?;
        if cut_short {
            let names = Component::ALL.iter().map(|component| self.name(component.name())).collect();
            engine::free_names(names, self.image.clone()).await?;
        }
        Ok(())
    }
}

/// What is known of a controller's job before its command line is.
#[derive(Debug)]
pub(crate) struct Controlled {
    pub image: String,
    pub name: String,
    pub labels: Labels,
    pub program: PathBuf,
    pub mounts: Vec<(PathBuf, bool)>,
}

/// The labels of a container that belongs to no plane of this root.
pub(crate) fn passing(root_dir: &StateRoot) -> Labels {
    vec![(ROOT.into(), root_dir.mark()), (PLANE.into(), NONE.into())]
}

/// Removes the containers of planes of this root of which nothing else is left; returns the planes' keys.
///
/// # Errors
/// When one cannot be removed.
pub(super) async fn collect(root_dir: &StateRoot) -> Result<Vec<String>, ContainerError> {
    let ours = vec![(ROOT.to_owned(), root_dir.mark())];
    let mut collected = Vec::new();
    for key in engine::values(ours.clone(), PLANE).await? {
        if key == NONE || !root_dir.plane(&key).path().exists() {
            let mut labels = ours.clone();
            labels.push((PLANE.into(), key.clone()));
            engine::remove(labels).await?;
            collected.push(key);
        }
    }
    Ok(collected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_whose_a_container_is() {
        let here = Contained::of(&StateRoot::at(Path::new("/here")).plane("0123456789ab"), "sha256:1");
        let there = Contained::of(&StateRoot::at(Path::new("/there")).plane("0123456789ab"), "sha256:1");
        assert_ne!(here.labels(), there.labels());
        assert_ne!(here.name("etcd"), there.name("etcd"));
        let controller = here.controller("shop", Path::new("/controllers/v1/x"), Some("sha256:2"));
        assert_eq!(controller.mounts.len(), 1, "a program of an image is not looked for on this machine");
        assert!(here.labels().iter().all(|label| controller.labels.contains(label)));
        let own = here.controller("shop", Path::new("/home/me/x"), None);
        assert_eq!((own.image.as_str(), own.mounts.len()), ("sha256:1", 2));
    }
}
