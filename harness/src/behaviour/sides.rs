//! One side of a comparison: all runs that there are of it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::result::SideOf;
use crate::report::v1::{Report, Scenario};

/// One side.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is called.
    pub of: SideOf,
    /// Its runs, by scenario.
    pub runs: BTreeMap<String, Vec<Scenario>>,
}

/// Runs that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum BadRun {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{path} is no report of a run: {source}\n(`proofroll run --repeat 5 --report FILE` writes one)")]
    NoReport {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A directory without any.
    #[error("there is no report (*.json) in {path}")]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// Two controllers on one side.
    #[error("{path} is of another controller ({found}) than the other reports of its side ({label})")]
    Mixed {
        /// The file.
        path: PathBuf,
        /// Its controller.
        found: String,
        /// That of the others.
        label: String,
    },
}

impl Side {
    /// The runs of a report.
    pub fn of(report: &Report) -> Self {
        let of = SideOf { label: report.controller.label.clone(), sha256: report.controller.sha256.clone() };
        let mut side = Self { of, runs: BTreeMap::new() };
        side.add(report);
        side
    }

    /// And those of another one.
    pub fn add(&mut self, report: &Report) {
        for run in &report.scenarios {
            self.runs.entry(run.id.clone()).or_default().push(run.clone());
        }
    }

    /// Reads a report, or all of a directory (`*.json`), which must be of one controller.
    ///
    /// # Errors
    /// See [`BadRun`].
    pub fn read(path: &Path) -> Result<Self, BadRun> {
        let unreadable = |source| BadRun::Unreadable { path: path.to_owned(), source };
        let files = match fs::metadata(path).map_err(unreadable)?.is_dir() {
            false => vec![path.to_owned()],
            true => {
                let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
                let files = entries.map_err(unreadable)?.into_iter().map(|entry| entry.path());
                let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|e| e == "json")).collect();
                files.sort();
                files
            }
        };
        let mut side: Option<Self> = None;
        for file in files {
            let report = read(&file)?;
            match &mut side {
                None => side = Some(Self::of(&report)),
                Some(side) if side.of.sha256 == report.controller.sha256 => side.add(&report),
                Some(side) => {
                    let (found, label) = (report.controller.label, side.of.label.clone());
                    return Err(BadRun::Mixed { path: file, found, label });
                }
            }
        }
        side.ok_or_else(|| BadRun::Empty { path: path.to_owned() })
    }
}

fn read(file: &Path) -> Result<Report, BadRun> {
    let path = file.to_owned();
    let text = fs::read(file).map_err(|source| BadRun::Unreadable { path: path.clone(), source })?;
    serde_json::from_slice(&text).map_err(|source| BadRun::NoReport { path, source })
}
