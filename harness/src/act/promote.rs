//! `promote`: which patches the plugin sends depends on where the Rollout stands.

use serde_json::{Value, json};

use super::{
    actor::{Actor, Done, ObjectRef},
    error::ActError,
    json,
    plugin::Asked,
};
use crate::scenario::model::{Promote, Skip};

/// The patches of one promotion, in the order in which they are sent: status, then spec.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Patches {
    pub(super) status: Option<Value>,
    pub(super) spec: Option<Value>,
    /// Replaces both where the CRD has no status subresource (releases before 0.10).
    unified: Option<Value>,
}

impl Actor {
    /// `kubectl argo rollouts promote NAME [--full | --skip-current-step | --skip-all-steps]`.
    ///
    /// # Errors
    /// Refuses what the plugin refuses: skipping steps of a blue-green Rollout or of one without steps.
    pub async fn promote(&self, name: &str, promote: &Promote) -> Result<Done, ActError> {
        let at = self.address("Rollout", name).await?;
        let before = self.get(&at).await?;
        let patches = patches(&before, promote)?;
        let mut after = before.clone();
        let mut sent = serde_json::Map::new();
        let mut spec = patches.spec;
        // Newest first; each is a write of ours.
        let mut objects = Vec::new();
        if let Some(patch) = &patches.status {
            match self.patch_merge(&at, Some("status"), patch).await {
                Ok(object) => {
                    objects.push(ObjectRef::of(&object));
                    after = object;
                    sent.extend(patch.as_object().cloned().unwrap_or_default());
                }
                // As the plugin does: no status subresource, so both parts go in one patch.
                Err(error) if error.is_not_found() => spec = patches.unified,
                Err(error) => return Err(error),
            }
        }
        if let Some(patch) = &spec {
            after = self.patch_merge(&at, None, patch).await?;
            objects.insert(0, ObjectRef::of(&after));
            sent.extend(patch.as_object().cloned().unwrap_or_default());
        }
        if objects.is_empty() {
            objects.push(ObjectRef::of(&after));
        }
        let changed = json::took_effect(&before, &after, &Value::Object(sent));
        Ok(Done { objects, changed, command: Asked::Promote(promote).typed(name) })
    }
}

