//! The parts of a spec that can be taken away, to see whether it is them.

use serde_json::{Map, Value};

use super::cell::{Cell, State};

/// So many parts of a spec at once; each is a Rollout of its own.
const MOST: usize = 56;

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Field(String),
    Item(usize),
}

/// A part of a Rollout, or of the workload that it refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    of_workload: bool,
    path: Vec<Key>,
}

/// `spec.strategy.canary.steps[1]`; a key with dots in it stands in brackets.
impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.of_workload {
            f.write_str("the workload's ")?;
        }
        for (index, key) in self.path.iter().enumerate() {
            match key {
                Key::Item(number) => write!(f, "[{number}]")?,
                Key::Field(name) if name.contains(['.', '/']) => write!(f, "[\"{name}\"]")?,
                Key::Field(name) if index == 0 => f.write_str(name)?,
                Key::Field(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

impl Part {
    /// Whether it lies in the other one.
    pub fn is_in(&self, other: &Self) -> bool {
        self.of_workload == other.of_workload
            && self.path.len() > other.path.len()
            && self.path.starts_with(&other.path)
    }

    /// Whether the cell has it.
    pub fn is_of(&self, cell: &Cell) -> bool {
        self.object(cell).is_some_and(|object| at(object, &self.path).is_some())
    }

    fn object<'a>(&self, cell: &'a Cell) -> Option<&'a Value> {
        if self.of_workload { cell.workload() } else { Some(&cell.rollout) }
    }
}

/// The parts of a cell, or of some parts of it, those nearest to the top first.
pub fn parts(cell: &Cell, below: &[Part]) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    let mut look: Vec<Part> = match below {
        [] => {
            let top = |of_workload| Part { of_workload, path: Vec::new() };
            [top(false)].into_iter().chain(cell.workload().map(|_| top(true))).collect()
        }
        below => below.to_vec(),
    };
    while !look.is_empty() && found.len() < MOST {
        let mut next = Vec::new();
        for part in &look {
            for child in children(cell, part) {
                match standing(cell, &child) {
                    Standing::Fixed => {}
                    Standing::Frame => next.push(child),
                    Standing::Removable => {
                        found.push(child.clone());
                        next.push(child);
                    }
                }
            }
        }
        look = next;
    }
    found.truncate(MOST);
    found
}

/// The cell without these parts.
pub fn without(cell: &Cell, parts: &[Part]) -> Cell {
    let mut cell = cell.clone();
    // From the end, so that the numbers of items stay what they are.
    let mut parts = parts.to_vec();
    parts.sort();
    for part in parts.iter().rev() {
        if let Some(object) = object_mut(&mut cell, part.of_workload) {
            remove(object, &part.path);
        }
    }
    cell
}

/// The cell with nothing of what can be taken away but `kept`.
pub fn least(cell: &Cell, kept: Option<&Part>) -> Cell {
    let all = parts(cell, &[]);
    let tops: Vec<Part> = all.iter().filter(|part| !all.iter().any(|other| part.is_in(other))).cloned().collect();
    let mut least = without(cell, &tops);
    if let Some(kept) = kept
        && let Some(value) = kept.object(cell).and_then(|object| at(object, &kept.path)).cloned()
        && let Some(object) = object_mut(&mut least, kept.of_workload)
    {
        put(object, &kept.path, value);
    }
    least
}

/// What may be done with a part.
enum Standing {
    /// It stays, and so does all of it.
    Fixed,
    /// It stays; what is in it may go.
    Frame,
    /// It may go.
    Removable,
}

fn standing(cell: &Cell, part: &Part) -> Standing {
    use Standing::{Fixed, Frame, Removable};
    let words: Vec<&str> = part
        .path
        .iter()
        .map(|key| match key {
            Key::Field(name) => name.as_str(),
            Key::Item(0) => "[0]",
            Key::Item(_) => "[n]",
        })
        .collect();
    let paused = cell.state == State::Paused;
    match words.as_slice() {
        ["spec"] | ["spec", "strategy"] | ["spec", "strategy", "canary" | "blueGreen"] => Frame,
        ["spec", "strategy", "canary", "steps"] if paused => Fixed,
        ["spec", "strategy", "blueGreen", "autoPromotionEnabled" | "autoPromotionSeconds"] if paused => Fixed,
        ["spec", "strategy", "blueGreen", "activeService"] => Fixed,
        ["spec", "replicas" | "selector" | "workloadRef"] => Fixed,
        ["metadata", ..] => match words.as_slice() {
            // A name is needed, and labels and annotations of the Rollout itself are its owner's.
            ["metadata"] => Frame,
            ["metadata", "annotations" | "labels"] if !part.of_workload => Removable,
            ["metadata", "annotations" | "labels", _] if !part.of_workload => Removable,
            _ => Fixed,
        },
        ["spec", ..] | ["template", ..] => template_part(cell, part, &words),
        _ => Fixed,
    }
}

fn template_part(cell: &Cell, part: &Part, words: &[&str]) -> Standing {
    use Standing::{Fixed, Frame, Removable};
    let inner = match words {
        ["spec", "template", inner @ ..] | ["template", inner @ ..] => inner,
        // Of the workload's own spec only the template counts.
        _ if part.of_workload => return Fixed,
        _ => return Removable,
    };
    match inner {
        [] | ["metadata" | "spec"] | ["spec", "containers"] | ["spec", "containers", "[0]"] => Frame,
        ["metadata", "labels"] => Frame,
        ["metadata", "labels", label] => {
            let selected = &cell.rollout["spec"]["selector"];
            let by_expression = selected["matchExpressions"].as_array().is_some_and(|list| !list.is_empty());
            let by_label = selected["matchLabels"].as_object().is_none_or(|labels| labels.contains_key(*label));
            if by_expression || by_label { Fixed } else { Removable }
        }
        ["spec", "containers" | "initContainers", _, "name" | "image"] => Fixed,
        _ => Removable,
    }
}

