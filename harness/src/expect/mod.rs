//! What must be seen. All of it is pure: it reads a completed [`crate::timeline::History`] and
//! says what holds and what does not.
//!
//! - [`matcher`] compares one state with a partial description, field by field; what concerns any object
//!   ([`pattern`], quantifiers, CEL), the Rollout's own status and events has a file of its own;
//! - [`event`] also finds events in their order, and says when they can't be judged;
//! - [`gate`] says from which state on an action is known to the controller;
//! - [`temporal`] finds `expect` and `through`, and judges `never`, `always` and `hold` over spans;
//! - [`at_rest`] says whether the controller's counters agree with the ReplicaSets;
//! - [`rest`] says whether anything is still to happen by itself;
//! - [`invariants`] hold in every scenario.

pub mod at_rest;
mod cel;
pub mod event;
pub mod gate;
pub mod invariants;
pub mod matcher;
mod object;
pub mod pattern;
mod quantified;
pub mod rest;
mod status;
pub mod temporal;

pub use gate::Gate;
pub use matcher::{Check, Subject, compare};

#[cfg(test)]
mod object_tests;
#[cfg(test)]
mod tests;
