//! Pods that run are changed as a kubelet would change them.
//!
//! What a kubelet does by itself (a probe fails, a container ends) kwok does here: the action writes
//! an event that is due at once into the pod's status ([`crate::pods::event`]), kwok's stages play it,
//! and the action is done when the pod shows so. Only one hand ever writes what containers do, so
//! nothing that is under way in kwok can undo it.

use std::time::Duration;

use futures::TryStreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{WatchEvent, WatchParams},
};
use serde_json::{Value, json};

use super::{
    actor::{Actor, Address, Done, ObjectRef, PatchKind},
    error::ActError,
    json,
};
use crate::{pods::event::Event, scenario::model::Pods, timeouts::scaled};

/// How long kwok may take to play an event that is due.
const PLAYED_WITHIN: Duration = Duration::from_secs(30);

/// What a kubelet calls itself in `metadata.managedFields`.
const FIELD_MANAGER: &str = "kubelet";

impl Actor {
    /// Changes pods of one revision of the Rollout, the first ones by name, and waits until they show it.
    ///
    /// # Errors
    /// Refuses a revision that has no ReplicaSet, or fewer pods than are meant; as any request.
    pub async fn pods(&self, rollout: &str, pods: &Pods) -> Result<Done, ActError> {
        let set = self.replica_set(rollout, pods.revision).await?;
        let all = self.controlled_by("Pod", &set).await?;
        let mut chosen: Vec<Value> = all.into_iter().filter(|pod| is_meant(pod, pods)).collect();
        chosen.sort_by(|a, b| json::text(a, "/metadata/name").cmp(json::text(b, "/metadata/name")));
        let (there, count) = (chosen.len(), pods.count().unwrap_or(chosen.len()));
        if count > there || there == 0 {
            let which = if pods.exit.is_some() { "whose containers can end" } else { "that are not terminating" };
            let asked = pods.count().map_or(String::new(), |count| format!(", not {count}"));
            let what = format!("revision {} has {there} pods {which}{asked}", pods.revision);
            return Err(ActError::refused(what));
        }
        chosen.truncate(count);
        if pods.delete.is_none() {
            for pod in &mut chosen {
                self.started(pod).await?;
            }
        }
        let mut objects = Vec::new();
        // All of them first, then all are waited for: they change together.
        for pod in &chosen {
            let at = self.address("Pod", json::text(pod, "/metadata/name")).await?;
            objects.push(self.change(&at, pod, pods).await?);
        }
        if let Some((event, _)) = event(pods) {
            for object in &mut objects {
                self.played(object, event).await?;
            }
        }
        let changed = pods.delete.is_some()
            || objects.iter().zip(&chosen).any(|(after, pod)| after.resource_version != json::resource_version(pod));
        Ok(Done { objects, changed, command: pods.to_string() })
    }

    async fn change(&self, at: &Address, pod: &Value, pods: &Pods) -> Result<ObjectRef, ActError> {
        if pods.delete.is_some() {
            let answer = self.delete_seen(at, pod).await?;
            // What is gone at once is answered with a word of success.
            let last = if json::text(&answer, "/kind") == "Pod" { &answer } else { pod };
            return Ok(ObjectRef { kind: "Pod".into(), ..ObjectRef::of(last) });
        }
        let now = Timestamp::now();
        let conditions = match event(pods) {
            Some((event, reason)) => {
                let off = called_off(event).iter().filter(|other| is_to_come(pod, **other));
                off.map(|other| other.called_off()).chain([event.due(now, &reason)]).collect()
            }
            None => gates(pod, pods, now),
        };
        let patch = json!({"status": {"conditions": conditions}});
        let after = self.patch_as(at, PatchKind::Strategic, Some("status"), &patch, FIELD_MANAGER).await?;
        Ok(ObjectRef::of(&after))
    }

    /// Waits until the pod has started, and takes it as it is then.
    async fn started(&self, pod: &mut Value) -> Result<(), ActError> {
        if !has_started(pod) {
            *pod = self.until(&ObjectRef::of(pod), "start", has_started).await?;
        }
        Ok(())
    }

