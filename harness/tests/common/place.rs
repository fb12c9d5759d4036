//! Directories for tests.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

/// A directory for the state of planes: in memory, where there is such a place.
pub fn in_memory(prefix: &str) -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(prefix);
    Ok(if memory.is_dir() { builder.tempdir_in(memory)? } else { builder.tempdir()? })
}
