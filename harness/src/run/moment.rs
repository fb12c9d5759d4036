//! `at`: awaits the moment at which a step acts.
//!
//! It looks at the live view, on each arrival, before any barrier: so an action can meet the
//! controller in the middle of what it does. The live view mixes moments, so nothing is claimed of
//! the state that it seemed to show; the step's claims begin at its action's gate, as in any step.

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{failure, listener::News, step::Hands, trouble::Trouble};
use crate::{
    expect::{Subject, matcher},
    scenario::{LoadedStep, model::StateMatch},
    timeline::Point,
    timeouts::scaled,
};

impl Hands<'_> {
    /// Returns as soon as the live view satisfies `trigger`. `from`: where the step before ended.
    ///
    /// # Errors
    /// If it does not within the step's time.
    pub(super) async fn moment(&self, step: &LoadedStep, trigger: &StateMatch, from: Point) -> Result<(), Trouble> {
        let subject = Subject { rollout: &step.on, release: self.release };
        let deadline = Instant::now() + scaled(step.within);
        let mut arrivals = self.timeline.arrivals();
        loop {
            arrivals.mark_unchanged();
            {
                let log = self.timeline.log();
                if matcher::satisfied(trigger, log.live(), subject) {
                    return Ok(());
                }
                self.listener.hear(self.id, News::Passing { rollout: &step.on, live: log.live() });
            }
            if timeout_at(deadline, arrivals.changed()).await.is_err() {
                break;
            }
        }
        self.timeline.barrier().await?;
        let log = self.timeline.log();
        let text = failure::no_moment(log.live(), step, trigger, subject);
        Err(Trouble::Conformance(text + &failure::surroundings(log.history(), from, subject, Timestamp::now())))
    }
}
