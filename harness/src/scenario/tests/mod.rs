//! Whole files through the whole way.

mod errors;
mod fixtures;
mod properties;
mod scripts;
mod traffic;

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Library, Scenario, ScenarioError};

/// A Rollout with eight steps, a timed pause at 3, 5 and 7.
const ROLLOUT: &str = include_str!("../../../../fixtures/guide/canary-basic.rollout.yaml");

/// A path in the repository: from the environment of this run, for a test binary may run elsewhere.
pub(super) fn in_repository(path: &str) -> PathBuf {
    let here = std::env::var("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    Path::new(&here).join("..").join(path)
}

/// Loads a user's file that has a Rollout manifest (`rollout.yaml`) and more `files` beside it.
fn load_beside(scenario: &str, files: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rollout.yaml"), ROLLOUT).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let path = dir.path().join("my.yaml");
    fs::write(&path, scenario).unwrap();
    Library::embedded().load_file(&path).map_err(|mut error| {
        let prefix = format!("{}/", dir.path().display());
        for fault in &mut error.faults {
            fault.at.file = fault.at.file.replace(&prefix, "").into();
            fault.what = fault.what.replace(&prefix, "");
        }
        error
    })
}

/// A scenario of one or more steps after a deploy, from their YAML.
fn with_steps(steps: &str) -> String {
    format!("title: t\nmust: It MUST\nsteps:\n- apply: rollout.yaml\n  expect: {{phase: Healthy}}\n{steps}")
}
