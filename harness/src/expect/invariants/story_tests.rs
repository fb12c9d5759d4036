//! Invariants that the recorded guide has nothing for, each on a history in which it must hold and on one in which it
//! must fire.

use serde_json::json;

use super::story::Story;

fn routed(more: serde_json::Value) -> Story {
    let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]);
    let mut canary = json!({"steps": steps, "trafficRouting": {"nginx": {}}, "stableService": "stable"});
    for (key, value) in more.as_object().expect("fields") {
        canary[key] = value.clone();
    }
    let mut story = Story::of(json!({"canary": canary}));
    story.asks("old", 4).has("old", 4).selects("stable", "old");
    story.status(json!({"stableRS": "old", "currentPodHash": "old", "currentStepIndex": 4}));
    story.spec(json!({"template": {}})).asks("new", 0);
    story.status(json!({"stableRS": "old", "currentPodHash": "new", "currentStepIndex": 0}));
    story.asks("new", 1).has("new", 1);
    story
}

fn weights(canary: i64, stable: i64) -> serde_json::Value {
    json!({"canary": {"weights": {"canary": {"weight": canary}, "stable": {"weight": stable}}}})
}

#[test]
fn floor_routed() {
    let mut story = routed(json!({}));
    story.holds("floor-routed");
    story.asks("old", 3);
    insta::assert_snapshot!(story.fires("floor-routed"), @"demo-old is stable and was lowered from 4 to 3: at least 4 must stay");
    let mut smaller = routed(json!({}));
    smaller.spec(json!({"replicas": 3})).asks("old", 3).holds("floor-routed");
    let mut promoted = routed(json!({}));
    promoted.status(json!({"stableRS": "new"})).asks("old", 0).holds("floor-routed");
}

#[test]
fn floor_routed_follows_the_traffic_with_dynamic_stable_scale() {
    let mut story = routed(json!({"dynamicStableScale": true}));
    story.status(weights(25, 75)).asks("old", 3).holds("floor-routed");
    story.asks("old", 2);
    insta::assert_snapshot!(story.fires("floor-routed"), @"demo-old is stable and was lowered from 3 to 2: at least 3 must stay");
}

#[test]
fn weights_follow_the_steps() {
    let mut story = routed(json!({}));
    story.status(weights(0, 100)).status(weights(25, 75)).status(json!({"currentStepIndex": 2}));
    story.status(
        json!({"currentStepIndex": 3, "canary": {"weights": {"canary": {"weight": 50}, "stable": {"weight": 50}}}}),
    );
    story.holds("weights");
    story.status(weights(51, 49));
    insta::assert_snapshot!(story.fires("weights"), @"the canary of demo has weight 51 at step 3, not 50");
}

#[test]
fn weights_make_up_the_whole() {
    let mut story = routed(json!({}));
    story.status(weights(25, 74));
    insta::assert_snapshot!(story.fires("weights"), @"the weights of demo make up 99, not 100");
}

#[test]
fn weight_is_nothing_only_where_the_canary_has_no_pod() {
    let mut story = routed(json!({}));
    story.status(json!({"currentStepIndex": 1})).status(weights(25, 75)).status(json!({"message": "a"}));
    story.status(json!({"currentStepIndex": 3})).status(weights(50, 50)).status(json!({"message": "b"}));
    story.has("new", 0).status(weights(0, 100)).holds("weights");
    let mut story = routed(json!({}));
    for at in [1, 3] {
        story.status(json!({"currentStepIndex": at})).status(json!({"message": at.to_string()}));
    }
    story.status(weights(50, 50)).status(weights(0, 100));
    insta::assert_snapshot!(story.fires("weights"), @"the canary of demo has weight 0 at step 3, not 50");
}

#[test]
fn weight_goes_back_at_once_on_abort() {
    let mut story = routed(json!({}));
    story.status(weights(25, 75)).status(json!({"abort": true})).status(weights(0, 100)).holds("weights");
    story.status(weights(10, 90));
    insta::assert_snapshot!(story.fires("weights"), @"the canary of demo has weight 10 at step 0, not 0");
}

fn blue_green() -> Story {
    let mut story = Story::of(json!({"blueGreen": {"activeService": "active"}}));
    story.asks("old", 4).has("old", 4).selects("active", "old");
    story.status(json!({"stableRS": "old", "currentPodHash": "old", "blueGreen": {"activeSelector": "old"}}));
    story.asks("new", 4).has("new", 4);
    story
}

#[test]
fn floor_blue_green() {
    let mut story = blue_green();
    story.selects("active", "new").asks("old", 0).holds("floor-blue-green");
    story.asks("new", 3);
    insta::assert_snapshot!(story.fires("floor-blue-green"), @"demo-new is behind the active Service and was lowered from 4 to 3: at least 4 must stay");
    story.spec(json!({"replicas": 2})).asks("new", 2);
    assert_eq!(story.judged("floor-blue-green").violations.len(), 1, "a user may make it smaller");
}

#[test]
fn service_selectors_fire_where_there_never_was_a_pod() {
    let mut story = blue_green();
    story.selects("active", "new").holds("service-selectors");
    story.asks("third", 4).selects("active", "third");
    insta::assert_snapshot!(story.fires("service-selectors"), @"the Service active now selects third, but demo-third never had a pod");
    let mut gone = blue_green();
    gone.selects("active", "nobody");
    insta::assert_snapshot!(gone.fires("service-selectors"), @"the Service active now selects nobody, which no ReplicaSet has");
}

#[test]
fn service_selectors_fire_where_the_pods_go() {
    let mut story = routed(json!({}));
    story.asks("old", 0);
    insta::assert_snapshot!(story.fires("service-selectors"), @"demo-old was scaled to 0 while the Service stable selects it");
    let mut nobody = routed(json!({}));
    nobody.spec(json!({"replicas": 0})).asks("old", 0).holds("service-selectors");
}

