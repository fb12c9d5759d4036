//! The controller under test.

pub mod release;

pub use release::{ControllerRelease, ControllerSpec};
