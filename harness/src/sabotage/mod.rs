//! Who tests the suite: scenarios are broken on purpose, and each must be red at the step that it names.
//! A suite that catches nothing is the defect that is feared most.
//!
//! A *break* is written in the scenario: another manifest, another action. What is expected stays as it
//! is, for a wrong figure in an expectation proves only that figures are compared.

mod judge;
mod pick;

pub use judge::{Judged, Outcome, judge};
pub use pick::{Broken, all, sample};
