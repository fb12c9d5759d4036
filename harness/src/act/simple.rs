//! The actions that decide nothing: one patch each.

use jiff::{Timestamp, Unit};
use serde_json::{Map, Value, json};

use super::{
    actor::{Actor, Address, Done, ObjectRef},
    error::ActError,
    json,
    plugin::Asked,
};
use crate::scenario::model::{Annotate, Delete, Patch, Restart, Scale};

impl Actor {
    /// `kubectl argo rollouts abort NAME`: `status.abort`, through the status subresource.
    ///
    /// # Errors
    /// As any request.
    pub async fn abort(&self, name: &str) -> Result<Done, ActError> {
        self.status_patch(name, abort(), Asked::Abort.typed(name)).await
    }

    /// `kubectl argo rollouts retry rollout NAME`.
    ///
    /// # Errors
    /// As any request.
    pub async fn retry(&self, name: &str) -> Result<Done, ActError> {
        self.status_patch(name, retry(), Asked::Retry.typed(name)).await
    }

    /// `kubectl argo rollouts pause NAME`: `spec.paused`.
    ///
    /// # Errors
    /// As any request.
    pub async fn pause(&self, name: &str) -> Result<Done, ActError> {
        let at = self.address("Rollout", name).await?;
        self.merge(&at, None, &pause(), Asked::Pause.typed(name)).await
    }

    /// Clears `spec.paused`. The plugin has no command for this alone (its `promote` also ends the
    /// pause of a step), so it is a plain patch.
    ///
    /// # Errors
    /// As any request.
    pub async fn resume(&self, name: &str) -> Result<Done, ActError> {
        let patch = json!({"spec": {"paused": false}});
        let at = self.address("Rollout", name).await?;
        self.merge(&at, None, &patch, patch_command("rollout", name, None, &patch)).await
    }

    /// `kubectl argo rollouts restart NAME [--in DURATION]`: `spec.restartAt`, whole seconds, by the
    /// clock of this machine (as the plugin).
    ///
    /// # Errors
    /// As any request.
    pub async fn restart(&self, name: &str, restart: &Restart) -> Result<Done, ActError> {
        let at = self.address("Rollout", name).await?;
        let patch = json!({"spec": {"restartAt": restart_at(Timestamp::now(), restart).to_string()}});
        self.merge(&at, None, &patch, Asked::Restart(restart).typed(name)).await
    }

    /// `kubectl scale rollout NAME --replicas=N`, through the scale subresource.
    ///
    /// # Errors
    /// As any request.
    pub async fn scale(&self, name: &str, scale: &Scale) -> Result<Done, ActError> {
        let at = self.address("Rollout", name).await?;
        let before = self.get(&at).await?;
        let patch = json!({"spec": {"replicas": scale.replicas}});
        let scaled = self.patch_merge(&at, Some("scale"), &patch).await?;
        // A Scale has the Rollout's uid and resourceVersion, but no generation.
        let after = self.get(&at).await?;
        let object = ObjectRef { resource_version: json::resource_version(&scaled), ..ObjectRef::of(&after) };
        let changed = json::took_effect(&before, &scaled, &patch);
        let command = format!("kubectl scale rollout {name} --replicas={}", scale.replicas);
        Ok(Done { objects: vec![object], changed, command })
    }

    /// `kubectl patch KIND NAME --type merge`.
    ///
    /// # Errors
    /// Refuses a kind that the API server does not serve; as any request.
    pub async fn patch(&self, rollout: &str, patch: &Patch) -> Result<Done, ActError> {
        let (kind, name) = target(rollout, patch.kind.as_deref(), patch.name.as_deref())?;
        let at = self.address(kind, name).await?;
        let subresource = patch.subresource.as_deref();
        let command = patch_command(&kind.to_lowercase(), name, subresource, &patch.merge);
        self.merge(&at, subresource, &patch.merge, command).await
    }

    /// `kubectl annotate KIND NAME KEY=VALUE KEY- --overwrite`.
    ///
    /// # Errors
    /// Refuses a kind that the API server does not serve; as any request.
    pub async fn annotate(&self, rollout: &str, annotate: &Annotate) -> Result<Done, ActError> {
        let (kind, name) = target(rollout, annotate.kind.as_deref(), annotate.name.as_deref())?;
        let at = self.address(kind, name).await?;
        let patch = json!({"metadata": {"annotations": annotate.annotations}});
        let mut command = format!("kubectl annotate {} {name} --overwrite", kind.to_lowercase());
        for (key, value) in &annotate.annotations {
            command += &match value {
                Some(value) => format!(" {}", quoted(&format!("{key}={value}"))),
                None => format!(" {key}-"),
            };
        }
        self.merge(&at, None, &patch, command).await
    }

