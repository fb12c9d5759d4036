//! What a run is to take place on, as the command line and the environment ask for it.

use std::{env, path::PathBuf};

use semver::Version;

use crate::{
    cluster::ImageSource,
    parts::kubernetes,
    scenario::{Capabilities, model::Capability},
};

/// Names the provider of clusters: `embedded` (default), `container`, `kind`, `existing`.
pub const CLUSTER_VARIABLE: &str = "PROOFROLL_CLUSTER";
/// The node image of a kind cluster; kind's own variable.
pub const NODE_IMAGE_VARIABLE: &str = "KIND_NODE_IMAGE";
/// The image of a control plane in containers.
pub const CONTROL_PLANE_IMAGE_VARIABLE: &str = "PROOFROLL_CONTROL_PLANE_IMAGE";
/// Where kind has the controller's image from: `auto` (default), `public`, `built`.
pub const IMAGE_VARIABLE: &str = "PROOFROLL_CONTROLLER_IMAGE";
/// The Kubernetes of a control plane of ours: `1.30`.
pub const KUBERNETES_VARIABLE: &str = "PROOFROLL_KUBERNETES";
/// The context of an existing cluster.
pub const CONTEXT_VARIABLE: &str = "PROOFROLL_CONTEXT";
/// 1: install CRDs and controller in an existing cluster.
pub const INSTALL_VARIABLE: &str = "PROOFROLL_INSTALL";
/// The log of the controller of an existing cluster.
pub const CONTROLLER_LOG_VARIABLE: &str = "PROOFROLL_CONTROLLER_LOG";
/// The image of the load generator, for an existing cluster.
pub const PROBE_IMAGE_VARIABLE: &str = "PROOFROLL_PROBE_IMAGE";
/// What an existing cluster can do besides, separated by commas.
pub const HAS_VARIABLE: &str = "PROOFROLL_HAS";

/// Who does the actions that the plugin has a command for: `api` (default), `plugin`.
pub const DRIVER_VARIABLE: &str = "PROOFROLL_DRIVER";
/// The plugin's executable, for the driver `plugin`.
pub const PLUGIN_VARIABLE: &str = "PROOFROLL_PLUGIN";

/// What may be said of an existing cluster. (Its controller is no process of ours, and it is not ours to
/// cut its neighbours' watches. Traffic follows from the load generator's image.)
const DECLARABLE: [Capability; 4] =
    [Capability::FakePods, Capability::Kubelet, Capability::ScriptedPods, Capability::ClusterScope];

/// A source of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Provider {
    /// The control plane as processes of this machine, with fake nodes: no Docker, no root.
    #[default]
    Embedded,
    /// The same control plane in containers, from one image: for a machine with Docker that has no parts.
    Container,
    /// A kind cluster: real pods, the controller as its release installs it. Needs Docker.
    Kind,
    /// A cluster that is there, by its context; its owner must have made a namespace `proofroll-allowed` in it.
    Existing,
}

impl Provider {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Container => "container",
            Self::Kind => "kind",
            Self::Existing => "existing",
        }
    }

    /// How slow its clusters are, as a multiple of fake pods: limits of scenarios are stretched by it.
    pub fn pace(self) -> f64 {
        match self {
            Self::Embedded | Self::Container => 1.0,
            Self::Kind | Self::Existing => 4.0,
        }
    }

    /// What its clusters can do: static, so that listing needs no cluster.
    pub fn capabilities(self) -> Capabilities {
        Capabilities::of(self.name()).unwrap_or_else(|| unreachable!("the gate's table has every provider"))
    }
}

/// Who does the actions that the plugin has a command for (set image, promote, abort, retry, pause, restart, undo).
/// All others are kubectl's, and done by the harness with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DriverName {
    /// The harness, by the requests that the plugin sends.
    #[default]
    Api,
    /// The real kubectl-argo-rollouts; built or fetched when it is asked for first. `guide` compares after each step what
    /// it shows, too.
    Plugin,
}

