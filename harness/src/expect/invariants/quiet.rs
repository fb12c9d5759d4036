//! Quiet: a controller that has nothing to do does nothing.
//!
//! A loop without writes is invisible to the API server, so the reconciles that the controller's
//! log shows are counted as well.

use super::{
    Judgement,
    ground::{Ground, is_input, timers},
};
use crate::timeline::Kind;

/// Reconciles that one write in the stretch may cause: the write itself, and the informers' echo.
const RECONCILES_PER_WRITE: usize = 2;
/// Reconciles that were already on their way when the stretch began, and those of the fences.
const RECONCILES_ANYWAY: usize = 4;

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let Some(quiet) = ground.quiet else { return judgement };
    judgement.judged = 1;
    let mut input = None;
    let mut writes = 0;
    ground.each(|step| {
        let rv = step.entry.rv;
        if is_input(&step, ground.own_writes) {
            input = Some(rv);
        }
        if rv <= quiet.from || rv > quiet.to {
            return;
        }
        if step.entry.kind() != Kind::Event {
            writes += 1;
        }
        let (Some(before), Some(after)) =
            (step.before.and_then(|object| object.rollout()), step.entry.object.rollout())
        else {
            return;
        };
        let asked = input.is_some_and(|input| input > quiet.inputs_until)
            || timers(before, step.world).iter().any(|due| *due <= step.entry.arrived);
        if before.status != after.status && !asked {
            let name = &after.metadata.name;
            judgement.violate(rv, format!("the status of {name} was written although nothing had happened any more"));
        }
    });
    let budget = RECONCILES_ANYWAY + RECONCILES_PER_WRITE * writes;
    if quiet.reconciles > budget {
        judgement.violate(
            quiet.to,
            format!(
                "{} reconciles at the end, when {writes} writes were made: more than {budget} is a loop",
                quiet.reconciles
            ),
        );
    }
    judgement
}
