//! How a controller behaves, in a form in which two of them can be compared.
//!
//! Raw sequences of states race: which of two pods is ready first decides through which states a promotion goes. So a
//! run is brought into a **normal form** ([`mod@observe`]): for each step the states of the Rollouts (phase, message, step,
//! set weight, `spec.replicas` by role; repeats removed), the events, the number of the controller's writes; without
//! times and without names that are made up in each run ([`names`]). And both sides are run several times.
//!
//! ```text
//! history of a run -> observe -> report (steps[].observed)
//! reports of one side (K runs) -> sides  \
//!                                          compare -> comparison (JSON) -> render (for people)
//! reports of the other side (K runs) ----/
//! ```
//!
//! The rules of [`mod@compare`]:
//!
//! - What is seen or not seen differs if it is seen in **all** runs of one side and in **none** of the other. What is seen
//!   in some runs of one side only may be a race, and does not count.
//! - A number (writes, seconds) differs if the ranges of the two sides are further apart than either is wide
//!   ([`numbers`]); seconds also by half as much again, and after what all steps have in common (a machine that has
//!   become slow) is taken out.

mod compare;
mod elements;
mod names;
mod numbers;
mod observe;
mod render;
mod result;
mod sides;

pub use compare::compare;
pub use observe::observe;
pub use render::render;
pub use result::{Aspect, Compared, Comparison, Difference, LeftOut, Place, Ratio, SideOf, schema};
pub use sides::{BadRun, Side};

#[cfg(test)]
mod tests;