/// What a run is to take place on.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Where the cluster comes from.
    pub provider: Provider,
    /// The controller: a release, a binary or a checkout; None for the newest release.
    pub controller: Option<String>,
    /// What a controller by path passes for.
    pub as_version: Option<Version>,
    /// The Kubernetes of a control plane of ours; None for the newest one that is pinned.
    pub kubernetes: Option<Version>,
    /// The image of kind's nodes.
    pub node_image: Option<String>,
    /// The image of a control plane in containers.
    pub control_plane_image: Option<String>,
    /// Where kind has the controller's image from.
    pub controller_image: ImageSource,
    /// The context of an existing cluster.
    pub context: Option<String>,
    /// Install CRDs and controller in an existing cluster.
    pub install: bool,
    /// The log of the controller that serves an existing cluster.
    pub controller_log: Option<PathBuf>,
    /// The image of the load generator, which the nodes of an existing cluster have or can pull.
    pub probe_image: Option<String>,
    /// What an existing cluster can do besides.
    pub has: Vec<Capability>,
    /// KUBECONFIG, for an existing cluster.
    pub kubeconfig: Vec<PathBuf>,
    /// A cluster that nobody else joins: its custom resources are going to be changed.
    pub alone: bool,
    /// Who does the actions that the plugin has a command for.
    pub driver: DriverName,
    /// The plugin's executable; None for the pinned one.
    pub plugin: Option<PathBuf>,
}

/// A variable that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{name}={value}: {why}")]
pub struct BadVariable {
    name: &'static str,
    value: String,
    why: String,
}

impl Wish {
    /// What the environment asks for: for tests under a runner that has no arguments for it.
    ///
    /// # Errors
    /// When a variable makes no sense.
    pub fn from_env() -> Result<Self, BadVariable> {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let provider = match text(CLUSTER_VARIABLE) {
            None => Provider::default(),
            Some(value) => clap::ValueEnum::from_str(&value, false).map_err(|_| BadVariable {
                name: CLUSTER_VARIABLE,
                value,
                why: "the providers are embedded, container, kind and existing".into(),
            })?,
        };
        let controller_image = match text(IMAGE_VARIABLE) {
            None => ImageSource::default(),
            Some(value) => clap::ValueEnum::from_str(&value, false).map_err(|_| BadVariable {
                name: IMAGE_VARIABLE,
                value,
                why: "the sources are auto, public and built".into(),
            })?,
        };
        let driver = match text(DRIVER_VARIABLE) {
            None => DriverName::default(),
            Some(value) => <DriverName as clap::ValueEnum>::from_str(&value, false).map_err(|_| BadVariable {
                name: DRIVER_VARIABLE,
                value,
                why: "the drivers are api and plugin".into(),
            })?,
        };
        let as_version = match text("PROOFROLL_AS_VERSION") {
            None => None,
            Some(value) => Some(value.parse().map_err(|error: semver::Error| BadVariable {
                name: "PROOFROLL_AS_VERSION",
                value,
                why: error.to_string(),
            })?),
        };
        let kubernetes = match text(KUBERNETES_VARIABLE) {
            None => None,
            Some(value) => Some(kubernetes::asked(&value).map_err(|error| BadVariable {
                name: KUBERNETES_VARIABLE,
                value,
                why: error.to_string(),
            })?),
        };
        let has = text(HAS_VARIABLE).unwrap_or_default();
        let has = has.split(',').filter(|name| !name.trim().is_empty()).map(|name| capability(name.trim()));
        let has = has.collect::<Result<_, _>>().map_err(|why| BadVariable {
            name: HAS_VARIABLE,
            value: text(HAS_VARIABLE).unwrap_or_default(),
            why,
        })?;
        Ok(Self {
            provider,
            controller: text("PROOFROLL_CONTROLLER"),
            as_version,
            kubernetes,
            node_image: text(NODE_IMAGE_VARIABLE),
            control_plane_image: text(CONTROL_PLANE_IMAGE_VARIABLE),
            controller_image,
            context: text(CONTEXT_VARIABLE),
            install: text(INSTALL_VARIABLE).is_some_and(|value| value != "0"),
            controller_log: text(CONTROLLER_LOG_VARIABLE).map(PathBuf::from),
            probe_image: text(PROBE_IMAGE_VARIABLE),
            has,
            kubeconfig: kubeconfig(),
            alone: false,
            driver,
            plugin: text(PLUGIN_VARIABLE).map(PathBuf::from),
        })
    }
}

