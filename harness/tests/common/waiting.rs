//! Waiting for what tells nobody by itself.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const LOOK: Duration = Duration::from_millis(50);

/// Polls until the check succeeds; its last error is the answer if it never does.
pub fn within<T>(limit: Duration, what: &str, mut check: impl FnMut() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match check() {
            Ok(value) => return Ok(value),
            Err(error) if begun.elapsed() > limit => bail!("not within {limit:?}: {what}: {error:?}"),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}
