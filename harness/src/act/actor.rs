//! The hand that acts: a client, a namespace, and what an action answers.

use std::time::Duration;

use http::Request as HttpRequest;
use kube::{
    Client,
    api::{DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams},
    core::request::Request,
};
use serde_json::Value;

use super::{
    error::ActError,
    json,
    kinds::{Kinds, Resource},
};

/// No single request to a living API server takes this long.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// What the plugin and kubectl call themselves in `metadata.managedFields`.
const FIELD_MANAGER: &str = "kubectl-argo-rollouts";

/// Does actions in one namespace.
#[derive(Clone)]
pub struct Actor {
    pub(super) client: Client,
    pub(super) namespace: String,
    kinds: Kinds,
}

/// What an action did.
#[derive(Debug, Clone)]
pub struct Done {
    /// The objects as the API server returned them, in the order of the requests. Where an action on a
    /// Rollout changed the workload that it refers to, the Rollout as it was before comes last.
    pub objects: Vec<ObjectRef>,
    /// Whether anything changed that a person has a say in. An action that changes nothing is answered
    /// with the old resourceVersion, but for a scale: its bookkeeping in `managedFields` may change.
    pub changed: bool,
    /// What a person would have typed, for people to read.
    pub command: String,
}

impl Done {
    /// The object of this kind and name.
    pub fn object(&self, kind: &str, name: &str) -> Option<&ObjectRef> {
        self.objects.iter().find(|o| o.kind == kind && o.name == name)
    }
}

