//! The kinds that are watched.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A watched kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `argoproj.io/v1alpha1` Rollout
    Rollout,
    /// `apps/v1` ReplicaSet
    ReplicaSet,
    /// `v1` Pod
    Pod,
    /// `v1` Service
    Service,
    /// `networking.k8s.io/v1` Ingress
    Ingress,
    /// `argoproj.io/v1alpha1` AnalysisRun
    AnalysisRun,
    /// `argoproj.io/v1alpha1` Experiment
    Experiment,
    /// `batch/v1` Job
    Job,
    /// `v1` Event
    Event,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rollout,
        Self::ReplicaSet,
        Self::Pod,
        Self::Service,
        Self::Ingress,
        Self::AnalysisRun,
        Self::Experiment,
        Self::Job,
        Self::Event,
    ];

    /// `apiVersion` of its objects.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Rollout | Self::AnalysisRun | Self::Experiment => "argoproj.io/v1alpha1",
            Self::ReplicaSet => "apps/v1",
            Self::Pod | Self::Service | Self::Event => "v1",
            Self::Ingress => "networking.k8s.io/v1",
            Self::Job => "batch/v1",
        }
    }

    /// `kind` of its objects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rollout => "Rollout",
            Self::ReplicaSet => "ReplicaSet",
            Self::Pod => "Pod",
            Self::Service => "Service",
            Self::Ingress => "Ingress",
            Self::AnalysisRun => "AnalysisRun",
            Self::Experiment => "Experiment",
            Self::Job => "Job",
            Self::Event => "Event",
        }
    }

    /// The path of its collection in a namespace.
    pub fn path(self, namespace: &str) -> String {
        let api = self.api_version();
        let root = if api == "v1" { "api" } else { "apis" };
        let plural = match self {
            Self::Ingress => "ingresses".to_owned(),
            other => format!("{}s", other.name().to_lowercase()),
        };
        format!("/{root}/{api}/namespaces/{namespace}/{plural}")
    }

    /// The least object of this kind that every controller leaves alone. The timeline writes to
    /// one of each kind to learn how far a stream has come ([`super::barrier`]).
    ///
    /// The Rollouts controller passes over objects that carry a foreign instance id; the pod has a
    /// scheduling gate and the job is suspended, so nothing ever runs.
    pub fn marker(self, namespace: &str) -> Value {
        let mut marker = json!({
            "apiVersion": self.api_version(),
            "kind": self.name(),
            "metadata": {
                "name": MARKER,
                "namespace": namespace,
                "labels": {"argo-rollouts.argoproj.io/controller-instance-id": MARKER},
            },
        });
        let pod = json!({
            "schedulingGates": [{"name": "proofroll.dev/never"}],
            "restartPolicy": "Never",
            "containers": [{"name": "marker", "image": "none"}],
        });
        let template = json!({"metadata": {"labels": {"proofroll.dev/marker": "true"}}, "spec": {
            "containers": [{"name": "marker", "image": "none"}],
        }});
        let selector = json!({"matchLabels": {"proofroll.dev/marker": "true"}});
        match self {
            Self::Rollout => {
                marker["spec"] =
                    json!({"replicas": 0, "selector": selector, "template": template, "strategy": {"canary": {}}});
            }
            Self::ReplicaSet => {
                marker["spec"] = json!({"replicas": 0, "selector": selector, "template": template});
            }
            Self::Pod => marker["spec"] = pod,
            Self::Service => marker["spec"] = json!({"clusterIP": "None", "ports": [{"port": 1}]}),
            Self::Ingress => {
                marker["spec"] = json!({
                    "ingressClassName": MARKER,
                    "defaultBackend": {"service": {"name": MARKER, "port": {"number": 1}}},
                });
            }
            Self::AnalysisRun => {
                marker["spec"] =
                    json!({"metrics": [{"name": "marker", "provider": {"web": {"url": "http://127.0.0.1:1"}}}]});
            }
            Self::Experiment => {
                marker["spec"] = json!({"templates": [{"name": "marker", "replicas": 0, "selector": selector, "template": template}]});
            }
            Self::Job => marker["spec"] = json!({"suspend": true, "template": {"spec": pod}}),
            Self::Event => {
                marker["involvedObject"] =
                    json!({"kind": "Namespace", "apiVersion": "v1", "name": namespace, "namespace": namespace});
                marker["reason"] = json!("Marker");
                marker["message"] = json!("a point in the timeline of proofroll");
                marker["type"] = json!("Normal");
                marker["source"] = json!({"component": "proofroll"});
            }
        }
        marker
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Name of the marker objects.
pub const MARKER: &str = "proofroll-marker";