    /// Waits until the event is no longer to come, and takes the pod's resourceVersion of that moment.
    async fn played(&self, pod: &mut ObjectRef, event: Event) -> Result<(), ActError> {
        let seen = self.until(pod, &event.to_string(), |pod| !is_to_come(pod, event)).await?;
        pod.resource_version = json::resource_version(&seen);
        Ok(())
    }

    /// Waits until a version of the pod after this one is so, or it is gone. What it waits for is named `event`.
    async fn until(&self, pod: &ObjectRef, event: &str, so: impl Fn(&Value) -> bool) -> Result<Value, ActError> {
        let limit = scaled(PLAYED_WITHIN);
        match tokio::time::timeout(limit, self.watch(pod, so)).await {
            Ok(result) => result,
            Err(_) => Err(ActError::NotPlayed { event: event.to_owned(), pod: pod.name.clone(), limit }),
        }
    }

    async fn watch(&self, pod: &ObjectRef, so: impl Fn(&Value) -> bool) -> Result<Value, ActError> {
        let what = format!("watch pods/{}", pod.name);
        let failed = |error| ActError::from_client(&what, error);
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = WatchParams::default().fields(&format!("metadata.name={}", pod.name));
        let mut from = pod.resource_version.to_string();
        loop {
            // From the version on that we know: what comes is later than it.
            let mut events = std::pin::pin!(api.watch(&params, &from).await.map_err(failed)?);
            while let Some(seen) = events.try_next().await.map_err(failed)? {
                let (seen, gone) = match seen {
                    WatchEvent::Modified(seen) => (seen, false),
                    WatchEvent::Deleted(seen) => (seen, true),
                    WatchEvent::Error(status) => return Err(failed(kube::Error::Api(status))),
                    WatchEvent::Added(_) | WatchEvent::Bookmark(_) => continue,
                };
                let seen = serde_json::to_value(seen).unwrap_or_default();
                json::text(&seen, "/metadata/resourceVersion").clone_into(&mut from);
                if so(&seen) || gone {
                    return Ok(seen);
                }
            }
        }
    }
}

/// The event that a change is, and its reason; None for what needs no kubelet.
fn event(pods: &Pods) -> Option<(Event, String)> {
    match (pods.ready, pods.exit, pods.waiting) {
        (Some(true), ..) => Some((Event::Ready, String::new())),
        (Some(false), ..) => Some((Event::Unready, String::new())),
        (_, Some(code), _) => Some((Event::Exit, code.to_string())),
        (_, _, Some(reason)) => Some((Event::Waiting, reason.to_string())),
        _ => None,
    }
}

/// What of a script an event makes void. (An exit, and waiting, call off the rest by themselves.)
fn called_off(event: Event) -> &'static [Event] {
    match event {
        Event::Ready => &[Event::Unready, Event::Start],
        Event::Unready => &[Event::Ready],
        Event::Start | Event::Exit | Event::Waiting => &[],
    }
}

fn is_to_come(pod: &Value, event: Event) -> bool {
    let kind = event.condition();
    let conditions = json::list(pod, "/status/conditions").iter();
    conditions.into_iter().any(|c| json::text(c, "/type") == kind && json::text(c, "/status") == "False")
}

/// The conditions of readiness gates, with a time where they change.
fn gates(pod: &Value, pods: &Pods, now: Timestamp) -> Vec<Value> {
    let status = |open: bool| if open { "True" } else { "False" };
    let is = |name: &str, status: &str| {
        let mut conditions = json::list(pod, "/status/conditions").iter();
        conditions.any(|c| json::text(c, "/type") == name && json::text(c, "/status") == status)
    };
    let changed = pods.gate.iter().map(|(name, open)| (name, status(*open))).filter(|(name, status)| !is(name, status));
    changed
        .map(|(name, status)| json!({"type": name, "status": status, "lastTransitionTime": now.round(jiff::Unit::Second).unwrap_or(now)}))
        .collect()
}