/// One object as the API server returned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// `kind`
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.resourceVersion`: a state at or after it knows of the action. After a deletion it is
    /// the last one that was seen before.
    pub resource_version: u64,
    /// `metadata.generation`; 0 for kinds without one.
    pub generation: i64,
}

impl ObjectRef {
    /// Of an object as the API server showed it.
    pub fn of(object: &Value) -> Self {
        Self {
            kind: json::text(object, "/kind").to_owned(),
            name: json::text(object, "/metadata/name").to_owned(),
            uid: json::text(object, "/metadata/uid").to_owned(),
            resource_version: json::resource_version(object),
            generation: json::number(object, "/metadata/generation").unwrap_or(0),
        }
    }
}

/// The forms of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchKind {
    /// Server-side apply, with force.
    Apply,
    Merge,
    Strategic,
    /// RFC 6902.
    Json,
}

/// An object's address: its resource and its name.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) resource: Resource,
    pub(super) name: String,
}

impl Address {
    /// A scenario has its namespace and nothing else, least of all in a cluster that is somebody else's.
    fn of(resource: Resource, name: &str) -> Result<Self, ActError> {
        if resource.namespaced {
            return Ok(Self { resource, name: name.to_owned() });
        }
        Err(ActError::Unsupported {
            what: format!("an action on the {} {name}", resource.kind),
            why: "it lives outside namespaces, where other scenarios would see it".to_owned(),
        })
    }
}

impl Actor {
    /// Acts in `namespace`. `kinds` is what is known of the control plane; share it between actors.
    pub fn new(client: Client, namespace: impl Into<String>, kinds: Kinds) -> Self {
        Self { client, namespace: namespace.into(), kinds }
    }

    /// The Rollout of this name, as JSON.
    ///
    /// # Errors
    /// [`ActError::Rejected`] with status 404 where there is none.
    pub async fn rollout(&self, name: &str) -> Result<Value, ActError> {
        self.get(&self.address("Rollout", name).await?).await
    }

    /// The object of this kind and name, as JSON.
    ///
    /// # Errors
    /// As any request.
    pub async fn object(&self, kind: &str, name: &str) -> Result<Value, ActError> {
        self.get(&self.address(kind, name).await?).await
    }

    /// The ReplicaSets that the Rollout controls (by uid), as JSON.
    ///
    /// # Errors
    /// As any request.
    pub async fn replica_sets(&self, rollout: &Value) -> Result<Vec<Value>, ActError> {
        self.controlled_by("ReplicaSet.apps", rollout).await
    }

    /// The objects of this kind that `owner` controls (by uid).
    pub(super) async fn controlled_by(&self, kind: &str, owner: &Value) -> Result<Vec<Value>, ActError> {
        let uid = json::text(owner, "/metadata/uid");
        let resource = self.kinds.by_name(&self.client, kind).await?;
        let request = Request::new(resource.path(&self.namespace)).list(&ListParams::default());
        let mut list = self.send(&format!("list {}", resource.plural), request).await?;
        let items = list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        Ok(items.into_iter().filter(|object| json::controller_uid(object) == Some(uid)).collect())
    }

    /// The ReplicaSet of this revision.
    pub(super) async fn replica_set(&self, rollout: &str, revision: u64) -> Result<Value, ActError> {
        let rollout = self.rollout(rollout).await?;
        let wanted = revision.to_string();
        let mut all = self.replica_sets(&rollout).await?.into_iter();
        all.find(|rs| json::annotation(rs, "rollout.argoproj.io/revision") == wanted)
            .ok_or_else(|| ActError::refused(format!("there is no ReplicaSet of revision {revision}")))
    }

    pub(super) async fn address(&self, kind: &str, name: &str) -> Result<Address, ActError> {
        let kind = if kind == "Rollout" { "Rollout.argoproj.io" } else { kind };
        Address::of(self.kinds.by_name(&self.client, kind).await?, name)
    }

    pub(super) async fn address_of(&self, manifest: &Value) -> Result<Address, ActError> {
        let (api_version, kind) = (json::text(manifest, "/apiVersion"), json::text(manifest, "/kind"));
        let resource = self.kinds.by_manifest(&self.client, api_version, kind).await?;
        Address::of(resource, json::text(manifest, "/metadata/name"))
    }

    pub(super) async fn get(&self, at: &Address) -> Result<Value, ActError> {
        let request = self.request(at).get(&at.name, &GetParams::default());
        self.send(&format!("get {}", at.label()), request).await
    }

    pub(super) async fn create(&self, at: &Address, object: &Value, manager: &str) -> Result<Value, ActError> {
        let params = PostParams { field_manager: Some(manager.to_owned()), ..PostParams::default() };
        let request = self.request(at).create(&params, object.to_string().into_bytes());
        self.send(&format!("create {}", at.label()), request).await
    }

    pub(super) async fn replace(&self, at: &Address, object: &Value) -> Result<Value, ActError> {
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let request = self.request(at).replace(&at.name, &params, object.to_string().into_bytes());
        self.send(&format!("update {}", at.label()), request).await
    }

    pub(super) async fn patch_as(
        &self,
        at: &Address,
        kind: PatchKind,
        subresource: Option<&str>,
        patch: &Value,
        manager: &str,
    ) -> Result<Value, ActError> {
        let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        let patch = match kind {
            PatchKind::Merge => Patch::Merge(patch),
            PatchKind::Strategic => Patch::Strategic(patch),
            // `Patch::Json` wants operations that are parsed; these are, by the API server.
            PatchKind::Apply => {
                let params = PatchParams::apply(manager).force();
                let request = self.request(at).patch(&at.name, &params, &Patch::Apply(patch));
                return self.send(&format!("apply {}", at.label()), request).await;
            }
            PatchKind::Json => return self.json_patch(at, patch, manager).await,
        };
        let (what, request) = match subresource {
            None => (format!("patch {}", at.label()), self.request(at).patch(&at.name, &params, &patch)),
            Some(sub) => (
                format!("patch {} ({sub})", at.label()),
                self.request(at).patch_subresource(sub, &at.name, &params, &patch),
            ),
        };
        self.send(&what, request).await
    }

    pub(super) async fn patch_merge(
        &self,
        at: &Address,
        subresource: Option<&str>,
        patch: &Value,
    ) -> Result<Value, ActError> {
        self.patch_as(at, PatchKind::Merge, subresource, patch, FIELD_MANAGER).await
    }

    async fn json_patch(&self, at: &Address, patch: &Value, manager: &str) -> Result<Value, ActError> {
        let uri = format!("{}/{}?fieldManager={manager}", at.resource.path(&self.namespace), at.name);
        let request = HttpRequest::patch(uri)
            .header(http::header::CONTENT_TYPE, "application/json-patch+json")
            .body(patch.to_string().into_bytes())
            .map_err(kube::core::request::Error::BuildRequest);
        self.send(&format!("patch {}", at.label()), request).await
    }

    /// Deletes the very object that was looked at, its dependents after it. The answer is the object,
    /// where it takes its time to go.
    pub(super) async fn delete_seen(&self, at: &Address, seen: &Value) -> Result<Value, ActError> {
        let uid = json::text(seen, "/metadata/uid").to_owned();
        let params = DeleteParams::background()
            .preconditions(kube::api::Preconditions { uid: Some(uid), resource_version: None });
        let request = self.request(at).delete(&at.name, &params);
        self.send(&format!("delete {}", at.label()), request).await
    }

    fn request(&self, at: &Address) -> Request {
        Request::new(at.resource.path(&self.namespace))
    }

    pub(super) async fn send(
        &self,
        what: &str,
        request: Result<HttpRequest<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, ActError> {
        let request = request.map_err(|e| ActError::Refused(format!("{what}: {e}")))?;
        match tokio::time::timeout(REQUEST_LIMIT, self.client.request(request)).await {
            Ok(answer) => answer.map_err(|e| ActError::from_client(what, e)),
            Err(_) => Err(ActError::TimedOut { what: what.to_owned(), limit: REQUEST_LIMIT }),
        }
    }
}

impl Address {
    /// `rollouts/demo`
    pub(super) fn label(&self) -> String {
        format!("{}/{}", self.resource.plural, self.name)
    }
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actor").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_there_is_infrastructure() {
        // Bound and closed again: nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = kube::Config::new(format!("http://127.0.0.1:{port}").parse().unwrap());
        let actor = Actor::new(Client::try_from(config).unwrap(), "ns", Kinds::new());
        let error = actor.abort("demo").await.unwrap_err();
        assert!(error.is_infrastructure(), "{error}");
        assert!(error.to_string().starts_with("no answer to discovery from the API server: "), "{error}");
    }

    #[test]
    fn a_no_is_told_from_a_failure() {
        let status = |code: u16| {
            let status = kube::core::Status { code, ..kube::core::Status::failure("said so", "Because") };
            ActError::from_client("patch rollouts/demo", kube::Error::Api(status.boxed()))
        };
        assert_eq!(status(422).to_string(), "the API server rejected patch rollouts/demo: 422 Because: said so");
        assert!(!status(409).is_infrastructure());
        for code in [429, 500, 503, 504] {
            assert!(status(code).is_infrastructure(), "{code}");
        }
    }
}
