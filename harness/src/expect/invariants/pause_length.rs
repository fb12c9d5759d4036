//! Pause length: nobody is sent on too early.

use super::{Judgement, ground::Ground};
use crate::timeline::pauses::{Ending, timed_pauses};

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for pause in timed_pauses(ground.history, ground.own_writes) {
        let Ending::Elapsed { rv, second } = pause.ending else { continue };
        judgement.judged += 1;
        if second < pause.due() {
            judgement.violate(
                rv,
                format!(
                    "the pause at step {} of {} began at {} and lasts {} s, but it was ended at {second}",
                    pause.step,
                    pause.rollout,
                    pause.start,
                    pause.duration.as_secs()
                ),
            );
        }
    }
    judgement
}
