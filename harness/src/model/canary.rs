//! Canaries: with the number of pods as weight, and behind a router.

use std::ops::RangeInclusive;

use super::{
    resting::{Figures, Pods, Resting},
    situation::Situation,
    source::{self, Source},
    strategy::{Basic, Routed, keeps_on_abort},
    weight::{self, ALL},
};
use crate::rollout::{CanaryStep, steps::CanaryScale};

/// A canary whose weight is the number of its pods.
pub(super) fn basic(basic: &Basic, replicas: i64, situation: Situation) -> Resting {
    let surge = basic.surge(replicas);
    match situation {
        Situation::Settled => settled(replicas),
        Situation::Aborted => {
            let sources = [source::ABORT_STABLE, source::ABORT_BASIC];
            Resting::exactly(replicas, 0, format!("aborted, {replicas} replicas"), &sources)
        }
        Situation::HeldSettled => held_settled(replicas),
        Situation::Held | Situation::Switched => {
            let most = replicas + surge;
            let figures = Figures::Within { stable: 0..=most, canary: 0..=most, sum: 0..=most };
            let because = format!("stopped by spec.paused, {replicas} replicas, {surge} may be too many");
            Resting::new(figures, because, &[source::MANUAL_PAUSE, source::SURGE]).older(most)
        }
        Situation::Updating { step } if step >= basic.steps.len() => {
            let because = format!("all steps are done, {replicas} replicas");
            Resting::exactly(0, replicas, because, &[source::PROMOTED])
        }
        Situation::Updating { step } => match last_weight(&basic.steps, step) {
            Some(weight) => weighted(weight, replicas, surge),
            None => {
                let most = replicas + surge;
                let figures = Figures::Within { stable: 0..=most, canary: 0..=most, sum: replicas..=most };
                Resting::new(figures, format!("no setWeight yet, {replicas} replicas"), &[source::SURGE])
            }
        },
    }
}

/// `weight` percent of `replicas`, where `surge` pods more may be made to come nearer to it.
fn weighted(weight: i64, replicas: i64, surge: i64) -> Resting {
    let because = format!("setWeight {weight} of {replicas}");
    if weight * replicas % ALL == 0 {
        let canary = weight * replicas / ALL;
        return Resting::exactly(replicas - canary, canary, because, &[source::LAST_WEIGHT]);
    }
    let mut sources = vec![source::LAST_WEIGHT, source::SMALLEST_DELTA];
    let whole = weight::nearest(weight, ALL, replicas);
    let mut all = vec![Pods { stable: replicas - whole, canary: whole }];
    if whole == 0 {
        sources.push(source::CEILING);
        all.push(Pods { stable: replicas - 1, canary: 1 });
    }
    // Where that leaves one version without a pod: one of each, if so many pods may be there.
    let least = replicas.max(2);
    if least <= replicas + surge {
        add(&mut all, split(weight, least));
    }
    let worst = all[1..].iter().fold(all[0], |worst, pods| if nearer(weight, *pods, worst) { worst } else { *pods });
    for sum in replicas + 1..=replicas + surge {
        let pods = split(weight, sum);
        if nearer(weight, pods, worst) {
            add(&mut all, pods);
        }
    }
    if surge > 0 {
        sources.push(source::SURGE);
    }
    Resting::new(Figures::OneOf(all), format!("{because}, up to {surge} more for the ratio"), &sources)
}

/// The whole numbers of `sum` pods (two or more) that are nearest to `weight`, with a pod of each version.
fn split(weight: i64, sum: i64) -> Pods {
    let canary = weight::nearest(weight, ALL, sum).clamp(1, sum - 1);
    Pods { stable: sum - canary, canary }
}

fn nearer(weight: i64, pods: Pods, than: Pods) -> bool {
    weight::as_near(weight, (pods.canary, pods.sum()), (than.canary, than.sum()))
}

fn add(all: &mut Vec<Pods>, pods: Pods) {
    if !all.contains(&pods) {
        all.push(pods);
    }
}

/// A canary behind a router.
pub(super) fn routed(routed: &Routed, replicas: i64, situation: Situation) -> Resting {
    let floor = routed.min_pods.unwrap_or(1).min(replicas).max(0);
    match situation {
        Situation::Settled => settled(replicas).older(if keeps_on_abort(routed.abort_delay) {
            most_behind_router(routed, replicas)
        } else {
            0
        }),
        Situation::Aborted => aborted_behind_router(routed, replicas),
        Situation::HeldSettled => held_settled(replicas).older(2 * replicas),
        Situation::Held | Situation::Switched => {
            let most = most_behind_router(routed, replicas);
            let figures = Figures::Within { stable: 0..=replicas, canary: 0..=most, sum: 0..=replicas + most };
            let because = format!("stopped by spec.paused, {replicas} replicas");
            Resting::new(figures, because, &[source::MANUAL_PAUSE]).older(most)
        }
        Situation::Updating { step } => {
            let done = step >= routed.steps.len();
            let all = routed.max_weight.unwrap_or(ALL);
            let weight = if done { all } else { last_weight(&routed.steps, step).unwrap_or(0) };
            let mut sources = Vec::new();
            let scale = if done { None } else { last_scale(&routed.steps, step) };
            let (canary, because) = match scale {
                Some(scale) => scaled(scale, replicas, all, floor, &mut sources),
                None => by_weight(weight, replicas, all, routed.min_pods, &mut sources),
            };
            let stable = if routed.dynamic_stable_scale {
                sources.push(source::DYNAMIC_STABLE);
                let by_weight = weight::rounded_up(all - weight, all, replicas);
                if scale.is_some() {
                    sources.push(source::DYNAMIC_STABLE_PODS);
                    by_weight..=replicas
                } else {
                    by_weight..=by_weight.max(floor)
                }
            } else {
                sources.push(source::ROUTED_STABLE);
                replicas..=replicas
            };
            let sum = stable.start() + canary.start()..=stable.end() + canary.end();
            // What becomes of a version that was superseded on the way is not said.
            Resting::new(one_or_within(stable, canary, sum), because, &sources).older(2 * replicas)
        }
    }
}

