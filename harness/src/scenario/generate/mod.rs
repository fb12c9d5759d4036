//! A scenario for a Rollout of the user's own (`proofroll try rollout.yaml`): deploy, update, abort,
//! roll back, promote, with what its strategy promises and no more.

mod plan;
mod write;

use std::path::Path;

use serde_json::Value;

use self::plan::Plan;
use super::{
    Library, Scenario, ScenarioError,
    fault::{Fault, Mark, Text},
    manifest::Manifest,
};

/// A scenario that was made for a manifest.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The file, with comments: it can be saved beside the manifest and changed.
    pub yaml: String,
    /// The same, ready to be run.
    pub scenario: Scenario,
}

/// Makes a scenario for the one Rollout of the manifest at `path`.
///
/// # Errors
/// If the file cannot be read, does not hold one Rollout, or lacks what the Rollout names (its
/// Services); and for what cannot be tried in this way: `workloadRef`, a Rollout that is created paused.
pub fn generate(library: &Library, path: &Path) -> Result<Generated, ScenarioError> {
    let text = library.read_file(path)?;
    let manifests = Manifest::read(&text)?;
    let rollout = the_rollout(&text, &manifests)?;
    whole(&text, rollout, &manifests)?;
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let yaml = write::scenario(&file, &rollout.name, &Plan::of(&rollout.object));
    let scenario = library.load_text(&path.with_extension("try.yaml"), &yaml)?;
    Ok(Generated { yaml, scenario })
}

fn the_rollout<'a>(text: &Text, manifests: &'a [Manifest]) -> Result<&'a Manifest, Fault> {
    let rollouts: Vec<_> = manifests.iter().filter(|m| m.is_rollout()).collect();
    match rollouts.as_slice() {
        [one] => Ok(one),
        [] => Err(text.fault(Mark::default(), "there is no Rollout in this file")),
        several => {
            let names: Vec<_> = several.iter().map(|m| m.name.as_str()).collect();
            let what = format!("there are several Rollouts in this file: {}", names.join(", "));
            Err(text.fault(Mark::default(), what).help("`try` takes one: put each into a file of its own"))
        }
    }
}

/// What has to be there for the Rollout to be valid and to be tried.
fn whole(text: &Text, rollout: &Manifest, manifests: &[Manifest]) -> Result<(), Fault> {
    let spec = |pointer: &str| rollout.object.pointer(pointer);
    let wrong = |what: String, help: &str| Err(text.fault(Mark::default(), what).help(help));
    if spec("/spec/workloadRef").is_some() {
        let help = "write a scenario that patches the workload itself";
        return wrong(format!("the Rollout `{}` takes its pods from a workloadRef", rollout.name), help);
    }
    if spec("/spec/paused") == Some(&Value::Bool(true)) {
        let help = "it would never become Healthy: leave `spec.paused` out";
        return wrong(format!("the Rollout `{}` is created paused", rollout.name), help);
    }
    if spec("/spec/strategy/canary").is_none() && spec("/spec/strategy/blueGreen").is_none() {
        return wrong(format!("the Rollout `{}` has no strategy", rollout.name), "write `canary` or `blueGreen`");
    }
    for (strategy, key) in [
        ("canary", "canaryService"),
        ("canary", "stableService"),
        ("blueGreen", "activeService"),
        ("blueGreen", "previewService"),
    ] {
        let Some(name) = spec(&format!("/spec/strategy/{strategy}/{key}")).and_then(Value::as_str) else { continue };
        if !manifests.iter().any(|m| m.kind == "Service" && m.name == name) {
            let help = "the controller would say InvalidSpec: put the Service into the same file";
            return wrong(format!("`{key}` names the Service `{name}`, which is not in this file"), help);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
