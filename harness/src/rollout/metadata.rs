//! What all objects have: names, generations, times, annotations, owners, and who wrote when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fields::Fields;

/// `metadata` of any object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `name`
    pub name: String,
    /// `namespace`; empty for cluster-wide objects.
    pub namespace: String,
    /// `uid`
    pub uid: String,
    /// `generation`: the API server counts the changes of the spec.
    pub generation: i64,
    /// `resourceVersion`
    pub resource_version: String,
    /// `creationTimestamp`, whole seconds.
    pub created: Option<Timestamp>,
    /// `deletionTimestamp`: set while the object is being deleted. It lies in the future by the
    /// grace period.
    pub deletion: Option<Timestamp>,
    /// `annotations`
    pub annotations: BTreeMap<String, String>,
    /// `labels`
    pub labels: BTreeMap<String, String>,
    /// `ownerReferences`
    pub owners: Vec<Owner>,
    /// `managedFields`: the last write of each manager.
    pub writes: Vec<Write>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// `kind`
    pub kind: String,
    /// `name`
    pub name: String,
    /// `uid`
    pub uid: String,
    /// `controller`: the one owner that manages the object.
    pub controller: bool,
}

/// One entry of `metadata.managedFields`, without the fields themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Write {
    /// `manager`, as `rollouts-controller`.
    pub manager: String,
    /// `operation`: `Update` or `Apply`.
    pub operation: String,
    /// `subresource`; empty for the object itself, `status` for its status.
    pub subresource: String,
    /// `time`, whole seconds.
    pub time: Option<Timestamp>,
}

impl Metadata {
    pub(crate) fn read(object: Fields<'_>) -> Self {
        let fields = object.object("metadata");
        Self {
            name: fields.text("name"),
            namespace: fields.text("namespace"),
            uid: fields.text("uid"),
            generation: fields.count("generation"),
            resource_version: fields.text("resourceVersion"),
            created: fields.time("creationTimestamp"),
            deletion: fields.time("deletionTimestamp"),
            annotations: fields.strings("annotations"),
            labels: fields.strings("labels"),
            owners: fields.list("ownerReferences", |owner| Owner {
                kind: owner.text("kind"),
                name: owner.text("name"),
                uid: owner.text("uid"),
                controller: owner.flag("controller"),
            }),
            writes: fields.list("managedFields", |write| Write {
                manager: write.text("manager"),
                operation: write.text("operation"),
                subresource: write.text("subresource"),
                time: write.time("time"),
            }),
        }
    }

    /// Whether the object is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.deletion.is_some()
    }

    /// Whether `uid` is one of its owners.
    pub fn is_owned_by(&self, uid: &str) -> bool {
        self.owners.iter().any(|owner| owner.uid == uid)
    }

    /// When `manager` last wrote `subresource` (empty: the object itself).
    pub fn last_write(&self, manager: &str, subresource: &str) -> Option<Timestamp> {
        let own = self.writes.iter().filter(|w| w.manager == manager && w.subresource == subresource);
        own.filter_map(|w| w.time).max()
    }
}

/// One entry of `status.conditions`, of any object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// `type`, as `Progressing`.
    pub kind: String,
    /// `status`: `True`, `False` or `Unknown`.
    pub status: String,
    /// `reason`
    pub reason: String,
    /// `message`
    pub message: String,
    /// `lastUpdateTime`, whole seconds.
    pub updated: Option<Timestamp>,
    /// `lastTransitionTime`, whole seconds.
    pub changed: Option<Timestamp>,
}

impl Condition {
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        Self {
            kind: fields.text("type"),
            status: fields.text("status"),
            reason: fields.text("reason"),
            message: fields.text("message"),
            updated: fields.time("lastUpdateTime"),
            changed: fields.time("lastTransitionTime"),
        }
    }

    /// Whether the status is `True`.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
}

/// One container of a pod or of a pod template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// `name`
    pub name: String,
    /// `image`
    pub image: String,
    /// `restartPolicy: Always`: an init container that goes on running (a sidecar).
    pub is_sidecar: bool,
}

impl Container {
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        Self {
            name: fields.text("name"),
            image: fields.text("image"),
            is_sidecar: fields.text("restartPolicy") == "Always",
        }
    }
}

/// `spec.template` of a Rollout or a ReplicaSet: the containers, and the labels of the pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodTemplate {
    /// `metadata.labels`
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
    /// `spec.containers`
    pub containers: Vec<Container>,
    /// `spec.initContainers`
    pub init_containers: Vec<Container>,
}

impl PodTemplate {
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let metadata = fields.object("metadata");
        let spec = fields.object("spec");
        Self {
            labels: metadata.strings("labels"),
            annotations: metadata.strings("annotations"),
            containers: spec.list("containers", Container::read),
            init_containers: spec.list("initContainers", Container::read),
        }
    }
}
