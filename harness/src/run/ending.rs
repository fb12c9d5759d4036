//! The end of a scenario: once nothing is to happen any more, the controller must be at rest, and
//! the invariants must have held all the way.

use std::collections::BTreeSet;

use super::{
    Stage, claims, failure,
    listener::News,
    reports::{breach, broken},
    step::FENCE,
    trouble::Trouble,
};
use crate::{
    act::Actor,
    controller::{self, Fence, Serving},
    expect::{
        Subject,
        invariants::{self, Ground, Quiet},
    },
    report::v1,
    scenario::Scenario,
    timeline::{History, Point, Timeline},
    timeouts::scaled,
};

/// Lets two fences pass: the controller has looked at each Rollout twice since the last
/// expectation was met. None if there is no Rollout left, or no controller.
pub(super) async fn come_to_rest(
    timeline: &Timeline,
    actor: &Actor,
    controller: &Serving,
    namespace: &str,
    scenario: &Scenario,
) -> Result<Option<Quiet>, Trouble> {
    let rollouts: BTreeSet<_> = scenario.steps.iter().map(|step| step.on.clone()).collect();
    let there: Vec<_> = {
        let log = timeline.log();
        rollouts.into_iter().filter(|name| log.live().rollout(name).is_some()).collect()
    };
    if there.is_empty() || !controller.is_up() {
        timeline.barrier().await?;
        return Ok(None);
    }
    let log = |error: std::io::Error| Trouble::Infra(format!("the controller's log can't be read: {error}"));
    // Answers where the log stands then. If it may be behind, that is where the last fence ended: what
    // is further on was said later.
    let fences = async || {
        let mut last = 0;
        for name in &there {
            let passed = Fence::new(actor, controller.log(), namespace).pass(name, scaled(FENCE)).await;
            let fenced =
                passed.map_err(|error| Trouble::from(error).context("at the end, with nothing left to do: "))?;
            last = fenced.completed.end;
        }
        if controller.log().is_behind() { Ok(last) } else { controller.log().position().map_err(log) }
    };
    let inputs_until = timeline.barrier().await?;
    let began = fences().await?;
    let from = timeline.barrier().await?;
    let ended = fences().await?;
    let mut reconciles = 0;
    for name in &there {
        reconciles += controller::reconciles(controller.log(), namespace, name, began, ended).map_err(log)?;
    }
    let to = timeline.barrier().await?;
    Ok(Some(Quiet { inputs_until, from, to, reconciles }))
}

/// Settles the scenario's own claims and judges the invariants.
pub(super) fn judge(
    scenario: &Scenario,
    stage: &Stage<'_>,
    history: &History,
    own_writes: &BTreeSet<u64>,
    quiet: Option<Quiet>,
    report: &mut v1::Scenario,
) -> Result<(), Trouble> {
    let mut failures = String::new();
    // The whole scenario's claims are about the first step's Rollout.
    let rollout = scenario.steps.first().map_or("", |step| step.on.as_str());
    let subject = Subject { rollout, release: stage.judged() };
    let whole = (Point::default(), history.end());
    let settled = claims::settle(&scenario.never, &scenario.always, history, whole, subject);
    for claim in &settled {
        stage.listener.hear(&scenario.id, News::Claim { step: None, claim });
    }
    failures += &failure::broken(&settled);
    report.broken.extend(broken(&settled));

    let ground = Ground { history, own_writes, quiet };
    for invariant in invariants::ALL {
        let judgement = invariant.judge(&ground);
        let waived = scenario.waive.get(invariant.name).cloned();
        let violations: Vec<_> =
            judgement.violations.iter().map(|v| format!("resourceVersion {}: {}", v.rv, v.what)).collect();
        if waived.is_none() && !violations.is_empty() {
            failures += &format!("the invariant `{}` does not hold: {}\n", invariant.name, invariant.says);
            violations.iter().for_each(|violation| failures += &format!("  {violation}\n"));
            report.broken.push(breach(format!("invariant {}", invariant.name), &violations.join("\n"), None));
        }
        report.invariants.push(v1::Invariant {
            name: invariant.name.into(),
            judged: judgement.judged,
            violations,
            waived,
        });
    }
    if failures.is_empty() {
        return Ok(());
    }
    let surroundings = failure::surroundings(history, Point::default(), subject, jiff::Timestamp::now());
    Err(Trouble::Conformance(format!("{}, over the whole scenario\n{failures}{surroundings}", scenario.id)))
}
