//! The names of the parts.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use semver::Version;

use super::{kubernetes::Program, pin};

/// A part: one binary. Ordered as they are best built: what shares most compiled packages in a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartName {
    /// The store behind the API server.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// Runs Deployments, ReplicaSets, Jobs, garbage collection.
    KubeControllerManager,
    /// Binds pods to nodes.
    KubeScheduler,
    /// Plays the nodes: moves fake pods through their life.
    Kwok,
    /// The Argo Rollouts controller of one release.
    RolloutsController(Version),
    /// The Argo Rollouts plugin of kubectl, of the newest release: people use it with older controllers, too.
    Plugin,
    /// A program of the control plane of an older Kubernetes than the newest one that is pinned.
    Kubernetes(Program, Version),
    /// What runs in pods of a real cluster: the demo application and the load generator, our own.
    RolloutsDemo,
    /// Runs the pods of a kind node.
    Kubelet,
    /// Makes a kind node part of a cluster.
    Kubeadm,
    /// Used by kind inside a node.
    Kubectl,
    /// Leads a Service's address to its pods on a kind node.
    KubeProxy,
    /// etcd of the version that kubeadm asks for.
    NodeEtcd,
    /// The DNS of a kind cluster.
    Coredns,
    /// Runs clusters whose nodes are containers.
    Kind,
}

impl PartName {
    /// The parts that make a control plane, without the controller.
    pub const PLANE: [Self; 5] =
        [Self::Etcd, Self::KubeApiserver, Self::KubeControllerManager, Self::KubeScheduler, Self::Kwok];

    /// The parts that only a kind cluster needs.
    pub const KIND: [Self; 8] = [
        Self::RolloutsDemo,
        Self::Kubelet,
        Self::Kubeadm,
        Self::Kubectl,
        Self::KubeProxy,
        Self::NodeEtcd,
        Self::Coredns,
        Self::Kind,
    ];

    /// The parts that a node image of kind is made of.
    pub const NODE: [Self; 9] = [
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kubelet,
        Self::Kubeadm,
        Self::Kubectl,
        Self::KubeProxy,
        Self::NodeEtcd,
        Self::Coredns,
    ];

    /// Every part that is pinned: the plane's, a controller per release, oldest first, the plugin, the programs of
    /// older Kubernetes, and what only a kind cluster needs.
    pub fn all() -> Vec<Self> {
        let controllers = pin::releases().into_iter().map(Self::RolloutsController).chain([Self::Plugin]);
        Self::PLANE.into_iter().chain(controllers).chain(Self::older_kubernetes()).chain(Self::KIND).collect()
    }

    fn older_kubernetes() -> impl Iterator<Item = Self> {
        let newest = pin::newest_kubernetes();
        let older = pin::kubernetes().into_iter().filter(move |version| *version != newest);
        older.flat_map(|version| Program::ALL.map(|program| program.of(&version)))
    }

    /// What the embedded control plane and the newest controller need: made when nothing else is asked for.
    pub fn embedded() -> Vec<Self> {
        Self::PLANE.into_iter().chain([Self::RolloutsController(pin::newest_release())]).collect()
    }

    /// Is it of use only with a kind cluster?
    pub fn is_for_kind(&self) -> bool {
        Self::KIND.contains(self)
    }

    /// The name of the binary.
    pub fn binary(&self) -> &'static str {
        match self {
            Self::Etcd | Self::NodeEtcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kwok => "kwok",
            Self::RolloutsController(_) => "rollouts-controller",
            Self::Plugin => "kubectl-argo-rollouts",
            Self::Kubernetes(program, _) => program.binary(),
            Self::RolloutsDemo => "rollouts-demo",
            Self::Kubelet => "kubelet",
            Self::Kubeadm => "kubeadm",
            Self::Kubectl => "kubectl",
            Self::KubeProxy => "kube-proxy",
            Self::Coredns => "coredns",
            Self::Kind => "kind",
        }
    }

    /// The environment variable that gives a path for this part: `PROOFROLL_PART_KUBE_APISERVER`,
    /// `PROOFROLL_PART_ROLLOUTS_CONTROLLER_V1_10_2`.
    pub fn variable(&self) -> String {
        format!("PROOFROLL_PART_{}", self.to_string().to_uppercase().replace(['-', '.', '+'], "_"))
    }

    /// How long a build takes on two cores with nothing compiled before but the parts before it
    /// in [`PartName`]'s order (measured).
    pub fn cold_build(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Etcd => 60,
            Self::KubeApiserver => 410,
            Self::KubeControllerManager => 115,
            Self::KubeScheduler => 15,
            Self::Kwok => 170,
            Self::RolloutsController(_) => 335,
            // Nearly all of it is compiled for the controller; the rest is linking.
            Self::Plugin => 30,
            Self::Kubernetes(Program::Apiserver, _) => 410,
            Self::Kubernetes(Program::ControllerManager, _) => 115,
            Self::Kubernetes(Program::Scheduler, _) => 15,
            // Nearly all of it is the standard library, which the others need too.
            Self::RolloutsDemo => 5,
            Self::Kubelet => 81,
            Self::Kubeadm => 56,
            Self::Kubectl => 94,
            Self::KubeProxy => 30,
            Self::NodeEtcd => 70,
            Self::Coredns => 130,
            Self::Kind => 17,
        })
    }

    /// File names under which a directory of the user's may hold this part: the own one, and for
    /// the newest controller also the plain `rollouts-controller`.
    pub fn file_names(&self) -> Vec<PathBuf> {
        let mut names = vec![PathBuf::from(self.to_string())];
        if matches!(self, Self::RolloutsController(version) if *version == pin::newest_release()) {
            names.push(self.binary().into());
        }
        names
    }
}