impl Wish {
    /// What the cluster can do: static, so that listing needs no cluster.
    pub fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.provider.capabilities();
        if self.provider == Provider::Existing {
            capabilities.set.extend(&self.has);
            capabilities.set.extend(self.probe_image.as_ref().map(|_| Capability::Traffic));
        }
        capabilities
    }

    /// Why no Kubernetes can be chosen there, if so.
    fn has_its_kubernetes(&self) -> Option<&'static str> {
        match self.provider {
            Provider::Kind => Some(
                "does not choose the Kubernetes of a kind cluster: that is its node image's (--node-image kindest/node:v1.X.Y)",
            ),
            Provider::Existing => Some(
                "is for a control plane of proofroll's own, and this cluster is there already (--cluster existing)",
            ),
            Provider::Container if self.control_plane_image.is_some() => Some(
                "chooses among the images that proofroll makes, and --control-plane-image names one: give one of both",
            ),
            Provider::Embedded | Provider::Container => None,
        }
    }

    /// Refuses what has no meaning for the provider.
    pub(super) fn check(&self) -> Result<(), String> {
        if let (Some(_), Some(why)) = (&self.kubernetes, self.has_its_kubernetes()) {
            return Err(format!("--kubernetes {why}"));
        }
        if self.provider == Provider::Existing {
            return Ok(());
        }
        let given = [
            (self.context.is_some(), "--context"),
            (self.install, "--install"),
            (self.controller_log.is_some(), "--controller-log"),
            (self.probe_image.is_some(), "--probe-image"),
            (!self.has.is_empty(), "--has"),
        ];
        match given.iter().find(|(given, _)| *given) {
            Some((_, name)) => Err(format!(
                "{name} is for a cluster that is there already (--cluster existing), and this is {}",
                self.provider.name()
            )),
            None => Ok(()),
        }
    }
}

/// A capability that may be said of an existing cluster.
///
/// # Errors
/// With those that there are.
pub fn capability(name: &str) -> Result<Capability, String> {
    let found = DECLARABLE.into_iter().find(|capability| capability.name() == name);
    let known = || DECLARABLE.map(Capability::name).join(", ");
    found.ok_or_else(|| format!("`{name}` cannot be said of an existing cluster, only {}", known()))
}

/// The files that KUBECONFIG names, or kubectl's default one; absolute.
pub fn kubeconfig() -> Vec<PathBuf> {
    let files: Vec<PathBuf> = match env::var_os("KUBECONFIG").filter(|value| !value.is_empty()) {
        Some(value) => env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => env::home_dir().into_iter().map(|home| home.join(".kube").join("config")).collect(),
    };
    // The keeper has another working directory.
    files.into_iter().map(|file| std::path::absolute(&file).unwrap_or(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubernetes_is_chosen_only_for_planes_of_ours() {
        let wish = |provider, image: Option<&str>| Wish {
            provider,
            kubernetes: Some(Version::new(1, 2, 3)),
            control_plane_image: image.map(str::to_owned),
            ..Wish::default()
        };
        assert_eq!(wish(Provider::Embedded, None).check(), Ok(()));
        assert_eq!(wish(Provider::Container, None).check(), Ok(()));
        for (provider, image, named) in [
            (Provider::Kind, None, "--node-image"),
            (Provider::Existing, None, "is there already"),
            (Provider::Container, Some("x"), "--control-plane-image"),
        ] {
            let refused = wish(provider, image).check().unwrap_err();
            assert!(refused.starts_with("--kubernetes ") && refused.contains(named), "{refused}");
        }
    }
}
