//! What a Rollout names: taken from the input, or made up where it is not there.
//!
//! Only what a controller or the API server asks for is needed: Services, analysis templates, the workload of a
//! `workloadRef`; for pods their ServiceAccount, PriorityClass and RuntimeClass. ConfigMaps, Secrets and volumes are not:
//! pods are fake.
//!
//! Metrics are never asked of whoever the templates name: each one is a stub that succeeds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    read::{Found, name},
    strip::strip,
};
use crate::metrics::placeholder;

/// The metric that succeeds, on the metric server of the harness.
pub(super) const METRIC: &str = "stub";

/// The objects that go with one Rollout.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Companions {
    /// In its namespace.
    pub namespaced: Vec<Value>,
    /// Outside namespaces.
    pub shared: Vec<Value>,
    /// Which of the former is the workload that it refers to.
    pub workload: Option<usize>,
    /// What was made up, as `Service web`.
    pub made_up: Vec<String>,
    /// What was made up and what was changed, in words that fit many Rollouts.
    pub notes: Vec<String>,
}

/// All objects of the input that may be named.
pub struct Known<'a> {
    others: BTreeMap<(&'a str, &'a str, &'a str), &'a Value>,
}

impl<'a> Known<'a> {
    /// By kind, namespace and name.
    pub fn of(others: &'a [Found]) -> Self {
        let key = |found: &'a Found| {
            let (namespace, name) = name(&found.object);
            let kind = found.object["kind"].as_str().unwrap_or_default();
            let namespace = if kind.starts_with("Cluster") { "" } else { namespace };
            (kind, namespace, name)
        };
        Self { others: others.iter().map(|found| (key(found), &found.object)).collect() }
    }

    fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.others.get(&(kind, namespace, name)).map(|object| strip(object))
    }
}

/// Finds or makes what `rollout` names.
pub fn companions(rollout: &Value, known: &Known<'_>) -> Companions {
    let (namespace, own_name) = name(rollout);
    let mut gathered = Gathered { known, namespace, companions: Companions::default(), made_up: BTreeSet::new() };
    let spec = &rollout["spec"];
    let workload = gathered.workload(spec, own_name);
    let template = workload.as_ref().map_or(&spec["template"], template_of);
    let labels = match spec["selector"]["matchLabels"].as_object() {
        Some(labels) if !labels.is_empty() => Value::Object(labels.clone()),
        _ => template["metadata"]["labels"].clone(),
    };
    for service in services(&spec["strategy"]) {
        gathered.take(
            "Service",
            &service,
            || json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector": labels, "ports": [{"port": 80}]}}),
        );
    }
    for (template, in_cluster) in templates(&spec["strategy"]) {
        gathered.analysis_template(&template, in_cluster);
    }
    gathered.for_pods(&template["spec"]);
    let Gathered { mut companions, made_up, .. } = gathered;
    if !made_up.is_empty() {
        let kinds: BTreeSet<&str> = made_up.iter().map(|object| object.split(' ').next().unwrap_or_default()).collect();
        let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
        companions.notes.push(format!("not in the input, and made up: its {kinds}"));
        companions.made_up = made_up.into_iter().collect();
    }
    companions
}

/// The pod template of a workload.
pub(super) fn template_of(workload: &Value) -> &Value {
    if workload["kind"] == "PodTemplate" { &workload["template"] } else { &workload["spec"]["template"] }
}

struct Gathered<'a> {
    known: &'a Known<'a>,
    namespace: &'a str,
    companions: Companions,
    made_up: BTreeSet<String>,
}

