//! The timed pauses of a history, measured by the API server's clock.
//!
//! Kubernetes writes whole seconds. A pause's `startTime` is cut to the second, and so is the time
//! of the write that ends it (its `managedFields` entry). A controller that waits until `startTime +
//! duration` ends the pause in a write whose second is not before that sum: this comparison has no
//! rounding to allow for. The duration as it was seen (between the arrivals of the two writes) may
//! be up to a second shorter than the nominal one, and longer by whatever the machine is busy with;
//! it is reported, never judged.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::history::History;
use crate::rollout::{CanaryStep, PauseLength, Rollout};

/// One timed pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedPause {
    /// The Rollout.
    pub rollout: String,
    /// The step index at which it stood.
    pub step: u32,
    /// `startTime` of the pause condition.
    pub start: Timestamp,
    /// The duration that the step asks for.
    pub duration: Duration,
    /// resourceVersion of the write that began it.
    pub began: u64,
    /// How it ended.
    pub ending: Ending,
    /// Between the arrivals of the writes that began and ended it.
    pub seen: Option<Duration>,
}

/// How a pause ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It still goes on.
    Open,
    /// The controller went on to the next step.
    Elapsed {
        /// The write that ended it.
        rv: u64,
        /// Its second by the API server's clock (by the arrival here, if the server keeps no times).
        second: Timestamp,
    },
    /// Somebody ended it: a promotion, an abort, a new spec.
    Cut {
        /// The write that ended it.
        rv: u64,
    },
}

impl TimedPause {
    /// The first second in which it may end.
    pub fn due(&self) -> Timestamp {
        end_of(self.start, self.duration)
    }
}

/// When the timed pause in which `rollout` stands ends; None if it stands in none.
pub fn due(rollout: &Rollout) -> Option<Timestamp> {
    current(rollout).map(|(_, start, duration)| end_of(start, duration))
}

fn end_of(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration).ok().and_then(|d| start.checked_add(d).ok()).unwrap_or(Timestamp::MAX)
}

/// Step index, start and duration of the timed pause in which `rollout` stands.
fn current(rollout: &Rollout) -> Option<(u32, Timestamp, Duration)> {
    let (index, step) = rollout.current_step()?;
    let CanaryStep::Pause(PauseLength::Timed(duration)) = step else { return None };
    let condition = rollout.status.pause_conditions.iter().find(|c| c.reason == "CanaryPauseStep")?;
    Some((u32::try_from(index).ok()?, condition.start?, *duration))
}

/// A pause that has not ended yet.
struct Open<'a> {
    /// Its place in the list.
    pause: usize,
    /// When the write that began it arrived.
    began: Timestamp,
    /// The Rollout as it was seen last.
    last: &'a Rollout,
}

/// Whether the controller went on because somebody had told it to: an abort, a full promotion (which it
/// forgets in the very write that obeys it), another template or other steps.
fn somebody_ended_it(last: &Rollout, now: &Rollout) -> bool {
    now.status.abort
        || last.status.promote_full
        || last.status.current_pod_hash != now.status.current_pod_hash
        || last.status.current_step_hash != now.status.current_step_hash
}

/// All timed pauses of a history, in order. `own_writes`: the resourceVersions of the harness's own
/// writes, which tell a pause that was cut short from one that elapsed.
pub fn timed_pauses(history: &History, own_writes: &BTreeSet<u64>) -> Vec<TimedPause> {
    let mut pauses: Vec<TimedPause> = Vec::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    for entry in history.entries() {
        let Some(rollout) = entry.object.rollout() else { continue };
        let uid = &rollout.metadata.uid;
        let now = if entry.deleted { None } else { current(rollout) };
        let position = open.iter().position(|open| open.last.metadata.uid == *uid);
        if let Some(position) = position {
            let pause = &mut pauses[open[position].pause];
            if now.is_some_and(|(step, start, _)| step == pause.step && start == pause.start) {
                open[position].last = rollout; // still the same
                continue;
            }
            let Open { began, last, .. } = open.swap_remove(position);
            let went_on = rollout.status.current_step_index == Some(i64::from(pause.step) + 1);
            let cut = entry.deleted || own_writes.contains(&entry.rv) || !went_on || somebody_ended_it(last, rollout);
            pause.seen = Duration::try_from(entry.arrived.duration_since(began)).ok();
            pause.ending = if cut {
                Ending::Cut { rv: entry.rv }
            } else {
                let written = rollout.metadata.writes.iter().filter_map(|write| write.time).max();
                Ending::Elapsed { rv: entry.rv, second: written.unwrap_or(entry.arrived) }
            };
        }
        if let Some((step, start, duration)) = now {
            open.push(Open { pause: pauses.len(), began: entry.arrived, last: rollout });
            pauses.push(TimedPause {
                rollout: rollout.metadata.name.clone(),
                step,
                start,
                duration,
                began: entry.rv,
                ending: Ending::Open,
                seen: None,
            });
        }
    }
    pauses
}