/// `etcd`, `kube-apiserver`, ..., `rollouts-controller-v1.10.2`, `node-etcd`.
impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RolloutsController(version) | Self::Kubernetes(_, version) => {
                write!(f, "{}-v{version}", self.binary())
            }
            Self::NodeEtcd => f.write_str("node-etcd"),
            _ => f.write_str(self.binary()),
        }
    }
}

/// A name that is no part's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no part {asked:?}{}; the parts are: {}", hint(suggestion.as_deref()), known.join(", "))]
pub struct UnknownPart {
    /// What was asked for.
    pub asked: String,
    /// The name that looks most like it.
    pub suggestion: Option<String>,
    /// All names.
    pub known: Vec<String>,
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}

/// Takes what [`PartName`] displays, and `rollouts-controller` for the newest release.
impl FromStr for PartName {
    type Err = UnknownPart;

    fn from_str(asked: &str) -> Result<Self, UnknownPart> {
        let all = Self::all();
        if let Some(name) = all.iter().find(|name| name.file_names().iter().any(|file| file.as_os_str() == asked)) {
            return Ok(name.clone());
        }
        let known: Vec<String> = all.iter().map(Self::to_string).collect();
        let suggestion = known
            .iter()
            .map(|name| (strsim::jaro_winkler(name, asked), name))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name.clone());
        Err(UnknownPart { asked: asked.to_owned(), suggestion, known })
    }
}

/// What commands take: the name of a part, or of a group: `embedded` ([`PartName::embedded`]), `node`
/// ([`PartName::NODE`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartNames(pub Vec<PartName>);

impl PartNames {
    /// The parts of several such words, in their order.
    pub fn flatten(words: &[Self]) -> Vec<PartName> {
        words.iter().flat_map(|word| word.0.iter().cloned()).collect()
    }
}

impl FromStr for PartNames {
    type Err = UnknownPart;

    fn from_str(asked: &str) -> Result<Self, UnknownPart> {
        Ok(Self(match asked {
            "embedded" => PartName::embedded(),
            "node" => PartName::NODE.to_vec(),
            name => vec![name.parse()?],
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_names_are_taken_in_their_order() {
        let words = ["kind", "node", "etcd"].map(|word| word.parse::<PartNames>().unwrap());
        let names = PartNames::flatten(&words);
        assert_eq!((names.first(), names.last()), (Some(&PartName::Kind), Some(&PartName::Etcd)));
        assert_eq!(names.len(), PartName::NODE.len() + 2);
        assert_eq!("embedded".parse(), Ok(PartNames(PartName::embedded())));
    }

    #[test]
    fn the_embedded_plane_needs_nothing_of_kind() {
        assert!(!PartName::embedded().iter().any(PartName::is_for_kind));
        assert!(PartName::all().ends_with(&PartName::KIND));
        // Two etcds: each has a name of its own, for variables and directories of the user's.
        assert_eq!("node-etcd".parse(), Ok(PartName::NodeEtcd));
        assert_eq!(PartName::NodeEtcd.variable(), "PROOFROLL_PART_NODE_ETCD");
    }

    #[test]
    fn a_name_that_is_no_parts_is_answered_with_all_names() {
        insta::assert_snapshot!("kubelt".parse::<PartNames>().unwrap_err());
    }
}