impl Gathered<'_> {
    /// Takes an object of the namespace from the input, or makes one.
    fn take(&mut self, kind: &str, name: &str, make: impl FnOnce() -> Value) -> usize {
        let there = |object: &Value| object["kind"] == kind && object["metadata"]["name"] == name;
        if let Some(index) = self.companions.namespaced.iter().position(there) {
            return index;
        }
        let object = self.known.find(kind, self.namespace, name).unwrap_or_else(|| {
            self.made_up.insert(format!("{kind} {name}"));
            let mut made = make();
            made["metadata"]["name"] = name.into();
            made
        });
        self.companions.namespaced.push(object);
        self.companions.namespaced.len() - 1
    }

    fn workload(&mut self, spec: &Value, rollout: &str) -> Option<Value> {
        let reference = spec.get("workloadRef").filter(|reference| reference.is_object())?;
        let text = |key: &str| reference[key].as_str().unwrap_or_default().to_owned();
        let (api_version, kind, name) = (text("apiVersion"), text("kind"), text("name"));
        let labels = match spec["selector"]["matchLabels"].as_object() {
            Some(labels) if !labels.is_empty() => Value::Object(labels.clone()),
            _ => json!({"app": rollout}),
        };
        let template =
            json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "none"}]}});
        let index = self.take(&kind, &name, || match kind.as_str() {
            "PodTemplate" => json!({"apiVersion": api_version, "kind": kind, "template": template}),
            _ => json!({"apiVersion": api_version, "kind": kind,
                "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}}),
        });
        self.companions.workload = Some(index);
        // Its own pods are nothing to the Rollout.
        let object = &mut self.companions.namespaced[index];
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("replicas".into(), 0.into());
        }
        Some(object.clone())
    }

    fn analysis_template(&mut self, name: &str, in_cluster: bool) {
        let kind = if in_cluster { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
        let namespace = if in_cluster { "" } else { self.namespace };
        let known = self.known.find(kind, namespace, name);
        let missing = known.is_none();
        let stub = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": name},
            "spec": stubbed(known.as_ref().map_or(&Value::Null, |known| &known["spec"]), name)});
        if missing {
            self.made_up.insert(format!("{kind} {name}"));
        } else {
            self.note("the metrics of its analysis are played as stubs that succeed");
        }
        let list = if in_cluster { &mut self.companions.shared } else { &mut self.companions.namespaced };
        if !list.contains(&stub) {
            list.push(stub);
        }
    }

    /// What the API server asks for before it lets a pod be made.
    fn for_pods(&mut self, pod: &Value) {
        let text = |key: &str| pod[key].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        let account = text("serviceAccountName").or_else(|| text("serviceAccount"));
        if let Some(account) = account.filter(|account| account != "default") {
            self.take("ServiceAccount", &account, || json!({"apiVersion": "v1", "kind": "ServiceAccount"}));
        }
        if let Some(name) = text("priorityClassName").filter(|name| !name.starts_with("system-")) {
            self.companions.shared.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                "metadata": {"name": name}, "value": 1000}));
        }
        if let Some(name) = text("runtimeClassName") {
            self.companions.shared.push(json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass",
                "metadata": {"name": name}, "handler": "proofroll"}));
        }
    }

    fn note(&mut self, note: &str) {
        if !self.companions.notes.iter().any(|known| known == note) {
            self.companions.notes.push(note.to_owned());
        }
    }
}

/// An object that a Rollout names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub api_version: String,
    pub kind: String,
    pub name: String,
}

/// What a Rollout names, but for its pods' sake: what is missing for those is made up as well as it is read.
pub(super) fn named(rollout: &Value) -> Vec<Named> {
    let named = |api_version: &str, kind: &str, name: String| Named {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name,
    };
    let spec = &rollout["spec"];
    let text = |key: &str| spec["workloadRef"][key].as_str().filter(|text| !text.is_empty());
    let workload = text("apiVersion").zip(text("kind")).zip(text("name"));
    let mut all: Vec<Named> =
        workload.into_iter().map(|((version, kind), name)| named(version, kind, name.to_owned())).collect();
    all.extend(services(&spec["strategy"]).into_iter().map(|name| named("v1", "Service", name)));
    all.extend(templates(&spec["strategy"]).into_iter().map(|(name, in_cluster)| {
        let kind = if in_cluster { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
        named("argoproj.io/v1alpha1", kind, name)
    }));
    all
}

/// The Services that a strategy names.
fn services(strategy: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for pointer in [
        "/canary/canaryService",
        "/canary/stableService",
        "/canary/pingPong/pingService",
        "/canary/pingPong/pongService",
        "/blueGreen/activeService",
        "/blueGreen/previewService",
    ] {
        let name = strategy.pointer(pointer).and_then(Value::as_str).filter(|name| !name.is_empty());
        names.extend(name.map(str::to_owned));
    }
    names
}

/// The analysis templates that a strategy names, and whether each lies outside namespaces.
fn templates(strategy: &Value) -> BTreeSet<(String, bool)> {
    let mut named = BTreeSet::new();
    let mut look = vec![strategy];
    while let Some(value) = look.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(name) = fields.get("templateName").and_then(Value::as_str) {
                    named.insert((name.to_owned(), fields.get("clusterScope") == Some(&Value::Bool(true))));
                }
                look.extend(fields.values());
            }
            Value::Array(items) => look.extend(items),
            _ => {}
        }
    }
    named
}

