//! A history as a test tells it: one Rollout `demo`, its ReplicaSets by hash, its Services.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{ALL, Ground, Judgement};
use crate::timeline::recording::{self, Line};

/// A history under way. The controller writes all but what a user is said to do.
#[derive(Default)]
pub struct Story {
    lines: Vec<Line>,
    own_writes: BTreeSet<u64>,
    objects: BTreeMap<String, Value>,
}

impl Story {
    /// A Rollout with this strategy and 4 replicas is created.
    pub fn of(strategy: Value) -> Self {
        let mut story = Self::default();
        let spec = json!({"replicas": 4, "strategy": strategy});
        story.write("rollout", "demo", &json!({"metadata": {"generation": 1}, "spec": spec, "status": {}}));
        story.own_writes.insert(story.rv());
        story
    }

    fn rv(&self) -> u64 {
        self.lines.len() as u64
    }

    /// Merges `patch` into the object and appends the version that results.
    fn write(&mut self, kind: &str, name: &str, patch: &Value) -> &mut Self {
        let rv = self.rv() + 1;
        let fresh = json!({"metadata": {"name": name, "uid": format!("uid-{name}"), "generation": 1}});
        let key = format!("{kind}/{name}");
        let known = self.objects.contains_key(&key);
        let object = self.objects.entry(key).or_insert(fresh);
        merge(object, patch);
        object["metadata"]["resourceVersion"] = json!(rv.to_string());
        let event = if known { "MODIFIED" } else { "ADDED" };
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        self.lines.push(Line { t: rv as f64, k: kind.into(), e: event.into(), o: object.clone() });
        self
    }

    /// The controller writes the status.
    pub fn status(&mut self, status: Value) -> &mut Self {
        let mut status = status;
        let generation = &self.objects["rollout/demo"]["metadata"]["generation"];
        status["observedGeneration"] = json!(generation.to_string());
        self.write("rollout", "demo", &json!({"status": status}))
    }

    /// A user changes the spec.
    pub fn spec(&mut self, spec: Value) -> &mut Self {
        let generation = self.objects["rollout/demo"]["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
        self.write("rollout", "demo", &json!({"metadata": {"generation": generation}, "spec": spec}));
        self.own_writes.insert(self.rv());
        self
    }

    /// The ReplicaSet of this hash asks for so many pods.
    pub fn asks(&mut self, hash: &str, replicas: i64) -> &mut Self {
        let owners = json!([{"kind": "Rollout", "name": "demo", "uid": "uid-demo", "controller": true}]);
        let generation = self.rv() + 1;
        let labels = json!({"rollouts-pod-template-hash": hash});
        let metadata = json!({"labels": labels, "ownerReferences": owners, "generation": generation});
        self.write("rs", &format!("demo-{hash}"), &json!({"metadata": metadata, "spec": {"replicas": replicas}}))
    }

    /// The ReplicaSet of this hash has so many pods, all available.
    pub fn has(&mut self, hash: &str, pods: i64) -> &mut Self {
        let status = json!({"replicas": pods, "readyReplicas": pods, "availableReplicas": pods});
        self.write("rs", &format!("demo-{hash}"), &json!({"status": status}))
    }

    /// The Service selects this hash.
    pub fn selects(&mut self, service: &str, hash: &str) -> &mut Self {
        let selector = json!({"rollouts-pod-template-hash": hash});
        self.write("svc", service, &json!({"spec": {"selector": selector}}))
    }

    /// The Rollout is at this revision.
    pub fn at_revision(&mut self, revision: u64) -> &mut Self {
        let annotations = json!({"rollout.argoproj.io/revision": revision.to_string()});
        self.write("rollout", "demo", &json!({"metadata": {"annotations": annotations}}))
    }

    /// What the invariant says of it.
    pub fn judged(&self, invariant: &str) -> Judgement {
        let log = recording::replay(&self.lines);
        let invariant = ALL.iter().find(|i| i.name == invariant).expect("there is such an invariant");
        invariant.judge(&Ground { history: log.history(), own_writes: &self.own_writes, quiet: None })
    }

    /// The one violation.
    pub fn fires(&self, invariant: &str) -> String {
        let judgement = self.judged(invariant);
        assert_eq!(judgement.violations.len(), 1, "{judgement:#?}");
        judgement.violations[0].what.clone()
    }

    /// That it holds, and had something to judge.
    pub fn holds(&self, invariant: &str) {
        let judgement = self.judged(invariant);
        assert_eq!(judgement.violations, []);
        assert!(judgement.judged > 0, "{invariant} judged nothing");
    }
}

fn merge(into: &mut Value, patch: &Value) {
    let (Value::Object(fields), Value::Object(patches)) = (&mut *into, patch) else {
        *into = patch.clone();
        return;
    };
    for (key, patch) in patches {
        merge(fields.entry(key.clone()).or_insert(Value::Null), patch);
    }
}
