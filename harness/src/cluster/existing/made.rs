//! What is ours in a cluster that is not: the labels that say so, and its removal.
//!
//! - [`PLANE`] is on every namespace that a user of the plane makes: all in it is ours.
//! - [`INSTALLATION`] is on what `--install` makes: a namespace with the controller, cluster roles and
//!   their bindings, custom resource definitions.
//!
//! The value is the plane's id, which is chance. What is deleted is deleted by its uid, having been seen
//! with the label: neither a name that somebody took over, nor an object made anew, can be hit. The
//! definitions go last, for all objects of their kinds go with them; one of which others have objects
//! by then stays, and is told.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Preconditions, PropagationPolicy},
    core::{GroupVersionKind, PartialObjectMeta},
};

use crate::timeouts::scaled;

/// Marks what belongs to us, for people who look at a cluster.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "proofroll");
/// On the namespaces of a plane; its value is the plane's id.
pub const PLANE: &str = "proofroll.dev/plane";
/// On what an installation made; its value is the plane's id.
pub const INSTALLATION: &str = "proofroll.dev/installation";

/// How long all of it may take to be gone. Pods may take their half minute to end.
const GONE: Duration = Duration::from_secs(180);

/// How often it is looked whether something is gone.
const LOOK: Duration = Duration::from_millis(200);

/// The labels of something of this plane.
pub fn labels(key: &str, id: &str) -> BTreeMap<String, String> {
    let (managed_by, us) = MANAGED_BY;
    [(managed_by, us), (key, id)].map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

/// Removes all that the plane with this id made, and returns when it is gone.
///
/// # Errors
/// With words about what is left, and why.
pub async fn remove(client: &Client, id: &str) -> Result<(), String> {
    let limit = scaled(GONE);
    let mut going = String::new();
    match tokio::time::timeout(limit, remove_all(client, id, &mut going)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("not gone within {}: {going}", humantime::format_duration(limit))),
    }
}

async fn remove_all(client: &Client, id: &str, going: &mut String) -> Result<(), String> {
    let kind = |group: &str, version: &str, kind: &str, plural: &str| {
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    };
    let namespaces = kind("", "v1", "Namespace", "namespaces");
    let definitions = kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
    // The controller works until no Rollout of ours is left: analysis jobs and such are its to end.
    gone(client, &namespaces, PLANE, id, going).await?;
    gone(client, &namespaces, INSTALLATION, id, going).await?;
    for (name, plural) in [("ClusterRoleBinding", "clusterrolebindings"), ("ClusterRole", "clusterroles")] {
        gone(client, &kind("rbac.authorization.k8s.io", "v1", name, plural), INSTALLATION, id, going).await?;
    }
    for definition in list(client, &definitions, INSTALLATION, id).await? {
        let others = objects_of(client, definition.metadata.name.as_deref().unwrap_or_default()).await?;
        if !others.is_empty() {
            let name = definition.metadata.name.unwrap_or_default();
            return Err(format!(
                "the custom resource definition {name} was made by this proofroll, but others have objects of it by now ({}), which would go with it: delete them, or keep both (kubectl label crd {name} {INSTALLATION}-)",
                others.join(", ")
            ));
        }
    }
    gone(client, &definitions, INSTALLATION, id, going).await
}

type Meta = PartialObjectMeta<DynamicObject>;

async fn list(client: &Client, kind: &ApiResource, label: &str, id: &str) -> Result<Vec<Meta>, String> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), kind);
    let params = ListParams::default().labels(&format!("{label}={id}"));
    let list = api.list_metadata(&params).await;
    list.map(|list| list.items).map_err(|error| format!("{} cannot be listed: {}", kind.plural, chain(&error)))
}

/// Deletes what has the label, and waits until none is left.
async fn gone(client: &Client, kind: &ApiResource, label: &str, id: &str, going: &mut String) -> Result<(), String> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), kind);
    loop {
        let left = list(client, kind, label, id).await?;
        if left.is_empty() {
            return Ok(());
        }
        for object in left.iter().filter(|object| object.metadata.deletion_timestamp.is_none()) {
            let name = object.metadata.name.as_deref().unwrap_or_default();
            let preconditions = Preconditions { uid: object.metadata.uid.clone(), resource_version: None };
            let params = DeleteParams {
                propagation_policy: Some(PropagationPolicy::Background),
                preconditions: Some(preconditions),
                ..DeleteParams::default()
            };
            match api.delete(name, &params).await {
                // Gone, or made anew, by somebody else.
                Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {}
                Err(error) => return Err(format!("{}/{name} cannot be deleted: {}", kind.plural, chain(&error))),
                Ok(_) => {}
            }
        }
        *going = describe(client, kind, &left).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// What is still there; of a namespace also what keeps it, as the API server says.
async fn describe(client: &Client, kind: &ApiResource, left: &[Meta]) -> String {
    let names = left.iter().filter_map(|object| object.metadata.name.clone());
    if kind.kind != "Namespace" {
        return names.map(|name| format!("{}/{name}", kind.plural)).collect::<Vec<_>>().join(", ");
    }
    let api: Api<Namespace> = Api::all(client.clone());
    let mut told = Vec::new();
    for name in names {
        let namespace = api.get_opt(&name).await.ok().flatten();
        let conditions = namespace.and_then(|namespace| namespace.status?.conditions).unwrap_or_default();
        let why = conditions.into_iter().filter(|c| c.status == "True").filter_map(|c| c.message);
        told.push(format!("namespace {name} ({})", why.collect::<Vec<_>>().join("; ")));
    }
    told.join(", ")
}

/// Objects of a custom resource in the cluster, a few of them: `NAMESPACE/NAME`.
async fn objects_of(client: &Client, definition: &str) -> Result<Vec<String>, String> {
    const SHOWN: u32 = 5;
    let (plural, group) = definition.split_once('.').unwrap_or((definition, ""));
    let kind = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1alpha1", ""), plural);
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind);
    let objects = match api.list_metadata(&ListParams::default().limit(SHOWN)).await {
        Ok(objects) => objects,
        // Not served any more: it is going already.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(Vec::new()),
        Err(error) => return Err(format!("{plural} cannot be listed: {}", chain(&error))),
    };
    let names = objects.items.into_iter().map(|object| {
        let name = object.metadata.name.unwrap_or_default();
        object.metadata.namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"))
    });
    Ok(names.collect())
}

fn chain(error: &kube::Error) -> String {
    crate::run::trouble::chain(error)
}
