//! The driver `plugin`: the real `kubectl-argo-rollouts`, called as a person calls it.
//!
//! ```text
//! Asked (what a step asks for) -> words -> Plugin::call -> what it says, and how it ends
//!                              \-> Changes (what it must write) -> which write of the object was its own
//! ```
//!
//! - [`Asked`] is an action that the plugin has, as the words that a person types. The driver `api` says the same
//!   words in its reports.
//! - [`Plugin`] is the program; [`Plugin::act`] calls it and takes its no for a no ([`super::ActError::Refused`]).
//! - [`Changes`] finds the plugin's writes among those that were seen, for it tells no resourceVersion: pure
//!   functions on versions of an object.

mod asked;
mod changes;
mod program;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use changes::{Changes, Found};
pub use program::{Place, Plugin};
