//! The smallest case that still fails: one thing after the other is left out or made plainer, and
//! what still fails is gone on with.

use super::{
    case::{Act, Amount, BlueGreen, Canary, Case, Router, Step, Strategy, What},
    known::Known,
};

/// What came of shrinking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest case that failed.
    pub case: Case,
    /// How many cases were run for it.
    pub runs: usize,
    /// Nothing that could be left out was left untried.
    pub complete: bool,
}

/// Shrinks `case` in at most `budget` runs, `width` of them side by side. `fails` says of each of some
/// cases whether it fails in the same way.
///
/// # Errors
/// Those of `fails`.
pub async fn shrink<E>(
    case: &Case,
    budget: usize,
    width: usize,
    known: Known,
    fails: impl AsyncFn(&[Case]) -> Result<Vec<bool>, E>,
) -> Result<Shrunk, E> {
    let mut shrunk = Shrunk { case: case.clone(), runs: 0, complete: false };
    let mut tried: Vec<Case> = vec![case.clone()];
    'smaller: loop {
        let mut candidates = smaller(&shrunk.case);
        // What is known to fail for another reason says nothing about this one.
        let new = |candidate: &Case| !tried.contains(candidate) && known.allows(candidate);
        candidates.retain(|candidate| candidate.is_playable() && new(candidate));
        candidates.dedup();
        for some in candidates.chunks(width.max(1)) {
            let some = &some[..some.len().min(budget - shrunk.runs)];
            if some.is_empty() {
                return Ok(shrunk);
            }
            shrunk.runs += some.len();
            tried.extend_from_slice(some);
            let failed = fails(some).await?;
            if let Some((next, _)) = some.iter().zip(failed).find(|(_, failed)| *failed) {
                shrunk.case = next.clone();
                continue 'smaller;
            }
        }
        shrunk.complete = true;
        return Ok(shrunk);
    }
}

/// Cases that are a little smaller, those first that leave out most.
pub fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Case)| {
        let mut changed = case.clone();
        change(&mut changed);
        if changed != *case {
            all.push(changed);
        }
    };
    without_acts(case, &mut offer);
    offer(&|case| case.finish = false);
    offer(&|case| case.acts.iter_mut().for_each(|act| act.rest = true));
    strategy(case, &mut offer);
    offer(&|case| case.min_ready = 0);
    offer(&|case| case.rollback_window = None);
    for replicas in [1, 2, case.replicas.saturating_sub(1)] {
        offer(&|case| case.replicas = replicas.min(case.replicas));
    }
    plainer_acts(case, &mut offer);
    all
}

type Offer<'a> = dyn FnMut(&dyn Fn(&mut Case)) + 'a;

/// Leaves out half of the actions, a quarter, ..., each one.
fn without_acts(case: &Case, offer: &mut Offer<'_>) {
    let count = case.acts.len();
    let mut length = count;
    while length > 0 {
        // From the end: what came after the failure can't have made it.
        for from in (0..count).step_by(length).collect::<Vec<_>>().into_iter().rev() {
            offer(&|case| {
                case.acts.drain(from..(from + length).min(count));
            });
        }
        length /= 2;
    }
    for (index, act) in case.acts.iter().enumerate() {
        if let What::Scale(replicas) = act.what {
            // It may as well have been so large from the beginning.
            offer(&|case| {
                case.acts.remove(index);
                case.replicas = replicas;
            });
        }
    }
}

fn strategy(case: &Case, offer: &mut Offer<'_>) {
    match &case.strategy {
        Strategy::Canary(canary) => {
            for index in (0..canary.steps.len()).rev() {
                offer(&|case| {
                    with_canary(case, |canary| {
                        canary.steps.remove(index);
                    });
                });
                if let Step::Wait(_) = canary.steps[index] {
                    offer(&|case| with_canary(case, |canary| canary.steps[index] = Step::Pause));
                }
            }
            offer(&|case| with_canary(case, |canary| canary.router = None));
            offer(&|case| with_router(case, |router| router.min_pods = None));
            offer(&|case| with_router(case, |router| router.dynamic_stable_scale = false));
            offer(&|case| with_router(case, |router| router.delay = router.delay.map(|_| 0)));
            offer(&|case| with_router(case, |router| router.abort_delay = None));
            offer(&|case| {
                with_canary(case, |canary| {
                    canary.surge = None;
                    canary.unavailable = None;
                });
            });
            for plain in [Amount::Pods(0), Amount::Pods(1)] {
                offer(&|case| with_canary(case, |canary| canary.surge = canary.surge.map(|_| plain)));
                offer(&|case| with_canary(case, |canary| canary.unavailable = canary.unavailable.map(|_| plain)));
            }
        }
        Strategy::BlueGreen(_) => {
            offer(&|case| with_blue_green(case, |blue_green| blue_green.preview = false));
            offer(&|case| with_blue_green(case, |blue_green| blue_green.preview_replicas = None));
            offer(&|case| with_blue_green(case, |blue_green| blue_green.auto_promotion_seconds = None));
            offer(&|case| with_blue_green(case, |blue_green| blue_green.by_hand = false));
            offer(&|case| with_blue_green(case, |blue_green| blue_green.delay = blue_green.delay.map(|_| 0)));
            offer(&|case| with_blue_green(case, |blue_green| blue_green.abort_delay = None));
        }
    }
}

fn with_canary(case: &mut Case, change: impl FnOnce(&mut Canary)) {
    if let Strategy::Canary(canary) = &mut case.strategy {
        let before = canary.clone();
        change(canary);
        let nothing = |amount| matches!(amount, Some(Amount::Pods(0) | Amount::Percent(0)));
        if nothing(canary.surge) && nothing(canary.unavailable) {
            *canary = before; // the controller calls it invalid
        }
        if canary.router.is_none() {
            let scales = |step: &Step| matches!(step, Step::ScaleWeight(_) | Step::ScaleReplicas(_) | Step::ScaleMatch);
            canary.steps.retain(|step| !scales(step));
        }
    }
}

fn with_router(case: &mut Case, change: impl FnOnce(&mut Router)) {
    if let Strategy::Canary(Canary { router: Some(router), .. }) = &mut case.strategy {
        change(router);
    }
}

fn with_blue_green(case: &mut Case, change: impl FnOnce(&mut BlueGreen)) {
    if let Strategy::BlueGreen(blue_green) = &mut case.strategy {
        change(blue_green);
    }
}

/// Plainer actions in the same places.
fn plainer_acts(case: &Case, offer: &mut Offer<'_>) {
    for (index, Act { what, rest }) in case.acts.iter().enumerate() {
        if !rest {
            offer(&|case| case.acts[index].rest = true);
        }
        match *what {
            What::Image(image) if image > 1 => offer(&|case| case.acts[index].what = What::Image(1)),
            What::Scale(replicas) if replicas > 1 => offer(&|case| case.acts[index].what = What::Scale(replicas / 2)),
            What::UndoTo(_) => offer(&|case| case.acts[index].what = What::Undo),
            _ => {}
        }
    }
}