#[test]
fn service_selectors_leave_the_preview_alone() {
    let mut story = blue_green();
    story.asks("third", 4).selects("preview", "third").holds("service-selectors");
}

fn counters(replicas: i64, updated: i64) -> serde_json::Value {
    json!({"replicas": replicas, "updatedReplicas": updated, "readyReplicas": replicas, "availableReplicas": replicas, "HPAReplicas": replicas})
}

#[test]
fn counters_may_be_old() {
    let mut story = routed(json!({}));
    story.has("new", 2).has("old", 3).status(counters(5, 1)).holds("counters");
    story.status(counters(5, 2)).holds("counters");
}

#[test]
fn counters_must_have_been_true() {
    let mut story = routed(json!({}));
    story.has("new", 2).has("old", 3).status(counters(7, 2));
    insta::assert_snapshot!(story.fires("counters"), @"demo says replicas 7, updatedReplicas 2, readyReplicas 7, availableReplicas 7, HPAReplicas 7; the ReplicaSets never held that, and when it was written: replicas 5, updatedReplicas 2, readyReplicas 5, availableReplicas 5, HPAReplicas 5");
}

#[test]
fn counters_that_come_too_early_fire() {
    let mut story = routed(json!({}));
    story.status(counters(5, 1)).status(counters(6, 2)).has("new", 2);
    assert!(story.fires("counters").contains("says replicas 6"));
}

#[test]
fn counters_of_blue_green_are_those_of_the_active_one() {
    let mut story = blue_green();
    let of = |active: i64| json!({"replicas": 8, "updatedReplicas": 4, "readyReplicas": active, "availableReplicas": active, "HPAReplicas": active});
    story.status(of(4)).holds("counters");
    story.status(of(8));
    assert!(story.fires("counters").contains("says replicas 8, updatedReplicas 4, readyReplicas 8"));
}

#[test]
fn counters_after_a_change_of_size_are_half_new() {
    let mut story = routed(json!({}));
    story.status(counters(5, 1)).has("new", 3);
    story.status(json!({"availableReplicas": 7, "HPAReplicas": 7})).holds("counters");
    story.status(json!({"availableReplicas": 8, "HPAReplicas": 8}));
    assert!(story.fires("counters").contains("availableReplicas 8"));
}

#[test]
fn phase_follows_from_the_status() {
    let mut story = routed(json!({}));
    let updating = |phase: &str| json!({"phase": phase, "message": "more replicas need to be updated"});
    story.status(updating("Progressing"));
    assert_eq!(story.judged("phase").violations.len(), 2, "the first statuses had no phase");
    story.status(updating("Healthy"));
    let violations = story.judged("phase").violations;
    insta::assert_snapshot!(violations[2].what, @"demo is called `Healthy: more replicas need to be updated`, its status says `Progressing: more replicas need to be updated`");
}

#[test]
fn phase_is_left_alone_where_a_replica_set_is_announced() {
    let mut story = Story::of(json!({"canary": {}}));
    story.status(json!({"phase": "Progressing", "message": "more replicas need to be updated"}));
    story.status(json!({"conditions": [{"type": "Progressing", "reason": "NewReplicaSetCreated"}]}));
    assert_eq!(story.judged("phase").judged, 1);
    story.status(json!({"conditions": [{"type": "Progressing", "reason": "ReplicaSetUpdated"}]}));
    assert_eq!(story.judged("phase").judged, 2);
}

fn invalid(phase: &str) -> serde_json::Value {
    json!({"phase": phase, "message": "InvalidSpec: no Service"})
}

#[test]
fn flicker() {
    let mut story = routed(json!({}));
    story.status(json!({"phase": "Healthy"})).status(invalid("Degraded")).status(invalid("Healthy"));
    insta::assert_snapshot!(story.fires("flicker"), @"demo was Degraded (`InvalidSpec: no Service`) and is Healthy, though nothing had happened");
    let mut repaired = routed(json!({}));
    repaired.status(json!({"phase": "Healthy"})).status(invalid("Degraded")).selects("stable", "other");
    repaired.status(invalid("Healthy")).holds("flicker");
    let mut late = routed(json!({}));
    late.status(json!({"phase": "Healthy"})).selects("stable", "other").status(invalid("Degraded"));
    late.status(invalid("Healthy")).holds("flicker");
}

#[test]
fn revision_of_the_rollout() {
    let mut story = routed(json!({}));
    story.at_revision(2).at_revision(3).holds("revision");
    story.at_revision(1);
    insta::assert_snapshot!(story.fires("revision"), @"demo was at revision 3 and is now at revision 1");
}

#[test]
fn stable_hash_awaits_the_post_promotion_analysis() {
    let mut story =
        Story::of(json!({"blueGreen": {"activeService": "active", "postPromotionAnalysis": {"templates": []}}}));
    story.asks("old", 4).has("old", 4).status(json!({"stableRS": "old", "currentPodHash": "old"}));
    story.asks("new", 4).has("new", 4).status(json!({"currentPodHash": "new"}));
    let run = |status: &str| {
        let run = json!({"name": "run", "status": status});
        json!({"stableRS": "new", "blueGreen": {"activeSelector": "new", "postPromotionAnalysisRunStatus": run}})
    };
    let mut early = story;
    early.status(run("Running"));
    insta::assert_snapshot!(early.fires("stable-hash"), @"demo called new stable, but the post-promotion analysis: Running");
    early.status(json!({"stableRS": "old"})).status(run("Successful"));
    assert_eq!(early.judged("stable-hash").violations.len(), 2, "back to old is wrong, the second time is right");
}
