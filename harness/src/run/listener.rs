//! Who hears what happens while a scenario runs.

use crate::{report::v1, rollout::info::RolloutInfo, scenario::Scenario, timeline::World};

/// What happens, in the order in which it happens.
pub enum News<'a> {
    /// A scenario's namespace and controller are there; its first step comes next.
    Began(&'a Scenario),
    /// A step begins.
    Step {
        /// Its place, from 0.
        index: usize,
        /// Its name.
        name: &'a str,
    },
    /// Its action was carried out.
    Acted {
        /// As a person would type it.
        command: &'a str,
    },
    /// Something arrived; the live view of the step's Rollout.
    Passing {
        /// The Rollout's name.
        rollout: &'a str,
        /// The newest versions in the order of arrival.
        live: &'a World,
    },
    /// The step has ended.
    StepEnded {
        /// Its place, from 0.
        index: usize,
        /// What is reported of it; claims that reach to the next action are not in it yet.
        step: &'a v1::Step,
        /// The state that ended it (the last one, if it failed).
        info: Option<&'a RolloutInfo>,
    },
    /// A claim over a span is settled.
    Claim {
        /// The step that made it; None: the scenario.
        step: Option<usize>,
        /// What became of it.
        claim: &'a v1::Claim,
    },
    /// It failed, and waits for a person to look around.
    Paused {
        /// What there is to look at, and how to go on.
        text: &'a str,
    },
    /// All is over, the verdict included.
    Ended(&'a v1::Scenario),
}

/// Hears the news of a run; several scenarios may speak at once.
pub trait Listener: Send + Sync {
    /// `id`: the scenario that speaks.
    fn hear(&self, id: &str, news: News<'_>);
}
