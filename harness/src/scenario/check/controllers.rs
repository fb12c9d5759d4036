//! Whether the controllers that steps speak of are there.

use super::Faults;
use crate::scenario::{
    fault::one_of,
    model::{MAIN, ScenarioFile},
    tree::Node,
};

/// Checks the names of controllers in the file at `tree`.
pub(in crate::scenario) fn controllers(tree: &Node, file: &ScenarioFile, faults: &mut Faults) {
    let names: Vec<&str> = std::iter::once(MAIN).chain(file.controllers.keys().map(String::as_str)).collect();
    for (node, step) in tree.get("steps").map(Node::items).unwrap_or_default().iter().zip(&file.steps) {
        if let (Some(name), Some(of)) = (&step.of, node.get("of")) {
            if step.controller.is_none() {
                faults.at(
                    node.key_at("of"),
                    "`of` without `controller`",
                    "it says which controller the action is about",
                );
            } else if !names.contains(&name.as_str()) {
                faults.at(of.at, format!("there is no controller `{name}`"), one_of(name, &names));
            }
        }
        for name in step.controllers.keys().filter(|name| !names.contains(&name.as_str())) {
            let at = node.get("controllers").map_or(node.at, |controllers| controllers.key_at(name));
            faults.at(at, format!("there is no controller `{name}`"), one_of(name, &names));
        }
    }
}
