//! What the documentation promises in numbers: how many pods each version of an application has
//! once a Rollout rests.
//!
//! Pure, and it knows no cluster: a [`Strategy`] (what the manifest says) and a [`Situation`] (where
//! the update stands) give a [`Resting`]: the counts that are right, with the sentences of the
//! documentation that say so. It is **not** a port of the controller's code, or it would agree with
//! every bug of it. Where the documentation names a figure, so does the model; where it is silent, the
//! model states a bound; where two pages contradict each other, the page of the strategy itself goes
//! first, and [`source`] says which ones do.
//!
//! ```text
//! RolloutSpec   -> Strategy  \
//!                             > resting() -> Resting <- admits? <- Seen <- World
//! RolloutStatus -> Situation /
//! ```
//!
//! `replicas: model` in a scenario asks it about the state at hand ([`judge`]); `proofroll fuzz`
//! asks it at every rest.

mod blue_green;
mod canary;
mod resting;
mod seen;
mod situation;
pub mod source;
mod strategy;
mod weight;

pub use self::{
    resting::{Figures, Pods, Resting},
    seen::{Judgement, Seen, judge},
    situation::Situation,
    strategy::Strategy,
};

/// How many pods each version has at rest; `replicas` is `spec.replicas`.
pub fn resting(strategy: &Strategy, replicas: i64, situation: Situation) -> Resting {
    match strategy {
        Strategy::Basic(basic) => canary::basic(basic, replicas, situation),
        Strategy::Routed(routed) => canary::routed(routed, replicas, situation),
        Strategy::BlueGreen(blue_green) => blue_green::resting(blue_green, replicas, situation),
    }
}

#[cfg(test)]
mod tests;
