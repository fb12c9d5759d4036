//! Awaits the end of a step: the first state after its gate that satisfies its expectation.
//!
//! The live view (newest versions in the order of arrival) only says *when to look*: as soon as it
//! seems to satisfy, and whenever news have stopped coming for a moment. What is looked at, after a
//! barrier, is the completed history. So a state that lasted a millisecond is found, and one that
//! only seemed to be there because two watches were out of step is not.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{
    expect::{
        Gate, Subject,
        event::{self, Sequence},
        matcher, temporal,
    },
    scenario::model::{EventMatch, StateMatch},
    timeline::{BarrierError, History, Point, Timeline, World},
};

/// News have stopped for so long: look, even if the live view doesn't seem to satisfy.
const LULL: Duration = Duration::from_millis(250);

const NOT_YET: Outcome = Outcome::TimedOut { gate: None, met: None };

/// What is awaited.
#[derive(Debug, Clone, Copy)]
pub struct Awaited<'a> {
    /// From where on the gate is looked for.
    pub from: Point,
    /// The action's gate.
    pub gate: &'a Gate,
    /// The expectation is looked for from here on: what met it before did not last.
    pub not_before: Point,
    /// The expectation; None: the gate alone.
    pub expect: Option<&'a StateMatch>,
    /// Events that must be seen, in this order, from the action's own write on.
    pub events: &'a [EventMatch],
    /// States that must not come meanwhile: waiting ends when one does.
    pub never: &'a [StateMatch],
    /// States that must go on meanwhile.
    pub always: &'a [StateMatch],
    /// The Rollout, and the release.
    pub subject: Subject<'a>,
}

/// How the waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The gate was passed and the expectation met.
    Met {
        /// The gate.
        gate: Point,
        /// The state that meets the expectation.
        at: Point,
    },
    /// A claim was broken before that.
    Broken {
        /// The gate.
        gate: Point,
    },
    /// Time is up.
    TimedOut {
        /// The gate, if it was passed.
        gate: Option<Point>,
        /// The state that meets the expectation, if only events are missing.
        met: Option<Point>,
    },
}

impl Awaited<'_> {
    /// Waits until `deadline`. `passing` hears of the live view whenever something arrived.
    ///
    /// # Errors
    /// If a barrier can't be reached.
    pub async fn wait(
        &self,
        timeline: &Timeline,
        deadline: Instant,
        mut passing: impl FnMut(&World),
    ) -> Result<Outcome, BarrierError> {
        let mut arrivals = timeline.arrivals();
        let mut looked_at = None;
        let mut awaited = *self;
        loop {
            arrivals.mark_unchanged();
            let (count, seems) = {
                let log = timeline.log();
                passing(log.live());
                (log.arrivals(), self.seems_met(log.live()))
            };
            let lull = !seems && timeout_at(deadline.min(Instant::now() + LULL), arrivals.changed()).await.is_err();
            let over = Instant::now() >= deadline;
            if over || (looked_at != Some(count) && (seems || lull)) {
                timeline.barrier().await?;
                let (outcome, end) = {
                    let log = timeline.log();
                    (awaited.look(log.history()), log.history().end())
                };
                match outcome {
                    Outcome::TimedOut { gate: Some(gate), met: Some(at) } if self.may_be_dropped(timeline) => {
                        // What was dropped is not waited for, but what is on its way is: until news have stopped.
                        let until = deadline.min(Instant::now() + LULL);
                        if over || no_news(timeline, count, until).await {
                            return Ok(Outcome::Met { gate, at });
                        }
                    }
                    Outcome::TimedOut { gate, met } if !over => {
                        looked_at = Some(count);
                        // No state is looked at twice (some controllers write without end), but for the one that
                        // only waits for its events.
                        if gate.is_some() && met.is_none() {
                            awaited.not_before = end;
                        }
                    }
                    outcome => return Ok(outcome),
                }
            } else if seems || lull {
                // Looked at already: nothing changes before something arrives.
                let _ = timeout_at(deadline, arrivals.changed()).await;
            }
        }
    }

    fn seems_met(&self, live: &World) -> bool {
        self.gate.passes(live) && self.expect.is_none_or(|expect| matcher::satisfied(expect, live, self.subject))
    }

    /// Looks at the history as far as it is complete; `TimedOut` means: not yet.
    pub fn look(&self, history: &History) -> Outcome {
        let Some(gate) = self.gate.find(history, self.from) else { return NOT_YET };
        let met = match self.expect {
            None => Some(gate),
            Some(expect) => temporal::first(history, gate.max(self.not_before), expect, self.subject),
        };
        let to = met.unwrap_or(history.end());
        let is_broken = |claim| matches!(claim, temporal::Claim::Broken(..));
        let broken = self.never.iter().any(|state| is_broken(temporal::never(history, gate, to, state, self.subject)))
            || self.always.iter().any(|state| is_broken(temporal::always(history, gate, to, state, self.subject)));
        match met {
            _ if broken => Outcome::Broken { gate },
            Some(at) if self.events_missing(history) => Outcome::TimedOut { gate: Some(gate), met: Some(at) },
            Some(at) => Outcome::Met { gate, at },
            None => Outcome::TimedOut { gate: Some(gate), met: None },
        }
    }

    fn sequence(&self, history: &History) -> Sequence {
        let acted = self.gate.acted(history, self.from);
        event::sequence(history, acted, history.end(), self.events, self.subject)
    }

    fn events_missing(&self, history: &History) -> bool {
        self.sequence(history).met.len() < self.events.len()
    }

    fn may_be_dropped(&self, timeline: &Timeline) -> bool {
        self.sequence(timeline.log().history()).may_be_dropped
    }
}

/// Waits until nothing more has come than the first `count` writes. False if something does before that.
async fn no_news(timeline: &Timeline, count: u64, until: Instant) -> bool {
    let mut arrivals = timeline.arrivals();
    loop {
        if timeline.log().arrivals() != count {
            return false;
        }
        if timeout_at(until, arrivals.changed()).await.is_err() {
            return true;
        }
    }
}