/// What the plugin's `getPatches` decides.
pub(super) fn patches(rollout: &Value, promote: &Promote) -> Result<Patches, ActError> {
    let steps = json::list(rollout, "/spec/strategy/canary/steps").len();
    let is_canary = rollout.pointer("/spec/strategy/canary").is_some_and(|c| !c.is_null());
    if promote.skip.is_some() {
        if rollout.pointer("/spec/strategy/blueGreen").is_some_and(|b| !b.is_null()) {
            return Err(ActError::refused("Cannot skip steps of a bluegreen rollout. Run without a flags"));
        }
        if is_canary && steps == 0 {
            return Err(ActError::refused("Cannot skip steps of a rollout without steps"));
        }
    }
    let paused = json::flag(rollout, "/spec/paused");
    let unpause = || paused.then(|| json!({"spec": {"paused": false}}));
    // The index after the current one, not beyond the last; None without steps.
    let next = (is_canary && steps > 0).then(|| {
        let index = json::number(rollout, "/status/currentStepIndex").unwrap_or(0);
        if usize::try_from(index).is_ok_and(|i| i < steps) { index + 1 } else { index }
    });

    Ok(match promote {
        Promote { skip: Some(Skip::Current), .. } => {
            let status = next.map(|index| json!({"status": {"currentStepIndex": index}}));
            Patches { unified: status.clone(), status, spec: None }
        }
        Promote { skip: Some(Skip::All), .. } => {
            let status = Some(json!({"status": {"currentStepIndex": steps}}));
            Patches { unified: status.clone(), status, spec: None }
        }
        Promote { full: true, .. } => {
            let updating = json::text(rollout, "/status/currentPodHash") != json::text(rollout, "/status/stableRS");
            Patches {
                status: updating.then(|| json!({"status": {"promoteFull": true}})),
                spec: unpause(),
                unified: Some(json!({"spec": {"paused": false}, "status": {"promoteFull": true}})),
            }
        }
        Promote { .. } => {
            let pausing = !json::list(rollout, "/status/pauseConditions").is_empty();
            let inconclusive =
                json::text(rollout, "/status/canary/currentStepAnalysisRunStatus/status") == "Inconclusive";
            let mut unified = json!({"spec": {"paused": false}, "status": {"pauseConditions": null}});
            let status = if is_canary && inconclusive && pausing && json::flag(rollout, "/status/controllerPause") {
                // Without the step it would stay at the inconclusive analysis.
                next.map(|index| {
                    json!({"status": {"pauseConditions": null, "controllerPause": false, "currentStepIndex": index}})
                })
            } else if pausing {
                Some(json!({"status": {"pauseConditions": null}}))
            } else {
                // In the middle of an analysis or an experiment: past it.
                next.map(|index| {
                    unified["status"]["currentStepIndex"] = json!(index);
                    json!({"status": {"pauseConditions": null, "currentStepIndex": index}})
                })
            };
            Patches { status, spec: unpause(), unified: Some(unified) }
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::patches;
    use crate::scenario::model::{Promote, Skip};

    fn plain() -> Promote {
        Promote::default()
    }
    fn full() -> Promote {
        Promote { full: true, skip: None }
    }
    fn skip(skip: Skip) -> Promote {
        Promote { full: false, skip: Some(skip) }
    }
    fn canary(status: Value) -> Value {
        json!({"spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"analysis": {}}]}}},
               "status": status})
    }
    fn paused(mut rollout: Value) -> Value {
        rollout["spec"]["paused"] = json!(true);
        rollout
    }
    fn blue_green(status: Value) -> Value {
        json!({"spec": {"strategy": {"blueGreen": {}}}, "status": status})
    }
    fn inconclusive(controller_pause: bool) -> Value {
        canary(json!({"currentStepIndex": 2, "controllerPause": controller_pause,
            "pauseConditions": [{"reason": "InconclusiveAnalysisRun"}],
            "canary": {"currentStepAnalysisRunStatus": {"status": "Inconclusive"}}}))
    }
    fn nothing() -> Value {
        Value::Null
    }
    fn status(status: Value) -> Value {
        json!({ "status": status })
    }
    fn unpause() -> Value {
        json!({"spec": {"paused": false}})
    }

    #[rstest]
    #[case::at_a_pause(plain(), canary(json!({"currentStepIndex": 1, "controllerPause": true,
        "pauseConditions": [{"reason": "CanaryPauseStep"}]})), status(json!({"pauseConditions": null})), nothing())]
    #[case::in_an_analysis(plain(), canary(json!({"currentStepIndex": 2})),
        status(json!({"pauseConditions": null, "currentStepIndex": 3})), nothing())]
    #[case::no_index_yet(plain(), canary(json!({})),
        status(json!({"pauseConditions": null, "currentStepIndex": 1})), nothing())]
    #[case::all_steps_done(plain(), canary(json!({"currentStepIndex": 3})),
        status(json!({"pauseConditions": null, "currentStepIndex": 3})), nothing())]
    #[case::index_beyond_the_steps(plain(), canary(json!({"currentStepIndex": 5})),
        status(json!({"pauseConditions": null, "currentStepIndex": 5})), nothing())]
    #[case::inconclusive(plain(), inconclusive(true),
        status(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 3})), nothing())]
    #[case::inconclusive_without_controller_pause(plain(), inconclusive(false),
        status(json!({"pauseConditions": null})), nothing())]
    #[case::paused_by_hand(plain(), paused(canary(json!({"currentStepIndex": 0}))),
        status(json!({"pauseConditions": null, "currentStepIndex": 1})), unpause())]
    #[case::canary_without_steps(plain(), json!({"spec": {"strategy": {"canary": {}}}, "status": {}}), nothing(), nothing())]
    #[case::blue_green_paused(plain(), blue_green(json!({"pauseConditions": [{"reason": "BlueGreenPause"}]})),
        status(json!({"pauseConditions": null})), nothing())]
    #[case::blue_green_at_rest(plain(), blue_green(json!({})), nothing(), nothing())]
    #[case::full(full(), canary(json!({"currentPodHash": "b", "stableRS": "a"})),
        status(json!({"promoteFull": true})), nothing())]
    #[case::full_at_rest(full(), canary(json!({"currentPodHash": "a", "stableRS": "a"})), nothing(), nothing())]
    #[case::full_paused_by_hand(full(), paused(canary(json!({"currentPodHash": "a", "stableRS": "a"}))),
        nothing(), unpause())]
    #[case::skip_current(skip(Skip::Current), canary(json!({"currentStepIndex": 1})),
        status(json!({"currentStepIndex": 2})), nothing())]
    #[case::skip_current_at_the_end(skip(Skip::Current), canary(json!({"currentStepIndex": 3})),
        status(json!({"currentStepIndex": 3})), nothing())]
    #[case::skip_all(skip(Skip::All), paused(canary(json!({"currentStepIndex": 1}))),
        status(json!({"currentStepIndex": 3})), nothing())]
    fn as_the_plugin_decides(
        #[case] promote: Promote,
        #[case] rollout: Value,
        #[case] status: Value,
        #[case] spec: Value,
    ) {
        let patches = patches(&rollout, &promote).unwrap();
        assert_eq!(patches.status.unwrap_or_default(), status);
        assert_eq!(patches.spec.unwrap_or_default(), spec);
    }

    #[rstest]
    #[case(skip(Skip::Current), blue_green(json!({})), "Cannot skip steps of a bluegreen rollout. Run without a flags")]
    #[case(skip(Skip::All), json!({"spec": {"strategy": {"canary": {}}}}), "Cannot skip steps of a rollout without steps")]
    fn refused(#[case] promote: Promote, #[case] rollout: Value, #[case] message: &str) {
        assert_eq!(patches(&rollout, &promote).unwrap_err().to_string(), message);
    }
}
