//! Whether cases and placeholders agree: the same parameters in each case, all of them used, none
//! unknown.

use std::collections::BTreeSet;

use super::placeholder::{Placed, is_name};
use crate::scenario::{
    check::Faults,
    fault::one_of,
    tree::{Kind, Node},
};

/// Checks the value of `cases`.
pub(super) fn cases(node: &Node, placed: &[Placed], faults: &mut Faults) {
    let entries = node.entries();
    let Some((first_key, first)) = entries.first() else {
        let help = "as `cases: {one-pod: {replicas: 1}, ten-pods: {replicas: 10}}`";
        faults.at(node.at, "`cases` is a map of names to parameters", help);
        return;
    };
    for (key, case) in entries {
        let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if key.name.is_empty() || !key.name.chars().all(good) {
            let what = format!("`{}` can't be the name of a case", key.name);
            faults.at(key.at, what, "letters, digits, `-`, `.` and `_`: it becomes a part of the id");
        }
        if !matches!(case.kind, Kind::Map(_)) {
            faults.at(case.at, format!("the case `{}` is no map of parameters", key.name), "as `{replicas: 10}`");
        }
        for (parameter, _) in case.entries() {
            if !is_name(&parameter.name) {
                let what = format!("`{}` can't be the name of a parameter", parameter.name);
                faults.at(parameter.at, what, "a lower-case letter, then lower-case letters, digits and `-`");
            } else if first.entry(&parameter.name).is_none() {
                let what = format!("only the case `{}` defines `{}`", key.name, parameter.name);
                let names: Vec<_> = first.entries().iter().map(|(k, _)| k.name.as_str()).collect();
                let help = match one_of(&parameter.name, &names) {
                    near if near.starts_with("did") => near,
                    _ => format!("every case defines the same parameters: the case `{}` does not", first_key.name),
                };
                faults.at(parameter.at, what, help);
            }
        }
        for (parameter, _) in first.entries() {
            if case.entry(&parameter.name).is_none() && matches!(case.kind, Kind::Map(_)) {
                let what = format!("the case `{}` does not define `{}`", key.name, parameter.name);
                faults.at(key.at, what, "every case defines the same parameters");
            }
        }
    }
    let names: Vec<_> = first.entries().iter().map(|(k, _)| k.name.as_str()).collect();
    let mut used = BTreeSet::new();
    for parameter in placed.iter().flat_map(Placed::parameters) {
        used.insert(parameter.name);
        if !names.contains(&parameter.name) {
            let what = format!("no case defines the parameter `{}`", parameter.name);
            faults.at(parameter.at, what, one_of(parameter.name, &names));
        }
    }
    for (parameter, _) in first.entries() {
        if !used.contains(parameter.name.as_str()) {
            let what = format!("the parameter `{}` is not used", parameter.name);
            faults.at(parameter.at, what, format!("write `$({})` where its value is to stand", parameter.name));
        }
    }
}
