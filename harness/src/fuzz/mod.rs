//! Generated rollouts: random strategies and random actions, played on a real control plane, judged
//! by the model and the invariants, and made small when they fail.
//!
//! ```text
//! (seed, number) -> generate -> Case -> write -> scenario file -> run -> verdict
//!                                 ^                                       |
//!                                 +---- shrink: smaller cases <-- failed -+--> a file that shows it
//! ```
//!
//! - [`random`]: the stream of numbers, the same in all years; [`generate`]: what they make of it;
//! - [`case`]: a case as a value; [`write`](mod@write): as the files of a scenario, which are what is run, so that
//!   what is found can be committed and run by anybody;
//! - [`signature`]: in which way a scenario failed; [`shrink`]: the smallest case that fails so;
//! - [`hunt`]: all of it, on a control plane;
//! - [`known`]: what has been found, and is not made again.
//!
//! What is claimed of a case: after the deploy, after most actions and at the end it comes to rest
//! (`at-rest`) with the pods that the documentation promises (`replicas: model`); at the end, promoted, it is Healthy; and all invariants hold, as in every scenario.

pub mod case;
pub mod generate;
pub mod hunt;
pub mod known;
pub mod random;
pub mod shrink;
pub mod signature;
pub mod write;

pub use self::{case::Case, generate::case as generate, hunt::Hunt, known::Known};

#[cfg(test)]
mod tests;
