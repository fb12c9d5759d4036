//! `set image`: the whole object is read, changed and written back, as the plugin does it.

use serde_json::Value;

use super::{
    actor::{Actor, Address, Done, ObjectRef},
    error::ActError,
    json,
    plugin::Asked,
};
use crate::scenario::model::SetImage;

/// How often the plugin reads again and tries again after a conflict.
const ATTEMPTS: usize = 5;

impl Actor {
    /// `kubectl argo rollouts set image NAME CONTAINER=IMAGE`. With a workloadRef the image of the
    /// Deployment is set (the plugin knows no other workload).
    ///
    /// # Errors
    /// Refuses a container that is not there; a conflict after five attempts.
    pub async fn set_image(&self, name: &str, set: &SetImage) -> Result<Done, ActError> {
        let mut attempt = 1;
        loop {
            match self.set_image_once(name, set).await {
                Err(error) if error.is_conflict() && attempt < ATTEMPTS => attempt += 1,
                answer => return answer,
            }
        }
    }

    async fn set_image_once(&self, name: &str, set: &SetImage) -> Result<Done, ActError> {
        let rollout = self.address("Rollout", name).await?;
        let mut at = rollout.clone();
        let mut before = self.get(&rollout).await?;
        let mut objects = Vec::new();
        if let Some(reference) = before.pointer("/spec/workloadRef").filter(|r| !r.is_null()) {
            let workload = reference.get("name").and_then(Value::as_str).ok_or_else(|| {
                ActError::refused(format!("spec.workloadRef.name is not a string: {}", reference["name"]))
            })?;
            let Address { resource, name } = self.address("Deployment.apps", workload).await?;
            objects.push(ObjectRef::of(&before));
            at = Address { resource, name };
            before = self.get(&at).await?;
        }
        let after = self.replace(&at, &with_image(&before, set)?).await?;
        objects.insert(0, ObjectRef::of(&after));
        let changed = json::differs(&before, &after);
        Ok(Done { objects, changed, command: Asked::SetImage(set).typed(name) })
    }
}

/// The object with the image of one container, or of all.
pub(super) fn with_image(object: &Value, set: &SetImage) -> Result<Value, ActError> {
    let mut object = object.clone();
    let mut found = false;
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let containers = object.pointer_mut(&format!("/spec/template/spec/{list}")).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            if set.container == "*" || json::text(container, "/name") == set.container {
                container["image"] = Value::from(set.image.clone());
                found = true;
            }
        }
    }
    if found {
        Ok(object)
    } else {
        Err(ActError::refused(format!("unable to find container named \"{}\"", set.container)))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::with_image;
    use crate::scenario::model::SetImage;

    fn object(init: &str, app: &str, side: &str, ephemeral: &str) -> Value {
        json!({"spec": {"template": {"spec": {
            "initContainers": [{"name": "init", "image": init}],
            "containers": [{"name": "app", "image": app, "args": ["-v"]}, {"name": "side", "image": side}],
            "ephemeralContainers": [{"name": "debug", "image": ephemeral}]}}}})
    }

    #[rstest]
    #[case("app", object("a", "new", "a", "a"))]
    #[case("init", object("new", "a", "a", "a"))]
    #[case("debug", object("a", "a", "a", "new"))]
    #[case("*", object("new", "new", "new", "new"))]
    fn finds_its_container(#[case] container: &str, #[case] expected: Value) {
        let set = SetImage { container: container.into(), image: "new".into() };
        assert_eq!(with_image(&object("a", "a", "a", "a"), &set).unwrap(), expected);
    }

    #[rstest]
    #[case("nobody", object("a", "a", "a", "a"))]
    #[case("*", json!({"spec": {"workloadRef": {"name": "d"}}}))]
    fn says_when_there_is_none(#[case] container: &str, #[case] object: Value) {
        let set = SetImage { container: container.into(), image: "new".into() };
        let error = with_image(&object, &set).unwrap_err().to_string();
        assert_eq!(error, format!("unable to find container named \"{container}\""));
    }
}