    /// `kubectl delete KIND NAME`. Not waited for: an object with finalizers may be there for a while.
    ///
    /// # Errors
    /// [`ActError::Rejected`] with status 404 where it is not there; refuses a revision that has no
    /// ReplicaSet.
    pub async fn delete(&self, rollout: &str, delete: &Delete) -> Result<Done, ActError> {
        let revision_set;
        let (kind, name) = match delete.revision {
            Some(revision) => {
                revision_set = self.replica_set(rollout, revision).await?;
                ("ReplicaSet", json::text(&revision_set, "/metadata/name"))
            }
            None => target(rollout, delete.kind.as_deref(), delete.name.as_deref())?,
        };
        let at = self.address(kind, name).await?;
        let seen = self.get(&at).await?;
        self.delete_seen(&at, &seen).await?;
        let command = format!("kubectl delete {} {name}", kind.to_lowercase());
        Ok(Done { objects: vec![ObjectRef::of(&seen)], changed: true, command })
    }

    /// Tries the status subresource first, and the object itself where there is none, as the plugin.
    async fn status_patch(&self, name: &str, patch: Value, command: String) -> Result<Done, ActError> {
        let at = self.address("Rollout", name).await?;
        match self.merge(&at, Some("status"), &patch, command.clone()).await {
            Err(error) if error.is_not_found() => self.merge(&at, None, &patch, command).await,
            answer => answer,
        }
    }

    async fn merge(
        &self,
        at: &Address,
        subresource: Option<&str>,
        patch: &Value,
        command: String,
    ) -> Result<Done, ActError> {
        let before = self.get(at).await?;
        let after = self.patch_merge(at, subresource, patch).await?;
        let changed = json::took_effect(&before, &after, patch);
        Ok(Done { objects: vec![ObjectRef::of(&after)], changed, command })
    }
}

/// What `abort` sends.
pub(super) fn abort() -> Value {
    json!({"status": {"abort": true}})
}

/// What `retry rollout` sends.
pub(super) fn retry() -> Value {
    json!({"status": {"abort": false}})
}

/// What `pause` sends.
pub(super) fn pause() -> Value {
    json!({"spec": {"paused": true}})
}

/// Kind and name of what an action is about: the Rollout, where nothing else is said.
fn target<'a>(rollout: &'a str, kind: Option<&'a str>, name: Option<&'a str>) -> Result<(&'a str, &'a str), ActError> {
    match (kind, name) {
        (None, None) => Ok(("Rollout", rollout)),
        (Some("Rollout"), None) => Ok(("Rollout", rollout)),
        (None, Some(name)) => Ok(("Rollout", name)),
        (Some(kind), Some(name)) => Ok((kind, name)),
        (Some(kind), None) => Err(ActError::refused(format!("which {kind}? write its name: `name: NAME`"))),
    }
}

fn restart_at(now: Timestamp, restart: &Restart) -> Timestamp {
    let at = restart.r#in.and_then(|span| now.checked_add(span.0).ok()).unwrap_or(now);
    // Go's RFC 3339 format drops the fraction.
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    whole.round(Unit::Second).unwrap_or(whole)
}

/// The first and the last second that a restart can be at which was asked for between these times.
pub(super) fn restart_within(during: (Timestamp, Timestamp), restart: &Restart) -> (Timestamp, Timestamp) {
    (restart_at(during.0, restart), restart_at(during.1, restart))
}

fn patch_command(kind: &str, name: &str, subresource: Option<&str>, patch: &Value) -> String {
    let subresource = subresource.map(|s| format!(" --subresource {s}")).unwrap_or_default();
    let patch = if patch.is_null() { Value::Object(Map::new()) } else { patch.clone() };
    format!("kubectl patch {kind} {name}{subresource} --type merge -p {}", quoted(&patch.to_string()))
}

/// The text as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;
    use serde_json::json;

    use super::{patch_command, quoted, restart_at, target};
    use crate::scenario::{model::Restart, value::Span};

    #[rstest]
    #[case(None, "2026-11-23T04:16:38Z")]
    #[case(Some(90), "2026-11-23T04:18:08Z")]
    fn restarts_at_whole_seconds(#[case] after: Option<u64>, #[case] expected: &str) {
        let restart = Restart { r#in: after.map(|s| Span(Duration::from_secs(s))) };
        assert_eq!(restart_at("2026-11-23T04:16:38.9Z".parse().unwrap(), &restart).to_string(), expected);
    }

    #[rstest]
    #[case("app=demo:blue", "app=demo:blue")]
    #[case("", "''")]
    #[case("it's", r"'it'\''s'")]
    #[case("a b", "'a b'")]
    fn quotes_for_a_shell(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(quoted(text), expected);
    }

    #[rstest]
    #[case(None, None, Some(("Rollout", "demo")))]
    #[case(Some("Rollout"), None, Some(("Rollout", "demo")))]
    #[case(None, Some("other"), Some(("Rollout", "other")))]
    #[case(Some("Service"), Some("svc"), Some(("Service", "svc")))]
    #[case(Some("Service"), None, None)]
    fn targets(#[case] kind: Option<&str>, #[case] name: Option<&str>, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(target("demo", kind, name).ok(), expected);
    }

    #[test]
    fn a_patch_can_be_pasted() {
        let command = patch_command("rollout", "demo", Some("status"), &json!({"status": {"abort": true}}));
        insta::assert_snapshot!(command, @r#"kubectl patch rollout demo --subresource status --type merge -p '{"status":{"abort":true}}'"#);
    }
}
