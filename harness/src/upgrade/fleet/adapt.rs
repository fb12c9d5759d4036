//! What is changed in a Rollout so that it can be played on a plane without nodes, routers and metrics, in minutes.
//! Each change is said: it is a part of the spec of which nothing was found out.

use serde_json::{Value, json};

/// The label by which a controller passes over Rollouts that are another's.
const INSTANCE: &str = "argo-rollouts.argoproj.io/controller-instance-id";

/// How long each timed pause is played: longer than any preflight.
const PAUSE: &str = "1h";

/// Steps that are for a router.
const ROUTER_STEPS: [&str; 3] = ["setCanaryScale", "setHeaderRoute", "setMirrorRoute"];

/// With this begins what is said of a part that is not played at all; the part, then perhaps why.
pub const LEFT_OUT: &str = "played without ";

/// A Rollout that can be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapted {
    /// It.
    pub rollout: Value,
    /// What is played otherwise than it is written.
    pub notes: Vec<String>,
    /// Why it never stands still in the middle of an update, if so.
    pub never_pauses: Option<String>,
}

/// Adapts a Rollout that was stripped; more than `most` replicas are played as so many.
pub fn adapt(rollout: &Value, most: u32) -> Adapted {
    let mut adapted = Adapted { rollout: rollout.clone(), notes: Vec::new(), never_pauses: None };
    let Adapted { rollout, notes, .. } = &mut adapted;
    if rollout.pointer_mut("/metadata/labels").and_then(|labels| remove(labels, INSTANCE)).is_some() {
        notes.push(format!("{LEFT_OUT}its label {INSTANCE}"));
    }
    let Some(spec) = rollout.get_mut("spec") else { return adapted };
    if remove(spec, "paused") == Some(Value::Bool(true)) {
        notes.push(format!("{LEFT_OUT}spec.paused"));
    }
    if remove(spec, "restartAt").is_some() {
        notes.push(format!("{LEFT_OUT}spec.restartAt"));
    }
    if spec["replicas"].as_u64().is_some_and(|replicas| replicas > u64::from(most)) {
        notes.push(format!("more than {most} replicas are played as {most} (--max-replicas)"));
        spec["replicas"] = most.into();
    }
    if spec["minReadySeconds"].as_u64().is_some_and(|seconds| seconds > 1) {
        spec["minReadySeconds"] = 1.into();
        notes.push("minReadySeconds is played as 1".into());
    }
    if let Some(strategy) = spec.pointer_mut("/strategy/canary").filter(|strategy| !strategy.is_null()) {
        canary(strategy, notes);
        let steps = strategy["steps"].as_array();
        if !steps.into_iter().flatten().any(|step| step.get("pause").is_some()) {
            adapted.never_pauses = Some("no step of its strategy is a pause".into());
        }
    } else if let Some(strategy) = spec.pointer_mut("/strategy/blueGreen").filter(|strategy| strategy.is_object()) {
        adapted.never_pauses = blue_green(strategy, notes);
    }
    adapted
}

fn canary(canary: &mut Value, notes: &mut Vec<String>) {
    if let Some(routing) = remove(canary, "trafficRouting") {
        let words = routing.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let routers: Vec<&str> = words.filter(|name| !["managedRoutes", "maxTrafficWeight"].contains(name)).collect();
        notes.push(format!("{LEFT_OUT}trafficRouting ({}): no router is there", routers.join(" ")));
        for field in ["dynamicStableScale", "scaleDownDelaySeconds", "scaleDownDelayRevisionLimit", "pingPong"] {
            if remove(canary, field).is_some() {
                notes.push(format!("{LEFT_OUT}canary.{field}, which needs trafficRouting"));
            }
        }
        without_steps(canary, &ROUTER_STEPS, "which need trafficRouting", notes);
        for step in list(canary, "/steps") {
            list(step, "/experiment/templates").iter_mut().for_each(|template| drop(remove(template, "weight")));
        }
    }
    without_steps(canary, &["plugin"], "whose program is not here", notes);
    let (mut pauses, mut experiments) = (false, false);
    for step in list(canary, "/steps") {
        if step["pause"].get("duration").is_some_and(|duration| !duration.is_null() && *duration != PAUSE) {
            step["pause"]["duration"] = PAUSE.into();
            pauses = true;
        }
        if step["experiment"].get("duration").is_some_and(|duration| *duration != "2s") {
            step["experiment"]["duration"] = "2s".into();
            experiments = true;
        }
    }
    if pauses {
        notes.push(format!("timed pauses are played as {PAUSE}"));
    }
    if experiments {
        notes.push("experiments are played for 2s".into());
    }
}

