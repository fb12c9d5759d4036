//! The end of a scenario: once nothing is to happen any more, the controller must be at rest, and
//! the invariants must have held all the way.

use std::collections::BTreeSet;

use super::{Stage, claims, failure, listener::News, step::FENCE, trouble::Trouble};
use crate::{
    act::Actor,
    controller::{self, Controller, Fence},
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
    controller: &Controller,
    namespace: &str,
    scenario: &Scenario,
) -> Result<Option<Quiet>, Trouble> {
    let rollouts: BTreeSet<_> = scenario.steps.iter().map(|step| step.on.clone()).collect();
    let there: Vec<_> = {
        let log = timeline.log();
        rollouts.into_iter().filter(|name| log.live().rollout(name).is_some()).collect()
    };
    if there.is_empty() || controller.pid().is_none() {
        timeline.barrier().await?;
        return Ok(None);
    }
    let fences = async || {
        for name in &there {
            let passed = Fence::new(actor, controller.log(), namespace).pass(name, scaled(FENCE)).await;
            passed.map_err(|error| Trouble::from(error).context("at the end, with nothing left to do: "))?;
        }
        Ok::<_, Trouble>(())
    };
    let log = |error: std::io::Error| Trouble::Infra(format!("the controller's log can't be read: {error}"));
    let inputs_until = timeline.barrier().await?;
    fences().await?;
    let from = timeline.barrier().await?;
    let began = controller.log().position().map_err(log)?;
    fences().await?;
    let ended = controller.log().position().map_err(log)?;
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
    let release = &stage.release.version;
    // The whole scenario's claims are about the first step's Rollout.
    let rollout = scenario.steps.first().map_or("", |step| step.on.as_str());
    let subject = Subject { rollout, release };
    let whole = (Point::default(), history.end());
    let settled = claims::settle(&scenario.never, &scenario.always, history, whole, subject);
    for claim in &settled {
        stage.listener.hear(&scenario.id, News::Claim { step: None, claim });
    }
    failures += &failure::broken(&settled);

    let ground = Ground { history, own_writes, quiet };
    for invariant in invariants::ALL {
        let judgement = invariant.judge(&ground);
        let waived = scenario.waive.get(invariant.name).cloned();
        let violations: Vec<_> =
            judgement.violations.iter().map(|v| format!("resourceVersion {}: {}", v.rv, v.what)).collect();
        if waived.is_none() && !violations.is_empty() {
            failures += &format!("the invariant `{}` does not hold: {}\n", invariant.name, invariant.says);
            violations.iter().for_each(|violation| failures += &format!("  {violation}\n"));
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
