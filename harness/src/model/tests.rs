//! The figures that the documentation prints, and what holds for all of them.

use std::time::Duration;

use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::strategy::Strategy as Gen;
use rstest::rstest;
use serde_json::{Value, json};

use super::{strategy::*, *};
use crate::rollout::Rollout;

/// The strategy of a manifest.
fn strategy(written: Value) -> Strategy {
    Strategy::of(&Rollout::read(&json!({"spec": {"strategy": written}})).spec).unwrap()
}

fn at(written: Value, replicas: i64, step: usize) -> Resting {
    resting(&strategy(written), replicas, Situation::Updating { step })
}

fn weighted(weight: i64, replicas: i64, surge: i64) -> Resting {
    let canary = json!({"maxSurge": surge, "steps": [{"setWeight": weight}, {"pause": {}}]});
    at(json!({"canary": canary}), replicas, 1)
}

/// The only figure.
fn one(resting: &Resting) -> (i64, i64) {
    match &resting.figures {
        Figures::OneOf(all) if all.len() == 1 => (all[0].stable, all[0].canary),
        other => panic!("not one figure: {other}"),
    }
}

/// All pairs that are right, for small Rollouts.
fn admitted(resting: &Resting) -> Vec<Pods> {
    let all = (0..=40).flat_map(|stable| (0..=40).map(move |canary| Pods { stable, canary }));
    all.filter(|pods| resting.figures.admit(*pods)).collect()
}

fn pairs(resting: &Resting) -> Vec<(i64, i64)> {
    admitted(resting).iter().map(|pods| (pods.stable, pods.canary)).collect()
}

/// Canary page: "if a Rollout has 10 Replicas and 10% for the first setWeight step, the controller will
/// scale the new desired ReplicaSet to 1 replicas and the old stable ReplicaSet to 9. In the case where
/// the setWeight is 41%, [...] the new ReplicaSet has 4 pods [...] and the old ReplicaSet has 6 pods".
/// Guide: 20% of 5. HPA page: 20% of 10 and of 20.
#[rstest]
#[case(10, 10, 9, 1)]
#[case(41, 10, 6, 4)]
#[case(20, 5, 4, 1)]
#[case(20, 10, 8, 2)]
#[case(20, 20, 16, 4)]
fn a_basic_canary_as_printed(#[case] weight: i64, #[case] replicas: i64, #[case] stable: i64, #[case] canary: i64) {
    assert_eq!(one(&weighted(weight, replicas, 0)), (stable, canary));
    assert!(weighted(weight, replicas, 3).figures.admit(Pods { stable, canary }));
}

/// "rounding up the calculation if the deltas are equals"
#[rstest]
#[case(50, 5, 2, 3)]
#[case(50, 1, 0, 1)]
#[case(25, 2, 1, 1)]
#[case(5, 10, 9, 1)]
fn equal_deltas_round_up(#[case] weight: i64, #[case] replicas: i64, #[case] stable: i64, #[case] canary: i64) {
    assert_eq!(one(&weighted(weight, replicas, 0)), (stable, canary));
}

/// No page says that each version keeps a pod; upstream decided so (pull request 1759), and the pages
/// do not forbid it. What nobody says is that one may have none.
#[rstest]
#[case(1, 10, 0, &[(9, 1), (10, 0)])]
#[case(99, 10, 0, &[(0, 10), (1, 9)])]
#[case(99, 10, 1, &[(0, 10), (1, 9), (1, 10)])]
#[case(75, 2, 0, &[(0, 2), (1, 1)])]
#[case(90, 5, 0, &[(0, 5), (1, 4)])]
#[case(10, 1, 0, &[(0, 1), (1, 0)])]
#[case(90, 1, 0, &[(0, 1)])]
#[case(90, 1, 1, &[(0, 1), (1, 1)])]
fn one_of_each(#[case] weight: i64, #[case] replicas: i64, #[case] surge: i64, #[case] expected: &[(i64, i64)]) {
    assert_eq!(pairs(&weighted(weight, replicas, surge)), expected);
}

