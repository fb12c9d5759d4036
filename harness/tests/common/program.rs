//! The program that is tested.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Where it is: where nextest says, else beside the directory of this executable, where Cargo puts it. (Not
/// `env!`: an archive of tests is run elsewhere.)
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("NEXTEST_BIN_EXE_proofroll") {
        return Ok(path.into());
    }
    let here = std::env::current_exe()?;
    let path = here.parent().and_then(Path::parent).context("target/debug/deps/NAME-...")?.join("proofroll");
    ensure!(path.is_file(), "{} is not there: cargo builds it with the tests", path.display());
    Ok(path)
}
