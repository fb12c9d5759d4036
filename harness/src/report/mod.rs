//! What is said of a run. [`v1`] is the form that is kept: JSON with documented types and a schema;
//! everything else (the terminal, pages to come) is made from what it holds.

pub mod v1;

use std::{
    io,
    path::{Path, PathBuf},
};

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report {path} cannot be written: {source}")]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Writes a report as JSON, whole or not at all.
///
/// # Errors
/// Where the file can't be written.
pub fn write(report: &impl serde::Serialize, to: &Path) -> Result<(), WriteError> {
    let whole = || {
        let directory = to.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer_pretty(&mut file, report)?;
        io::Write::write_all(&mut file, b"\n")?;
        file.persist(to).map(drop).map_err(|error| error.error)
    };
    whole().map_err(|source| WriteError { path: to.to_owned(), source })
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::Report).to_value()
}
