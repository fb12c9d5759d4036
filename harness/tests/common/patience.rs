//! How long is waited where nothing else is said.

use std::time::Duration;

use anyhow::Result;

use super::waiting::within;

/// For whatever has to come about, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Waits for something that has to come about.
pub fn eventually<T>(what: &str, check: impl FnMut() -> Result<T>) -> Result<T> {
    within(PATIENCE, what, check)
}