fn has_started(pod: &Value) -> bool {
    !json::list(pod, "/status/containerStatuses").is_empty()
}

/// Whether a pod can be changed so: it neither goes nor is done, and its containers have not ended already if they are to
/// end. One that has not started yet is waited for.
fn is_meant(pod: &Value, pods: &Pods) -> bool {
    if !json::text(pod, "/metadata/deletionTimestamp").is_empty() {
        return false;
    }
    if pods.delete.is_some() {
        return true;
    }
    let containers = json::list(pod, "/status/containerStatuses");
    let done = ["Succeeded", "Failed"].contains(&json::text(pod, "/status/phase"));
    let wait = containers.iter().any(|container| container.pointer("/state/waiting").is_some());
    !(done || wait && pods.exit.is_some())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn pods(action: Value) -> Pods {
        serde_json::from_value(action).unwrap()
    }

    fn pod(state: Value, phase: &str) -> Value {
        json!({"metadata": {"name": "p"}, "status": {"phase": phase, "containerStatuses": [{"name": "c", "state": state}]}})
    }

    #[rstest]
    #[case::runs(json!({"running": {}}), "Running", json!({"exit": 1}), true)]
    #[case::crashed(json!({"waiting": {}}), "Running", json!({"exit": 1}), false)]
    #[case::crashed_is_to_be_ready(json!({"waiting": {}}), "Running", json!({"ready": true}), true)]
    #[case::image_is_missing(json!({"waiting": {}}), "Pending", json!({"ready": true}), true)]
    #[case::done(json!({"terminated": {}}), "Failed", json!({"ready": true}), false)]
    fn pods_that_are_meant(#[case] state: Value, #[case] phase: &str, #[case] action: Value, #[case] meant: bool) {
        assert_eq!(is_meant(&pod(state, phase), &pods(action)), meant);
    }

    #[test]
    fn a_pod_that_has_not_started_is_meant_and_one_that_goes_is_not() {
        let fresh = json!({"metadata": {"name": "p"}, "status": {"phase": "Pending"}});
        assert!(is_meant(&fresh, &pods(json!({"exit": 1}))) && !has_started(&fresh));
        let going = json!({"metadata": {"deletionTimestamp": "2026-11-23T04:16:38Z"}, "status": {}});
        assert!(!is_meant(&going, &pods(json!({"delete": "all"}))));
    }

    #[test]
    fn a_gate_that_is_as_asked_keeps_its_time() {
        let pod = json!({"status": {"conditions": [{"type": "a/b", "status": "True"}]}});
        let now: Timestamp = "2026-11-23T04:16:38.4Z".parse().unwrap();
        assert_eq!(gates(&pod, &pods(json!({"gate": {"a/b": true}})), now), Vec::<Value>::new());
        let expected = json!({"type": "a/b", "status": "False", "lastTransitionTime": "2026-11-23T04:16:38Z"});
        assert_eq!(gates(&pod, &pods(json!({"gate": {"a/b": false}})), now), [expected]);
    }

    #[rstest]
    #[case(json!({"revision": 2, "ready": false}), "make the pods of revision 2 unready")]
    #[case(json!({"revision": 2, "exit": 137, "count": 1}), "end the containers of 1 pod of revision 2 with exit code 137")]
    #[case(json!({"revision": 1, "waiting": "ErrImagePull", "count": 2}), "let the containers of 2 pods of revision 1 wait with ErrImagePull")]
    #[case(json!({"revision": 1, "gate": {"a/b": true}}), "set the readiness gates of the pods of revision 1: a/b=true")]
    #[case(json!({"revision": 1, "delete": 2}), "delete 2 pods of revision 1")]
    #[case(json!({"revision": 1, "delete": "all"}), "delete the pods of revision 1")]
    fn said_in_words(#[case] action: Value, #[case] says: &str) {
        assert_eq!(pods(action).to_string(), says);
    }
}