/// Surge is "to move to the correct ratio": one more is right where the ratio is as near with it.
#[test]
fn surge_may_only_bring_the_ratio_nearer() {
    assert_eq!(pairs(&weighted(50, 5, 1)), [(2, 3), (3, 3)]);
    assert_eq!(pairs(&weighted(50, 1, 1)), [(0, 1), (1, 1)]);
    // 25% of 3 is 1 of 3 (33%), or 1 of 4, which is exact.
    assert_eq!(pairs(&weighted(25, 3, 1)), [(2, 1), (3, 1)]);
    // 40% of 10 is exact: nothing comes nearer.
    assert_eq!(pairs(&weighted(40, 10, 5)), [(6, 4)]);
    // 41% of 10 is 4 of 10 (40%); 5 of 11 (45%) is no better, 5 of 12 (41.7%) is.
    assert_eq!(pairs(&weighted(41, 10, 2)), [(6, 4), (7, 5)]);
}

fn routed(more: Value, steps: Value) -> Value {
    let mut canary = json!({"trafficRouting": {}, "steps": steps});
    canary.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"canary": canary})
}

/// Canary page: "if the current weight is 25%, and there are four replicas, then the canary will be
/// scaled to 1"; "1 canary pod (10% of spec.replicas)"; "`spec.replicas: 10` with
/// `setCanaryScale.replicas: 15` runs 25 pods".
#[rstest]
#[case::by_weight(json!([{"setWeight": 25}, {"pause": {}}]), 4, (4, 1))]
#[case::rounded_up(json!([{"setWeight": 20}, {"pause": {}}]), 4, (4, 1))]
#[case::rounded_up_by_little(json!([{"setWeight": 51}, {"pause": {}}]), 10, (10, 6))]
#[case::nothing(json!([{"setWeight": 0}, {"pause": {}}]), 4, (4, 0))]
#[case::all(json!([{"setWeight": 100}, {"pause": {}}]), 4, (4, 4))]
#[case::scale_then_weight(json!([{"setCanaryScale": {"weight": 10}}, {"setWeight": 90}, {"pause": {}}]), 10, (10, 1))]
#[case::more_than_all(json!([{"setCanaryScale": {"replicas": 15}}, {"pause": {}}]), 10, (10, 15))]
#[case::with_the_weight_again(
    json!([{"setCanaryScale": {"replicas": 7}}, {"setWeight": 50}, {"setCanaryScale": {"matchTrafficWeight": true}}, {"pause": {}}]),
    10, (10, 5)
)]
fn a_routed_canary_as_printed(#[case] steps: Value, #[case] replicas: i64, #[case] expected: (i64, i64)) {
    let last = steps.as_array().unwrap().len() - 1;
    assert_eq!(one(&at(routed(json!({}), steps), replicas, last)), expected);
}

#[rstest]
#[case::above_the_weight(2, 10, 10, "stable 10, canary 2")]
#[case::below_the_weight(2, 40, 10, "stable 10, canary 4")]
#[case::more_than_there_are(5, 10, 3, "stable 3, canary 3")]
#[case::without_traffic(2, 0, 10, "stable 10, canary 0..2, together 10..12")]
fn a_minimum_for_each_replica_set(
    #[case] least: i64,
    #[case] weight: i64,
    #[case] replicas: i64,
    #[case] expected: &str,
) {
    let steps = json!([{"setWeight": weight}, {"pause": {}}]);
    let resting = at(routed(json!({"minPodsPerReplicaSet": least}), steps), replicas, 1);
    assert_eq!(resting.figures.to_string(), expected);
}

#[rstest]
#[case(25, 4, "stable 3, canary 1")]
#[case(20, 4, "stable 4, canary 1")]
#[case(75, 4, "stable 1, canary 3")]
#[case(0, 4, "stable 4, canary 0")]
#[case(100, 4, "stable 0..1, canary 4, together 4..5")]
fn a_stable_version_that_shrinks(#[case] weight: i64, #[case] replicas: i64, #[case] expected: &str) {
    let steps = json!([{"setWeight": weight}, {"pause": {}}]);
    let resting = at(routed(json!({"dynamicStableScale": true}), steps), replicas, 1);
    assert_eq!(resting.figures.to_string(), expected);
}

/// By the traffic 2, by the number of canary pods 4.
#[test]
fn a_stable_version_that_shrinks_with_two_measures() {
    let steps = json!([{"setCanaryScale": {"weight": 1}}, {"setWeight": 66}, {"pause": {}}]);
    let resting = at(routed(json!({"dynamicStableScale": true}), steps), 4, 2);
    assert_eq!(resting.figures.to_string(), "stable 2..4, canary 0..1, together 2..5");
}