fn by_weight(
    weight: i64,
    replicas: i64,
    all: i64,
    min_pods: Option<i64>,
    sources: &mut Vec<Source>,
) -> (RangeInclusive<i64>, String) {
    sources.extend([source::ROUTED_CANARY, source::NOT_OVERWHELMED]);
    let because = format!("weight {weight}/{all} of {replicas}");
    let by_weight = weight::rounded_up(weight, all, replicas);
    let Some(min_pods) = min_pods else { return (by_weight..=by_weight, because) };
    sources.push(source::MIN_PODS);
    let floor = min_pods.min(replicas);
    // Whether a version without traffic has that minimum is not said.
    let least = if weight == 0 { 0 } else { by_weight.max(floor) };
    (least..=by_weight.max(floor), format!("{because}, at least {floor}"))
}

fn scaled(
    scale: &CanaryScale,
    replicas: i64,
    all: i64,
    floor: i64,
    sources: &mut Vec<Source>,
) -> (RangeInclusive<i64>, String) {
    sources.push(source::SCALE_STAYS);
    // Whether the minimum of minPodsPerReplicaSet overrides an explicit figure is not said.
    if let Some(pods) = scale.replicas {
        sources.push(source::SCALE_REPLICAS);
        return (pods..=pods.max(floor), format!("setCanaryScale of {pods} pods"));
    }
    sources.push(source::SCALE_WEIGHT);
    let weight = scale.weight.unwrap_or(0);
    // Nor which way this one is rounded.
    let (down, up) = (weight::rounded_down(weight, all, replicas), weight::rounded_up(weight, all, replicas));
    (down..=up.max(floor), format!("setCanaryScale of weight {weight}/{all} of {replicas}"))
}

fn aborted_behind_router(routed: &Routed, replicas: i64) -> Resting {
    let mut sources = vec![source::ABORT_STABLE];
    if routed.dynamic_stable_scale {
        sources.push(source::DYNAMIC_ABORT);
    }
    let most = if keeps_on_abort(routed.abort_delay) {
        sources.push(source::ABORT_KEEPS);
        most_behind_router(routed, replicas)
    } else {
        sources.push(source::ABORT_DELAY);
        0
    };
    let figures = one_or_within(replicas..=replicas, 0..=most, replicas..=replicas + most);
    Resting::new(figures, format!("aborted, {replicas} replicas"), &sources).older(most)
}

/// The most pods that the steps ever ask for.
fn most_behind_router(routed: &Routed, replicas: i64) -> i64 {
    let explicit = routed.steps.iter().filter_map(|step| match step {
        CanaryStep::SetCanaryScale(scale) => scale.replicas,
        _ => None,
    });
    explicit.fold(replicas, i64::max)
}

/// No update is under way.
fn settled(replicas: i64) -> Resting {
    let because = format!("no update is under way, {replicas} replicas");
    Resting::exactly(replicas, 0, because, &[source::INITIAL, source::PROMOTED])
}

/// No update is under way, and a person stopped the Rollout: all pods, or none if it was created so.
pub(super) fn held_settled(replicas: i64) -> Resting {
    let all = [Pods { stable: replicas, canary: 0 }, Pods { stable: 0, canary: 0 }];
    let because = format!("no update is under way, stopped by spec.paused, {replicas} replicas");
    Resting::new(Figures::OneOf(all.into()), because, &[source::MANUAL_PAUSE, source::CREATED_PAUSED])
}

fn one_or_within(stable: RangeInclusive<i64>, canary: RangeInclusive<i64>, sum: RangeInclusive<i64>) -> Figures {
    if stable.start() == stable.end() && canary.start() == canary.end() {
        return Figures::OneOf(vec![Pods { stable: *stable.start(), canary: *canary.start() }]);
    }
    Figures::Within { stable, canary, sum }
}

/// The last `setWeight` up to and including this step.
pub(super) fn last_weight(steps: &[CanaryStep], step: usize) -> Option<i64> {
    steps.iter().take(step + 1).rev().find_map(|step| match step {
        CanaryStep::SetWeight(weight) => Some(*weight),
        _ => None,
    })
}

/// The last `setCanaryScale` up to and including this step, unless it goes with the weight.
fn last_scale(steps: &[CanaryStep], step: usize) -> Option<&CanaryScale> {
    let last = steps.iter().take(step + 1).rev().find_map(|step| match step {
        CanaryStep::SetCanaryScale(scale) => Some(scale),
        _ => None,
    })?;
    (!last.match_traffic_weight).then_some(last)
}
