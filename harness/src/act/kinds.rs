//! Which resource serves a kind: discovery, asked once and remembered.

use std::{collections::BTreeMap, sync::Arc};

use kube::{Client, core::discovery::v2::APIGroupDiscoveryList};
use tokio::sync::Mutex;

use super::error::ActError;

/// A resource of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Group; empty for the core.
    pub(crate) group: String,
    /// Version.
    pub(crate) version: String,
    /// Kind.
    pub(crate) kind: String,
    /// As in paths: `rollouts`.
    pub(crate) plural: String,
    /// Whether its objects lie in namespaces.
    pub(crate) namespaced: bool,
}

impl Resource {
    /// `apiVersion` of its objects.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path under which the objects of `namespace` are found.
    pub(crate) fn path(&self, namespace: &str) -> String {
        let root = format!("/{}/{}", if self.group.is_empty() { "api" } else { "apis" }, self.api_version());
        if self.namespaced {
            format!("{root}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}/{}", self.plural)
        }
    }
}

/// The kinds that one control plane serves. Cheap to clone; clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    known: Arc<Mutex<Option<Known>>>,
}

/// Kind -> its resources, in order of preference.
type Known = BTreeMap<String, Vec<Resource>>;

impl Kinds {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The resource of a kind, as a manifest names it: `apiVersion` and `kind`.
    pub(crate) async fn by_manifest(
        &self,
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<Resource, ActError> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.find(client, kind, |r| r.group == group && r.version == version).await?.ok_or_else(|| {
            ActError::Refused(format!(
                "no matches for kind \"{kind}\" in version \"{api_version}\": is its CRD installed?"
            ))
        })
    }

    /// The resource of a kind alone (`Service`) or with its group (`Service.serving.knative.dev`).
    pub(crate) async fn by_name(&self, client: &Client, name: &str) -> Result<Resource, ActError> {
        let (kind, group) = match name.split_once('.') {
            Some((kind, group)) => (kind, Some(group)),
            None => (name, None),
        };
        self.find(client, kind, |r| group.is_none_or(|g| g == r.group)).await?.ok_or_else(|| {
            ActError::Refused(format!("the API server serves no kind \"{name}\": is its CRD installed?"))
        })
    }

    /// Asks again once where the kind is not known: its CRD may have come since.
    async fn find(
        &self,
        client: &Client,
        kind: &str,
        wanted: impl Fn(&Resource) -> bool,
    ) -> Result<Option<Resource>, ActError> {
        let mut known = self.known.lock().await;
        let pick = |known: &Known| known.get(kind).and_then(|rs| rs.iter().find(|r| wanted(r)).cloned());
        if let Some(found) = known.as_ref().and_then(&pick) {
            return Ok(Some(found));
        }
        Ok(pick(known.insert(discover(client).await?)))
    }
}

async fn discover(client: &Client) -> Result<Known, ActError> {
    let failed = |error| ActError::from_client("discovery", error);
    let core = client.list_core_api_versions_aggregated().await.map_err(failed)?;
    let groups = client.list_api_groups_aggregated().await.map_err(failed)?;
    let mut known = Known::new();
    collect(&core, &mut known);
    collect(&groups, &mut known);
    Ok(known)
}

fn collect(groups: &APIGroupDiscoveryList, known: &mut Known) {
    for group in &groups.items {
        let name = group.metadata.as_ref().and_then(|m| m.name.clone()).unwrap_or_default();
        for version in &group.versions {
            for resource in &version.resources {
                let kind = resource.response_kind.as_ref().and_then(|k| k.kind.clone());
                let (Some(kind), Some(plural), Some(version)) =
                    (kind, resource.resource.clone(), version.version.clone())
                else {
                    continue;
                };
                let namespaced = resource.scope.as_deref() == Some("Namespaced");
                let resource = Resource { group: name.clone(), version, kind: kind.clone(), plural, namespaced };
                known.entry(kind).or_default().push(resource);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        let list = |group: &str, version: &str, kind: &str, plural: &str, scope: &str| {
            serde_json::from_value(json!({"items": [{"metadata": {"name": group}, "versions": [{"version": version,
                "resources": [{"resource": plural, "scope": scope, "responseKind": {"kind": kind}}]}]}]}))
            .unwrap()
        };
        let mut known = Known::new();
        collect(&list("", "v1", "Event", "events", "Namespaced"), &mut known);
        collect(&list("events.k8s.io", "v1", "Event", "events", "Namespaced"), &mut known);
        collect(
            &list("argoproj.io", "v1alpha1", "ClusterAnalysisTemplate", "clusteranalysistemplates", "Cluster"),
            &mut known,
        );
        known
    }

    #[test]
    fn core_comes_first_and_paths_follow_the_scope() {
        let known = known();
        let events: Vec<_> = known["Event"].iter().map(|r| r.path("ns")).collect();
        assert_eq!(events, ["/api/v1/namespaces/ns/events", "/apis/events.k8s.io/v1/namespaces/ns/events"]);
        let template = &known["ClusterAnalysisTemplate"][0];
        assert_eq!(template.path("ns"), "/apis/argoproj.io/v1alpha1/clusteranalysistemplates");
    }
}