/// The table of scaledown-aborted-rs.md.
#[rstest]
#[case::basic(json!({"canary": {"abortScaleDownDelaySeconds": 0}}), "stable 4, canary 0")]
#[case::routed_default(json!({"canary": {"trafficRouting": {}}}), "stable 4, canary 0")]
#[case::routed_after_a_delay(json!({"canary": {"trafficRouting": {}, "abortScaleDownDelaySeconds": 3}}), "stable 4, canary 0")]
#[case::routed_kept(
    json!({"canary": {"trafficRouting": {}, "abortScaleDownDelaySeconds": 0}}),
    "stable 4, canary 0..4, together 4..8"
)]
#[case::routed_with_a_scale_of_its_own(
    json!({"canary": {"trafficRouting": {}, "steps": [{"setCanaryScale": {"replicas": 9}}], "abortScaleDownDelaySeconds": 3}}),
    "stable 4, canary 0"
)]
#[case::blue_green_default(json!({"blueGreen": {}}), "stable 4, canary 0")]
#[case::blue_green_after_a_delay(json!({"blueGreen": {"abortScaleDownDelaySeconds": 3}}), "stable 4, canary 0")]
#[case::blue_green_kept(json!({"blueGreen": {"abortScaleDownDelaySeconds": 0}}), "stable 4, canary 0..4, together 4..8")]
fn an_abort(#[case] written: Value, #[case] expected: &str) {
    assert_eq!(resting(&strategy(written), 4, Situation::Aborted).figures.to_string(), expected);
}

#[rstest]
#[case::whole(json!({}), (3, 3))]
#[case::fewer_for_the_preview(json!({"previewReplicaCount": 1}), (3, 1))]
fn a_preview(#[case] blue_green: Value, #[case] expected: (i64, i64)) {
    assert_eq!(one(&at(json!({"blueGreen": blue_green}), 3, 0)), expected);
}

#[rstest]
#[case(json!({"canary": {}}))]
#[case(json!({"canary": {"trafficRouting": {}}}))]
#[case(json!({"blueGreen": {"previewReplicaCount": 1}}))]
fn the_end_of_an_update(#[case] written: Value) {
    let resting = resting(&strategy(written), 7, Situation::Settled);
    assert_eq!((one(&resting), resting.older.clone()), ((7, 0), 0..=0));
}

#[test]
fn the_end_of_a_rolling_update_before_it_is_called_stable() {
    assert_eq!(one(&at(json!({"canary": {}}), 6, 0)), (0, 6));
}

#[test]
fn the_message_says_what_and_why() {
    let resting = weighted(33, 10, 1);
    insta::assert_snapshot!(resting,);
    insta::assert_snapshot!(resting.sources[1]);
}

#[test]
fn what_is_stopped_by_a_person_is_only_bounded() {
    let resting = resting(&strategy(json!({"canary": {"maxSurge": 1}})), 4, Situation::Held);
    assert_eq!(resting.figures.to_string(), "stable 0..5, canary 0..5, together 0..5");
}

/// "HPA auto-scaling will still occur"
#[rstest]
#[case(json!({"canary": {}}))]
#[case(json!({"canary": {"trafficRouting": {}}}))]
#[case(json!({"blueGreen": {}}))]
fn what_is_not_updated_is_scaled_though_it_is_stopped(#[case] written: Value) {
    let resting = resting(&strategy(written), 4, Situation::HeldSettled);
    assert_eq!(resting.figures.to_string(), "stable 4, canary 0 or stable 0, canary 0");
}

fn any_routed() -> impl Gen<Value = Routed> {
    (any::<bool>(), proptest::option::of(0_i64..5), 0_i64..=100).prop_map(|(dynamic, min_pods, weight)| Routed {
        steps: vec![crate::rollout::CanaryStep::SetWeight(weight)],
        max_weight: None,
        min_pods,
        dynamic_stable_scale: dynamic,
        abort_delay: Some(Duration::from_secs(1)),
    })
}

