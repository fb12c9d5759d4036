//! Which Kubernetes a control plane of ours has: the newest one that is pinned, unless an older one is asked for.

use semver::Version;

use super::{PartName, pin};

/// A program of Kubernetes' control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    /// The API server.
    Apiserver,
    /// Runs Deployments, ReplicaSets, Jobs, garbage collection.
    ControllerManager,
    /// Binds pods to nodes.
    Scheduler,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Apiserver, Self::ControllerManager, Self::Scheduler];

    /// The part that is this program of this Kubernetes.
    pub fn of(self, kubernetes: &Version) -> PartName {
        if *kubernetes != pin::newest_kubernetes() {
            return PartName::Kubernetes(self, kubernetes.clone());
        }
        match self {
            Self::Apiserver => PartName::KubeApiserver,
            Self::ControllerManager => PartName::KubeControllerManager,
            Self::Scheduler => PartName::KubeScheduler,
        }
    }

    pub(super) const fn binary(self) -> &'static str {
        match self {
            Self::Apiserver => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
        }
    }
}

/// The parts of a control plane with this Kubernetes, in the order of [`PartName::PLANE`]; none: the newest one.
pub fn plane(kubernetes: Option<&Version>) -> [PartName; 5] {
    let kubernetes = kubernetes.cloned().unwrap_or_else(pin::newest_kubernetes);
    let [apiserver, controller_manager, scheduler] = Program::ALL.map(|program| program.of(&kubernetes));
    [PartName::Etcd, apiserver, controller_manager, scheduler, PartName::Kwok]
}

/// A Kubernetes that is not pinned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Kubernetes {asked} is not known here; pinned are {}", pinned.join(", "))]
pub struct UnknownKubernetes {
    /// What was asked for.
    pub asked: String,
    /// What there is, newest first.
    pub pinned: Vec<String>,
}

/// The pinned Kubernetes that is meant by `1.30`, `1.30.14` or `v1.30.14`.
///
/// # Errors
/// When there is none.
pub fn asked(text: &str) -> Result<Version, UnknownKubernetes> {
    let pinned = pin::kubernetes();
    let wanted = text.strip_prefix('v').unwrap_or(text);
    let is_meant =
        |version: &&Version| version.to_string() == wanted || format!("{}.{}", version.major, version.minor) == wanted;
    pinned.iter().find(is_meant).cloned().ok_or_else(|| UnknownKubernetes {
        asked: text.to_owned(),
        pinned: pinned.iter().rev().map(|version| format!("v{version}")).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minor_a_version_and_a_tag_mean_the_same() {
        for version in pin::kubernetes() {
            let minor = format!("{}.{}", version.major, version.minor);
            for text in [minor.clone(), format!("v{minor}"), version.to_string(), format!("v{version}")] {
                assert_eq!(asked(&text).as_ref(), Ok(&version), "{text}");
            }
        }
        insta::assert_snapshot!(asked("1.2").unwrap_err(), @"Kubernetes 1.2 is not known here; pinned are v1.34.4, v1.30.14");
        assert!(asked("").is_err() && asked("1").is_err() && asked("v").is_err());
    }

    #[test]
    fn the_newest_one_is_the_plane_of_every_day() {
        assert_eq!(plane(None), PartName::PLANE);
        assert_eq!(plane(Some(&pin::newest_kubernetes())), PartName::PLANE);
        let oldest = pin::kubernetes().remove(0);
        assert_ne!(oldest, pin::newest_kubernetes(), "at least two are pinned");
        let names = plane(Some(&oldest)).map(|part| part.to_string());
        assert_eq!(names[1], format!("kube-apiserver-v{oldest}"));
        assert_eq!([&names[0], &names[4]], ["etcd", "kwok"], "they go with each");
    }
}
