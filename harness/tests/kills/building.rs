//! Ctrl-C while parts are being built.

use anyhow::Result;

pub fn an_interrupted_build_leaves_nothing() -> Result<()> {
    Ok(())
}