fn without_steps(canary: &mut Value, kinds: &[&str], why: &str, notes: &mut Vec<String>) {
    let Some(steps) = canary.get_mut("steps").and_then(Value::as_array_mut) else { return };
    let kind_of = |step: &Value| kinds.iter().copied().find(|kind| step.get(kind).is_some());
    let mut left_out: Vec<&str> = steps.iter().filter_map(kind_of).collect();
    left_out.dedup();
    if left_out.is_empty() {
        return;
    }
    let words = left_out.join(" ");
    steps.retain(|step| kind_of(step).is_none());
    notes.push(format!("{LEFT_OUT}steps {words}, {why}"));
}

/// Answers why it never pauses.
fn blue_green(strategy: &mut Value, notes: &mut Vec<String>) -> Option<String> {
    // Otherwise an old ReplicaSet may go just when the controller is replaced.
    if strategy["scaleDownDelaySeconds"] != 1 {
        strategy["scaleDownDelaySeconds"] = 1.into();
        notes.push("blueGreen.scaleDownDelaySeconds is played as 1".into());
    }
    if strategy["autoPromotionEnabled"] == false {
        return None;
    }
    if strategy["autoPromotionSeconds"].as_u64().is_some_and(|seconds| seconds > 0) {
        strategy["autoPromotionSeconds"] = json!(3600);
        notes.push("blueGreen.autoPromotionSeconds is played as 3600".into());
        return None;
    }
    Some("it promotes itself at once (blueGreen.autoPromotionEnabled)".into())
}

fn list<'a>(value: &'a mut Value, pointer: &str) -> &'a mut [Value] {
    value.pointer_mut(pointer).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

fn remove(value: &mut Value, key: &str) -> Option<Value> {
    value.as_object_mut()?.shift_remove(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(strategy: Value, more: &[(&str, Value)]) -> String {
        let mut rollout = json!({"metadata": {"labels": {INSTANCE: "x", "a": "b"}}, "spec": {"strategy": strategy}});
        more.iter().for_each(|(key, value)| rollout["spec"][*key] = value.clone());
        let adapted = adapt(&rollout, 3);
        let pauses = adapted.never_pauses.map_or("it pauses".to_owned(), |why| format!("it never pauses: {why}"));
        format!("{}\n{}\n{pauses}", adapted.rollout, adapted.notes.join("\n"))
    }

    #[test]
    fn a_canary_behind_istio() {
        let canary = json!({"canary": {
            "canaryService": "c", "stableService": "s", "dynamicStableScale": true,
            "trafficRouting": {"managedRoutes": [{"name": "h"}], "istio": {"virtualService": {"name": "v"}}},
            "steps": [{"setCanaryScale": {"weight": 1}}, {"setWeight": 5}, {"pause": {"duration": "10m"}},
                {"setHeaderRoute": {"name": "h"}}, {"plugin": {"name": "p"}}, {"pause": {}}],
        }});
        let more = [("replicas", json!(40)), ("paused", json!(true)), ("minReadySeconds", json!(30))];
        insta::assert_snapshot!(told(canary, &more));
    }

    #[test]
    fn what_needs_no_change_is_not_changed() {
        let rollout = json!({"metadata": {"name": "a"}, "spec": {"replicas": 3, "strategy": {"canary": {"steps": [{"pause": {}}]}}}});
        let expected = Adapted { rollout: rollout.clone(), notes: Vec::new(), never_pauses: None };
        let adapted = adapt(&rollout, 3);
        assert_eq!((adapted.notes, adapted.never_pauses), (expected.notes, None));
        assert_eq!(adapted.rollout["spec"]["replicas"], 3);
    }

    #[test]
    fn strategies_that_do_not_pause() {
        let why = |strategy| adapt(&json!({"spec": {"strategy": strategy}}), 3).never_pauses;
        assert!(why(json!({"canary": {}})).is_some());
        assert!(why(json!({"canary": {"steps": [{"setWeight": 1}]}})).is_some());
        assert!(why(json!({"blueGreen": {"activeService": "a"}})).is_some());
        assert_eq!(why(json!({"blueGreen": {"autoPromotionEnabled": false}})), None);
        assert_eq!(why(json!({"blueGreen": {"autoPromotionSeconds": 30}})), None);
    }
}
