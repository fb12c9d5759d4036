//! Tests that tell their error with its causes.

use anyhow::Result;
use libtest_mimic::Trial;

/// A test of this name.
pub fn trial(name: &str, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || test().map_err(|error| format!("{error:?}").into()))
}
