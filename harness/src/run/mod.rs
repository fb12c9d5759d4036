//! Runs a scenario: joins the cluster, the controller, the actions, the timeline and the
//! expectations, and comes to a verdict.
//!
//! A step is: act (by the driver that is asked for, [`driving`]); find the gate in the timeline; await the state that is expected ([`awaiting`]);
//! look back at what was passed on the way. Claims that reach to the next action stay open until
//! its gate is known ([`claims`]). At the end, when nothing is to happen any more, two fences make
//! sure that the controller has looked once more, and the invariants are judged ([`ending`]).

mod acting;
mod awaiting;
mod claims;
mod container;
mod driving;
mod ending;
mod endpoints;
mod evidence;
mod existing;
pub mod failure;
mod interruption;
mod known;
pub mod listener;
mod moment;
mod own;
mod pause;
pub mod provision;
mod reports;
mod scenario;
mod step;
mod swapping;
mod traffic;
pub mod trouble;
mod views;
mod watching;
pub mod wish;

pub use listener::{Listener, News};
pub use scenario::{Options, Stage, not_run, run, skipped};
pub use trouble::Trouble;
