//! kind clusters of ours: their names, making them, removing them.
//!
//! A cluster's name says whose it is: `proofroll-ROOT-KEY`, where ROOT stands for the directory that
//! keeps the state of planes and KEY for the plane. So whoever cleans up finds what belongs to planes
//! of this directory, and leaves everybody else's alone. Each cluster has a Docker network of its own,
//! of the same name, that goes with it.

pub mod docker;

use std::{path::Path, time::Duration};

use self::docker::DockerError;
use super::state::{PlaneDir, StateRoot};
use crate::process::tool::{Tool, ToolError};

/// The label that kind gives to its containers.
const LABEL: &str = "io.x-k8s.kind.cluster";

/// kind's way to name a network; experimental, but there since 2020.
const NETWORK_VARIABLE: &str = "KIND_EXPERIMENTAL_DOCKER_NETWORK";

/// How often the engine is asked whether it has finished what somebody had begun.
const ENGINE_WORKS: Duration = Duration::from_millis(200);

/// One cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindCluster {
    name: String,
}

impl KindCluster {
    /// The cluster of the plane in this directory.
    pub fn of(plane: &PlaneDir) -> Self {
        Self { name: format!("{}{}", prefix(&plane.root()), plane.key()) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The container that is its control plane.
    pub fn node(&self) -> String {
        format!("{}-control-plane", self.name)
    }

    /// Makes it: kind's own progress is told. Returns when the API server answers; the node may not
    /// be Ready yet.
    ///
    /// # Errors
    /// With kind's last words.
    pub async fn create(
        &self,
        kind: &Path,
        image: &str,
        config: &Path,
        kubeconfig: &Path,
        tell: impl FnMut(&str),
    ) -> Result<(), ToolError> {
        let call = self.kind(kind, "create", kubeconfig).arg("--image").arg(image).arg("--config").arg(config);
        // A node that failed to start is evidence until the plane is removed.
        call.arg("--retain").told(tell).await.map(drop)
    }

    /// Loads an image archive into its nodes.
    ///
    /// # Errors
    /// With kind's last words.
    pub async fn load(&self, kind: &Path, archive: &Path) -> Result<(), ToolError> {
        Tool::new(kind).args(["load", "image-archive", "--name", &self.name]).arg(archive).output().await.map(drop)
    }

    /// Loads an image of Docker's store into its nodes.
    ///
    /// # Errors
    /// With kind's last words.
    pub async fn load_image(&self, kind: &Path, reference: &str) -> Result<(), ToolError> {
        Tool::new(kind).args(["load", "docker-image", "--name", &self.name, reference]).output().await.map(drop)
    }

    /// Writes the logs of its nodes into a directory.
    ///
    /// # Errors
    /// With kind's last words.
    pub async fn export_logs(&self, kind: &Path, to: &Path) -> Result<(), ToolError> {
        Tool::new(kind).args(["export", "logs", "--name", &self.name]).arg(to).output().await.map(drop)
    }

    /// Removes it: containers, volumes, network. What is not there is no error. `cut_short`: the image of its
    /// nodes, if whoever created it may have been ended in the middle.
    ///
    /// # Errors
    /// When something of it is left.
    pub async fn remove(&self, cut_short: Option<&str>) -> Result<(), DockerError> {
        let label = format!("{LABEL}={}", self.name);
        loop {
            docker::remove(&docker::containers(&label).await?).await?;
            let Some(image) = cut_short else { break };
            // The engine goes on to make a container when nobody waits for it any more, and lists it only when
            // it is made. But it has its name from the beginning on: who can take the name knows that none comes.
            if !docker::has_image(image).await? || docker::can_take(&self.node(), image).await? {
                break;
            }
            tokio::time::sleep(ENGINE_WORKS).await;
        }
        docker::remove_network(&self.name).await
    }

    fn kind(&self, kind: &Path, what: &str, kubeconfig: &Path) -> Tool {
        Tool::new(kind)
            .args([what, "cluster", "--name", &self.name])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .env(NETWORK_VARIABLE, &self.name)
    }
}

/// The keys of the planes of this root whose clusters Docker knows.
///
/// # Errors
/// When the engine does not answer.
pub async fn keys(root: &StateRoot) -> Result<Vec<String>, DockerError> {
    let prefix = prefix(root);
    let containers = docker::containers(LABEL).await?;
    let key = |name: &String| Some(name.strip_prefix(&prefix)?.split('-').next()?.to_owned());
    let mut keys: Vec<String> = containers.iter().filter_map(key).collect();
    keys.sort();
    keys.dedup();
    Ok(keys)
}

fn prefix(root: &StateRoot) -> String {
    format!("proofroll-{}-", root.mark())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_it_is_and_is_valid() {
        let here = KindCluster::of(&StateRoot::at(Path::new("/here")).plane("0123456789ab"));
        let there = KindCluster::of(&StateRoot::at(Path::new("/there")).plane("0123456789ab"));
        assert_ne!(here, there);
        assert!(here.name().ends_with("-0123456789ab"));
        // kind refuses names of which a host name of more than 63 characters would come.
        assert!(here.node().len() <= 63, "{}", here.node());
    }
}
