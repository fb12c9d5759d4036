//! Blue-green: the old version stays whole until the new one has taken over.

use super::{
    canary,
    resting::{Figures, Pods, Resting},
    situation::Situation,
    source,
    strategy::{BlueGreen, keeps_on_abort},
};

pub(super) fn resting(strategy: &BlueGreen, replicas: i64, situation: Situation) -> Resting {
    let preview = strategy.preview_replicas.unwrap_or(replicas);
    let most = preview.max(replicas);
    match situation {
        Situation::Settled => {
            let because = format!("no update is under way, {replicas} replicas");
            Resting::exactly(replicas, 0, because, &[source::INITIAL, source::FULL_BEFORE_SWITCH, source::OLD_GOES])
                .older(kept(strategy, most))
        }
        Situation::Updating { .. } => {
            let because = format!("preview, {replicas} replicas");
            // What becomes of a version that was superseded on the way is not said.
            Resting::exactly(replicas, preview, because, &[source::ACTIVE_STAYS, source::PREVIEW]).older(2 * most)
        }
        Situation::Switched => {
            let figures =
                Figures::Within { stable: 0..=replicas, canary: replicas..=replicas, sum: replicas..=2 * replicas };
            let because = format!("the active Service is switched, {replicas} replicas");
            Resting::new(figures, because, &[source::FULL_BEFORE_SWITCH, source::OLD_GOES]).older(2 * most)
        }
        Situation::Aborted => {
            let most = kept(strategy, most);
            let figures = match most {
                0 => Figures::OneOf(vec![Pods { stable: replicas, canary: 0 }]),
                most => {
                    Figures::Within { stable: replicas..=replicas, canary: 0..=most, sum: replicas..=replicas + most }
                }
            };
            let delay = if most == 0 { source::ABORT_DELAY } else { source::ABORT_KEEPS };
            Resting::new(figures, format!("aborted, {replicas} replicas"), &[source::ABORT_STABLE, delay]).older(most)
        }
        Situation::HeldSettled => canary::held_settled(replicas).older(2 * most),
        Situation::Held => {
            let figures = Figures::Within { stable: 0..=replicas, canary: 0..=most, sum: 0..=replicas + most };
            let because = format!("stopped by spec.paused, {replicas} replicas");
            Resting::new(figures, because, &[source::MANUAL_PAUSE]).older(2 * most)
        }
    }
}

/// How many pods of a version that was aborted may be kept for ever.
fn kept(strategy: &BlueGreen, most: i64) -> i64 {
    if keeps_on_abort(strategy.abort_delay) { most } else { 0 }
}