fn children(cell: &Cell, part: &Part) -> Vec<Part> {
    let Some(value) = part.object(cell).and_then(|object| at(object, &part.path)) else { return Vec::new() };
    let keys: Vec<Key> = match value {
        Value::Object(fields) => fields.keys().cloned().map(Key::Field).collect(),
        Value::Array(items) => (0..items.len()).map(Key::Item).collect(),
        _ => Vec::new(),
    };
    let child = |key| Part { of_workload: part.of_workload, path: part.path.iter().cloned().chain([key]).collect() };
    keys.into_iter().map(child).collect()
}

fn at<'a>(value: &'a Value, path: &[Key]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| match key {
        Key::Field(name) => value.get(name),
        Key::Item(number) => value.get(number),
    })
}

fn remove(value: &mut Value, path: &[Key]) {
    let Some((last, way)) = path.split_last() else { return };
    let holder = way.iter().try_fold(value, |value, key| match key {
        Key::Field(name) => value.get_mut(name),
        Key::Item(number) => value.get_mut(number),
    });
    match (holder, last) {
        (Some(Value::Object(fields)), Key::Field(name)) => drop(fields.shift_remove(name)),
        (Some(Value::Array(items)), Key::Item(number)) if *number < items.len() => drop(items.remove(*number)),
        _ => {}
    }
}

/// Puts `new` at `path`; what is missing on the way is made, of lists with this item alone.
fn put(value: &mut Value, path: &[Key], new: Value) {
    let Some((key, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    match key {
        Key::Field(name) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            put(&mut value[name.as_str()], rest, new);
        }
        Key::Item(number) => {
            if !value.is_array() {
                *value = Value::Array(Vec::new());
            }
            let Some(items) = value.as_array_mut() else { return };
            let index = (*number).min(items.len());
            if index == items.len() {
                items.push(Value::Null);
            }
            put(&mut items[index], rest, new);
        }
    }
}

fn object_mut(cell: &mut Cell, of_workload: bool) -> Option<&mut Value> {
    if of_workload { cell.companions.namespaced.get_mut(cell.companions.workload?) } else { Some(&mut cell.rollout) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cell(state: State) -> Cell {
        let rollout = json!({
            "metadata": {"name": "a", "annotations": {"team.example/owner": "x"}},
            "spec": {
                "replicas": 2,
                "revisionHistoryLimit": 3,
                "selector": {"matchLabels": {"app": "a"}},
                "strategy": {"canary": {"antiAffinity": {"preferred": {"weight": 1}}, "steps": [{"setWeight": 5}, {"pause": {}}]}},
                "template": {
                    "metadata": {"labels": {"app": "a", "v": "1"}},
                    "spec": {"containers": [
                        {"name": "a", "image": "b", "env": [{"name": "X", "value": "1"}]}, {"name": "side", "image": "c"}]},
                },
            },
        });
        Cell { rollout, companions: Default::default(), state, admission: None }
    }

    fn words(parts: &[Part]) -> String {
        parts.iter().map(|part| format!("{part}\n")).collect()
    }

    #[test]
    fn what_can_be_taken_away() {
        insta::assert_snapshot!(words(&parts(&cell(State::Healthy), &[])));
        let paused = words(&parts(&cell(State::Paused), &[]));
        assert!(!paused.contains("steps"), "without them nothing pauses:\n{paused}");
    }

    #[test]
    fn a_part_is_taken_away_or_left_alone() {
        let cell = cell(State::Healthy);
        let all = parts(&cell, &[]);
        let named = |name: &str| all.iter().find(|part| part.to_string() == name).unwrap();
        let weight = named("spec.strategy.canary.antiAffinity.preferred.weight");
        assert!(weight.is_in(named("spec.strategy.canary.antiAffinity")) && !weight.is_in(weight));
        insta::assert_snapshot!(without(&cell, std::slice::from_ref(weight)).rollout["spec"]["strategy"], @r#"{"canary":{"antiAffinity":{"preferred":{}},"steps":[{"setWeight":5},{"pause":{}}]}}"#);
        insta::assert_snapshot!(least(&cell, None).rollout, @r#"{"metadata":{"name":"a"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"a"}},"strategy":{"canary":{}},"template":{"metadata":{"labels":{"app":"a"}},"spec":{"containers":[{"name":"a","image":"b"}]}}}}"#);
        insta::assert_snapshot!(least(&cell, Some(weight)).rollout["spec"]["strategy"], @r#"{"canary":{"antiAffinity":{"preferred":{"weight":1}}}}"#);
        let value = named("spec.template.spec.containers[0].env[0].value");
        insta::assert_snapshot!(least(&cell, Some(value)).rollout["spec"]["template"]["spec"], @r#"{"containers":[{"name":"a","image":"b","env":[{"value":"1"}]}]}"#);
        assert!(
            value.is_of(&cell)
                && !value.is_of(&without(&cell, &[named("spec.template.spec.containers[0].env").clone()]))
        );
    }

    #[test]
    fn the_workload_has_parts_too() {
        let mut cell = cell(State::Healthy);
        let template = cell.rollout["spec"]["template"].take();
        cell.companions.namespaced = vec![json!({"kind": "Deployment", "spec": {"replicas": 0, "template": template}})];
        cell.companions.workload = Some(0);
        let words = words(&parts(&cell, &[]));
        assert!(words.contains("the workload's spec.template.spec.containers[0].env\n"), "{words}");
        assert!(!words.contains("the workload's spec.replicas"), "{words}");
    }
}
