//! What kubectl knows of the built-in kinds when it merges: which lists are merged by a key, and
//! which fields are replaced (the `patchStrategy` and `patchMergeKey` tags of `k8s.io/api`).
//!
//! Only what a manifest can set is here (no status), and only kinds that live in a namespace.

use super::error::ActError;

/// A place in an object: decides how the fields below it are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Anywhere in a custom resource: maps are merged, lists replaced, no directives (RFC 7386).
    Custom,
    /// The top of a built-in kind.
    Top(Kind),
    Metadata,
    ServiceSpec,
    /// `spec` of what holds a pod template; true for a Deployment.
    WorkloadSpec(bool),
    CronJobSpec,
    JobTemplate,
    DisruptionBudgetSpec,
    PodTemplate,
    PodSpec,
    Container,
    /// Anywhere else in a built-in kind: maps are merged, lists replaced.
    Plain,
}

/// The built-in kinds, as far as they differ in merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Service,
    ServiceAccount,
    Pod,
    PodTemplate,
    Deployment,
    Workload,
    CronJob,
    DisruptionBudget,
}

/// How one field is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A map field by field; a list or a scalar as a whole.
    Merge(Place),
    /// As `Merge`, and keys that the manifest does not have are dropped.
    RetainKeys(Place),
    /// As a whole, even a map.
    Replace,
    /// A list, element by element.
    List { key: &'static str, retain_keys: bool, element: Place },
    /// A list of strings, as a set.
    Set,
}

/// Groups that kubectl has types for; every other group is a custom resource to it.
const BUILT_IN: [&str; 21] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

impl Place {
    /// The top of an object of this kind.
    ///
    /// # Errors
    /// A built-in kind whose merge rules are not written down here.
    pub(crate) fn top(group: &str, kind: &str) -> Result<Self, ActError> {
        if !BUILT_IN.contains(&group) {
            return Ok(Self::Custom);
        }
        Ok(Self::Top(match (group, kind) {
            ("", "Service") => Kind::Service,
            ("", "ServiceAccount") => Kind::ServiceAccount,
            ("", "Pod") => Kind::Pod,
            ("", "PodTemplate") => Kind::PodTemplate,
            ("apps", "Deployment") => Kind::Deployment,
            ("apps", "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch", "Job") => Kind::Workload,
            ("batch", "CronJob") => Kind::CronJob,
            ("policy", "PodDisruptionBudget") => Kind::DisruptionBudget,
            ("", "ConfigMap" | "Secret" | "Endpoints" | "LimitRange" | "ResourceQuota" | "PersistentVolumeClaim")
            | ("networking.k8s.io", "Ingress" | "NetworkPolicy")
            | ("rbac.authorization.k8s.io", "Role" | "RoleBinding")
            | ("autoscaling", "HorizontalPodAutoscaler")
            | ("coordination.k8s.io", "Lease") => Kind::Plain,
            _ => {
                return Err(ActError::Unsupported {
                    what: format!("apply of a {kind} ({})", if group.is_empty() { "core" } else { group }),
                    why: "how kubectl merges this built-in kind is not known here".to_owned(),
                });
            }
        }))
    }

    /// Whether patches are of the strategic kind (with directives).
    pub(crate) fn is_strategic(self) -> bool {
        self != Self::Custom
    }

    /// How the field `name` is merged.
    pub(crate) fn field(self, name: &str) -> Rule {
        let list = |key, element| Rule::List { key, retain_keys: false, element };
        let retain = |key| Rule::List { key, retain_keys: true, element: Self::Plain };
        match (self, name) {
            (Self::Custom, _) => Rule::Merge(Self::Custom),
            (Self::Top(_), "metadata") | (Self::PodTemplate, "metadata") => Rule::Merge(Self::Metadata),
            (Self::Metadata, "ownerReferences") => list("uid", Self::Plain),
            (Self::Metadata, "finalizers") => Rule::Set,

            (Self::Top(Kind::Service), "spec") => Rule::Merge(Self::ServiceSpec),
            (Self::ServiceSpec, "ports") => list("port", Self::Plain),
            (Self::Top(Kind::ServiceAccount), "secrets") => list("name", Self::Plain),
            (Self::Top(Kind::DisruptionBudget), "spec") => Rule::Merge(Self::DisruptionBudgetSpec),
            (Self::DisruptionBudgetSpec, "selector") => Rule::Replace,

            (Self::Top(Kind::Deployment), "spec") => Rule::Merge(Self::WorkloadSpec(true)),
            (Self::Top(Kind::Workload), "spec") | (Self::JobTemplate, "spec") => Rule::Merge(Self::WorkloadSpec(false)),
            (Self::WorkloadSpec(true), "strategy") => Rule::RetainKeys(Self::Plain),
            (Self::WorkloadSpec(_), "template") | (Self::Top(Kind::PodTemplate), "template") => {
                Rule::Merge(Self::PodTemplate)
            }
            (Self::Top(Kind::CronJob), "spec") => Rule::Merge(Self::CronJobSpec),
            (Self::CronJobSpec, "jobTemplate") => Rule::Merge(Self::JobTemplate),
            (Self::JobTemplate, "metadata") => Rule::Merge(Self::Metadata),

            (Self::PodTemplate, "spec") | (Self::Top(Kind::Pod), "spec") => Rule::Merge(Self::PodSpec),
            (Self::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => list("name", Self::Container),
            (Self::PodSpec, "volumes" | "resourceClaims") => retain("name"),
            (Self::PodSpec, "imagePullSecrets" | "schedulingGates") => list("name", Self::Plain),
            (Self::PodSpec, "hostAliases") => list("ip", Self::Plain),
            (Self::PodSpec, "topologySpreadConstraints") => list("topologyKey", Self::Plain),
            (Self::Container, "ports") => list("containerPort", Self::Plain),
            (Self::Container, "env") => list("name", Self::Plain),
            (Self::Container, "volumeMounts") => list("mountPath", Self::Plain),
            (Self::Container, "volumeDevices") => list("devicePath", Self::Plain),
            _ => Rule::Merge(Self::Plain),
        }
    }
}