proptest! {
    #[test]
    fn a_basic_canary_stays_within_replicas_and_surge(weight in 0_i64..=100, replicas in 0_i64..30, surge in 0_i64..6) {
        let all = admitted(&weighted(weight, replicas, surge));
        prop_assert!(!all.is_empty());
        for pods in all {
            prop_assert!((replicas..=replicas + surge).contains(&pods.sum()), "{}", pods);
            prop_assert!(pods.stable >= 0 && pods.canary >= 0);
        }
    }

    #[test]
    fn nothing_and_all_are_exact(replicas in 0_i64..30, surge in 0_i64..6) {
        prop_assert_eq!(one(&weighted(0, replicas, surge)), (replicas, 0));
        prop_assert_eq!(one(&weighted(100, replicas, surge)), (0, replicas));
    }

    #[test]
    fn more_weight_is_never_fewer_pods(weight in 0_i64..100, replicas in 0_i64..30, surge in 0_i64..6) {
        let canary = |weight| {
            let all = admitted(&weighted(weight, replicas, surge));
            let of_canary = || all.iter().map(|pods| pods.canary);
            (of_canary().min().unwrap(), all.iter().filter(|pods| pods.sum() == replicas).map(|pods| pods.canary).max().unwrap())
        };
        let (less, more) = (canary(weight), canary(weight + 1));
        prop_assert!(less.0 <= more.0 && less.1 <= more.1, "{:?} {:?}", less, more);
    }

    /// A whole number of pods can be had: then it is the only figure, and the same from the other side.
    #[test]
    fn whole_numbers_are_exact_and_symmetric(canary in 0_i64..=20, of in 1_i64..=20, surge in 0_i64..6) {
        let canary = canary.min(of);
        prop_assume!(100 * canary % of == 0);
        let weight = 100 * canary / of;
        prop_assert_eq!(one(&weighted(weight, of, surge)), (of - canary, canary));
        prop_assert_eq!(one(&weighted(100 - weight, of, surge)), (canary, of - canary));
    }

    /// No whole number is nearer than the one without surge. Farther from the weight is only what gives
    /// a pod to a version that would have none, and surge does not go farther than that.
    #[test]
    fn the_smallest_delta(weight in 1_i64..100, replicas in 2_i64..30, surge in 0_i64..6) {
        let off = |pods: &Pods| (100 * pods.canary - weight * pods.sum()).abs() as f64 / pods.sum() as f64;
        let all = admitted(&weighted(weight, replicas, surge));
        let plain = (0..=replicas).map(|canary| off(&Pods { stable: replicas - canary, canary })).fold(f64::MAX, f64::min);
        prop_assert!(all.iter().any(|pods| pods.sum() == replicas && off(pods) <= plain + 1e-9));
        for pods in all.iter().filter(|pods| off(pods) > plain + 1e-9) {
            prop_assert!(pods.stable == 1 || pods.canary == 1, "{} is {} off, {} can be had", pods, off(pods), plain);
        }
    }

    /// Where there may be two pods, no figure but the nearest one leaves a version without any.
    #[test]
    fn nobody_is_left_out_but_by_rounding(weight in 1_i64..100, replicas in 2_i64..30, surge in 0_i64..6) {
        let none = admitted(&weighted(weight, replicas, surge)).into_iter().filter(|p| p.stable == 0 || p.canary == 0);
        for pods in none {
            prop_assert_eq!(pods.sum(), replicas);
            prop_assert_eq!(pods.canary, weight::nearest(weight, 100, replicas));
        }
    }

    #[test]
    fn behind_a_router_stable_is_whole_unless_it_shrinks(routed in any_routed(), replicas in 0_i64..30) {
        let resting = resting(&Strategy::Routed(routed.clone()), replicas, Situation::Updating { step: 0 });
        let crate::rollout::CanaryStep::SetWeight(weight) = routed.steps[0] else { unreachable!() };
        for pods in admitted(&resting) {
            if routed.dynamic_stable_scale {
                prop_assert!(100 * pods.stable >= (100 - weight) * replicas, "{}", pods);
            } else {
                prop_assert_eq!(pods.stable, replicas);
            }
            prop_assert!(100 * pods.canary >= weight * replicas, "{}", pods);
            if weight > 0 {
                prop_assert!(pods.canary >= routed.min_pods.unwrap_or(0).min(replicas), "{}", pods);
            }
        }
    }

    /// Whatever the situation, the stable version is whole after an abort, and something is always right.
    #[test]
    fn an_abort_gives_everything_back(routed in any_routed(), replicas in 0_i64..30, basic in any::<bool>()) {
        let strategy = if basic { Strategy::Basic(Basic { steps: routed.steps.clone(), max_surge: None }) } else { Strategy::Routed(routed) };
        let all = admitted(&resting(&strategy, replicas, Situation::Aborted));
        prop_assert!(!all.is_empty());
        prop_assert!(all.iter().all(|pods| pods.stable == replicas && pods.canary == 0));
    }
}
