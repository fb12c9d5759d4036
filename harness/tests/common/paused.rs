//! The small scenario of tests on a cluster that all runs share.

use std::{fs, path::Path};

use anyhow::Result;

use super::small;

/// The small scenario.
pub const SMALL: &str = "./small.yaml";
/// The one that goes on until somebody ends it.
pub const LONG: &str = "./long.yaml";

/// The update waits until somebody comes; the controller has nothing to do then.
const STEPS: &str = "[{setWeight: 50}, {pause: {}}]";
const END: &str = "expect: {phase: Paused, step: 1/2, replicas: {available: 2}}";

/// Writes both into this directory.
pub fn write(place: &Path) -> Result<()> {
    small::write(place, "small", STEPS, &format!("{END}\n    hold: {{reconciles: 1}}"), "2m")?;
    small::write(place, "long", STEPS, &format!("{END}\n    hold: {{for: 5m}}"), "2m")
}

/// Has the small one claim what is not so.
pub fn make_it_wrong(place: &Path) -> Result<()> {
    let path = place.join("small.yaml");
    let wrong = fs::read_to_string(&path)?.replace("phase: Paused", "phase: Healthy");
    // It is waited for in vain.
    let (deploy, update) = wrong.rsplit_once("within: 2m").unwrap_or((&wrong, ""));
    Ok(fs::write(&path, format!("{deploy}within: 5s{update}"))?)
}