/// A template with the arguments and metrics of `spec`, all of which succeed at once.
fn stubbed(spec: &Value, name: &str) -> Value {
    let args = spec["args"].as_array().into_iter().flatten().map(|arg| match arg.get("valueFrom") {
        Some(_) => json!({"name": arg["name"], "value": METRIC}),
        None => arg.clone(),
    });
    let metrics = spec["metrics"].as_array().into_iter().flatten().map(|metric| {
        let mut stub = succeeding(metric["name"].clone());
        let forever = metric.get("interval").is_some() && metric.get("count").is_none();
        if let Some(interval) = metric.get("interval").filter(|_| forever) {
            stub.insert("interval".into(), interval.clone());
        }
        Value::Object(stub)
    });
    let mut metrics: Vec<Value> = metrics.collect();
    if metrics.is_empty() {
        metrics.push(Value::Object(succeeding(name.into())));
    }
    let args: Vec<Value> = args.collect();
    if args.is_empty() { json!({"metrics": metrics}) } else { json!({"args": args, "metrics": metrics}) }
}

fn succeeding(name: Value) -> Map<String, Value> {
    let mut stub = Map::new();
    stub.insert("name".into(), name);
    stub.insert("successCondition".into(), "result == 1".into());
    let url = format!("{}/{METRIC}", placeholder::TEXT);
    stub.insert("provider".into(), json!({"web": {"url": url, "jsonPath": "{$.value}"}}));
    stub
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Location;

    fn found(object: Value) -> Found {
        Found { object, at: Location::default() }
    }

    fn shown(rollout: &Value, others: &[Found]) -> String {
        let Companions { namespaced, shared, workload, made_up, notes } = companions(rollout, &Known::of(others));
        let lines = |values: &[Value]| values.iter().map(|value| format!("{value}\n")).collect::<String>();
        format!(
            "{}-- outside namespaces\n{}-- workload {workload:?}\n{made_up:?}\n{}",
            lines(&namespaced),
            lines(&shared),
            notes.join("\n")
        )
    }

    #[test]
    fn what_is_not_there_is_made_up_and_nobody_is_asked_for_a_metric() {
        let rollout = json!({
            "metadata": {"name": "web", "namespace": "prod"},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"canary": {
                    "canaryService": "web-canary", "stableService": "web",
                    "analysis": {"templates": [{"templateName": "success"}, {"templateName": "errors", "clusterScope": true}]},
                    "steps": [{"analysis": {"templates": [{"templateName": "missing"}]}}],
                }},
                "template": {"metadata": {"labels": {"app": "web", "v": "1"}}, "spec": {
                    "serviceAccountName": "web", "priorityClassName": "high", "runtimeClassName": "gvisor"}},
            },
        });
        let others = [
            found(
                json!({"kind": "Service", "metadata": {"name": "web", "namespace": "prod"}, "spec": {"selector": {"app": "web"}}}),
            ),
            found(json!({"kind": "Service", "metadata": {"name": "web-canary", "namespace": "other"}})),
            found(json!({"kind": "AnalysisTemplate", "metadata": {"name": "success", "namespace": "prod"}, "spec": {
            "args": [{"name": "host"}, {"name": "key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            "metrics": [
                {"name": "rate", "interval": "5m", "provider": {"prometheus": {"address": "http://prometheus.prod"}}},
                {"name": "once", "interval": "1m", "count": 9, "provider": {"web": {"url": "https://example.com"}}},
            ]}})),
        ];
        insta::assert_snapshot!(shown(&rollout, &others));
    }

    #[test]
    fn the_workload_is_taken_or_made() {
        let rollout = json!({"metadata": {"name": "web"}, "spec": {
            "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "strategy": {"blueGreen": {"activeService": "a"}}}});
        let deployment =
            found(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "uid": "u"},
            "spec": {"replicas": 4, "template": {"metadata": {"labels": {"app": "d"}}}}, "status": {"replicas": 4}}));
        insta::assert_snapshot!(shown(&rollout, &[deployment]), @r#"
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":0,"template":{"metadata":{"labels":{"app":"d"}}}}}
        {"apiVersion":"v1","kind":"Service","spec":{"selector":{"app":"d"},"ports":[{"port":80}]},"metadata":{"name":"a"}}
        -- outside namespaces
        -- workload Some(0)
        ["Service a"]
        not in the input, and made up: its Service
        "#);
        assert!(shown(&rollout, &[]).contains(r#"["Deployment d", "Service a"]"#));
    }
}
