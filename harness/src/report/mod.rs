//! What is said of a run. [`v1`] is the form that is kept: JSON with documented types and a schema;
//! everything else (the terminal, the [`conformance`] report, [`junit`] for CI servers, pages to come) is made from what
//! it holds.

pub mod conformance;
pub mod invariants;
pub mod junit;
pub mod observed;
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
    let mut json = serde_json::to_vec_pretty(report).map_err(io::Error::from);
    if let Ok(json) = &mut json {
        json.push(b'\n');
    }
    json.and_then(|json| whole(&json, to)).map_err(|source| WriteError { path: to.to_owned(), source })
}

/// Writes the conformance report as YAML, whole or not at all.
///
/// # Errors
/// Where the file can't be written.
pub fn write_conformance(report: &v1::Report, to: &Path) -> Result<(), WriteError> {
    let yaml = conformance::ConformanceReport::of(report).yaml().map_err(io::Error::other);
    yaml.and_then(|yaml| whole(yaml.as_bytes(), to)).map_err(|source| WriteError { path: to.to_owned(), source })
}

/// Writes the report as JUnit XML, whole or not at all.
///
/// # Errors
/// Where the file can't be written.
pub fn write_junit(report: &v1::Report, to: &Path) -> Result<(), WriteError> {
    let xml = junit::xml(report).map_err(io::Error::other);
    xml.and_then(|xml| whole(xml.as_bytes(), to)).map_err(|source| WriteError { path: to.to_owned(), source })
}

fn whole(bytes: &[u8], to: &Path) -> io::Result<()> {
    let directory = to.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(to).map(drop).map_err(|error| error.error)
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::Report).to_value()
}

#[cfg(test)]
mod tests;
