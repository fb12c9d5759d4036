//! Which part of a spec makes an upgrade touch it: parts are really taken away, and the upgrade is played again.
//!
//! All parts of one Rollout are tried at once, each as a Rollout of its own: without this part, is it still touched? If
//! that blames none, the other way round: with nothing but this part, is it touched? What was found for one Rollout is
//! tried on the others first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    cell::{Cell, Fate},
    parts::{Part, least, parts, without},
};

/// So many Rollouts are looked into part by part; what is to blame for most fleets is one thing or two.
const EXPLORED: usize = 6;

/// What is to blame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blame {
    /// How sure that is.
    pub verdict: Verdict,
    /// The parts of the spec.
    pub parts: Vec<String>,
    /// In words.
    pub words: String,
}

/// How a blame was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Without any one of these parts nothing moves.
    Needed,
    /// Each of these parts alone is enough.
    Enough,
    /// A spec with nothing but what it must have is touched just the same.
    Any,
    /// It was not found.
    Unknown,
}

/// What was found out of one Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Needed(Vec<Part>),
    Enough(Vec<Part>),
    Any,
    Unknown(String),
}

/// Finds what is to blame for each of `touched`; `play` plays the upgrade with other cells.
///
/// # Errors
/// As `play`.
pub async fn search<E>(
    touched: &[Cell],
    mut play: impl AsyncFnMut(&str, &[Cell]) -> Result<Vec<Fate>, E>,
) -> Result<Vec<Blame>, E> {
    let mut found: Vec<Option<Found>> = vec![None; touched.len()];
    for _ in 0..EXPLORED {
        let Some(first) = found.iter().position(Option::is_none) else { break };
        let mut of_first = explore(&touched[first], &mut play).await?;
        // As near to the leaves as it goes: what was too much for one look is looked at below what is blamed.
        while let Found::Needed(blamed) = &of_first {
            let below = parts(&touched[first], blamed);
            let all = parts(&touched[first], &[]);
            if below.is_empty() || below.iter().all(|part| all.contains(part)) {
                break;
            }
            let fates = play("the parts of what is to blame", &variants(&touched[first], &below)).await?;
            match needed(&below, &fates) {
                deeper if deeper.is_empty() => break,
                deeper => of_first = Found::Needed(deeper),
            }
        }
        if let Found::Needed(blamed) | Found::Enough(blamed) = &of_first {
            let others: Vec<usize> = (0..touched.len())
                .filter(|i| *i != first && found[*i].is_none() && blamed.iter().all(|part| part.is_of(&touched[*i])))
                .collect();
            let cells: Vec<Cell> = others.iter().map(|i| without(&touched[*i], blamed)).collect();
            if !cells.is_empty() {
                let fates = play("the others without what is to blame", &cells).await?;
                for (other, _) in others.into_iter().zip(fates).filter(|(_, fate)| *fate == Fate::Untouched) {
                    found[other] = Some(of_first.clone());
                }
            }
        }
        found[first] = Some(of_first);
    }
    let given_up = || Found::Unknown(format!("not looked for: {EXPLORED} other Rollouts were"));
    Ok(found.into_iter().map(|found| found.unwrap_or_else(given_up).told()).collect())
}

async fn explore<E>(
    cell: &Cell,
    play: &mut impl AsyncFnMut(&str, &[Cell]) -> Result<Vec<Fate>, E>,
) -> Result<Found, E> {
    let all = parts(cell, &[]);
    let whole = Cell { admission: None, ..cell.clone() };
    let mut cells = vec![whole, least(cell, None)];
    cells.extend(variants(cell, &all));
    let fates = play(&format!("{} parts of {} taken away, one at a time", all.len(), cell.name()), &cells).await?;
    let [whole, least_fate, fates @ ..] = fates.as_slice() else {
        return Ok(Found::Unknown("nothing was played".into()));
    };
    match (whole, least_fate) {
        (Fate::Touched(_), Fate::Touched(_)) => return Ok(Found::Any),
        (Fate::Touched(_), _) => {}
        (other, _) => {
            let how = if let Fate::NotCompared(why) = other { why } else { "it was not touched" };
            return Ok(Found::Unknown(format!("played once more on its own, {how}")));
        }
    }
    let needed = needed(&all, fates);
    if !needed.is_empty() {
        return Ok(Found::Needed(needed));
    }
    let cells: Vec<Cell> = all.iter().map(|part| Cell { admission: None, ..least(cell, Some(part)) }).collect();
    let fates = play(&format!("each part of {} alone", cell.name()), &cells).await?;
    let enough: Vec<Part> = touched_parts(&all, &fates);
    // The innermost ones say most.
    let enough = innermost(enough);
    if enough.is_empty() {
        let why = format!("no single one of its {} parts makes the difference", all.len());
        return Ok(Found::Unknown(why));
    }
    Ok(Found::Enough(enough))
}

fn variants(cell: &Cell, parts: &[Part]) -> Vec<Cell> {
    let variant = |part: &Part| Cell { admission: None, ..without(cell, std::slice::from_ref(part)) };
    parts.iter().map(variant).collect()
}

/// The innermost parts without which nothing moves.
fn needed(parts: &[Part], fates: &[Fate]) -> Vec<Part> {
    let without = parts.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Untouched);
    innermost(without.map(|(part, _)| part.clone()).collect())
}

fn touched_parts(parts: &[Part], fates: &[Fate]) -> Vec<Part> {
    let touched = parts.iter().zip(fates).filter(|(_, fate)| matches!(fate, Fate::Touched(_)));
    touched.map(|(part, _)| part.clone()).collect()
}

fn innermost(parts: Vec<Part>) -> Vec<Part> {
    parts.iter().filter(|part| !parts.iter().any(|other| other.is_in(part))).cloned().collect()
}

impl Found {
    fn told(self) -> Blame {
        let names = |parts: &[Part]| parts.iter().map(ToString::to_string).collect::<Vec<_>>();
        match self {
            Self::Needed(parts) => {
                let words = match parts.as_slice() {
                    [one] => format!("{one}: without it nothing moves"),
                    many => format!("{} together: without any one of them nothing moves", names(many).join(" and ")),
                };
                Blame { verdict: Verdict::Needed, parts: names(&parts), words }
            }
            Self::Enough(parts) => {
                let words = format!("{}: each alone is enough", names(&parts).join(", "));
                Blame { verdict: Verdict::Enough, parts: names(&parts), words }
            }
            Self::Any => {
                let words =
                    "nothing in particular: the least Rollout of its strategy is touched just the same".to_owned();
                Blame { verdict: Verdict::Any, parts: Vec::new(), words }
            }
            Self::Unknown(why) => {
                Blame { verdict: Verdict::Unknown, parts: Vec::new(), words: format!("not found: {why}") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::upgrade::fleet::{State, Touch};

    fn cell(canary: Value) -> Cell {
        let rollout = json!({"metadata": {"name": "a"}, "spec": {"strategy": {"canary": canary}, "paused": 1}});
        Cell { rollout, companions: Default::default(), state: State::Healthy, admission: None }
    }

    /// An upgrade that touches what `touches` says.
    fn blames(cells: &[Cell], touches: impl Fn(&Value) -> bool) -> String {
        let mut rounds = 0;
        let play = async |_: &str, cells: &[Cell]| {
            rounds += 1;
            let fate = |cell: &Cell| match touches(&cell.rollout["spec"]) {
                true => Fate::Touched(Touch::default()),
                false => Fate::Untouched,
            };
            Ok::<_, ()>(cells.iter().map(fate).collect())
        };
        let search = search(cells, play);
        let found = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(search).unwrap();
        let words: Vec<_> = found.into_iter().map(|blame| blame.words).collect();
        format!("{} ({rounds} rounds)", words.join("; "))
    }

    fn canary(spec: &Value) -> &Value {
        &spec["strategy"]["canary"]
    }

    #[rstest]
    #[case::one(|spec: &Value| canary(spec)["a"]["b"] == 1, "spec.strategy.canary.a.b: without it nothing moves (1 rounds)")]
    #[case::two(|spec: &Value| canary(spec)["a"]["b"] == 1 && canary(spec)["c"] == 2, "spec.strategy.canary.c and spec.strategy.canary.a.b together: without any one of them nothing moves (1 rounds)")]
    #[case::either(|spec: &Value| canary(spec)["a"]["b"] == 1 || canary(spec)["c"] == 2, "spec.strategy.canary.c, spec.strategy.canary.a.b: each alone is enough (2 rounds)")]
    #[case::any(|_: &Value| true, "nothing in particular: the least Rollout of its strategy is touched just the same (1 rounds)")]
    #[case::never_again(|_: &Value| false, "not found: played once more on its own, it was not touched (1 rounds)")]
    #[case::more_than_one(|spec: &Value| canary(spec).as_object().map_or(0, |fields| fields.len()) > 1, "not found: no single one of its 6 parts makes the difference (2 rounds)")]
    fn the_part_that_makes_the_difference(#[case] touches: impl Fn(&Value) -> bool, #[case] expected: &str) {
        let cell = cell(json!({"a": {"b": 1, "x": 1}, "c": 2, "d": 3}));
        assert_eq!(blames(&[cell], touches), expected);
    }

    #[test]
    fn what_is_found_for_one_is_tried_on_the_others() {
        let cells = [cell(json!({"a": 1})), cell(json!({"a": 1, "x": 1})), cell(json!({"b": 1}))];
        let words = blames(&cells, |spec: &Value| canary(spec)["a"] == 1 || canary(spec)["b"] == 1);
        insta::assert_snapshot!(words, @"spec.strategy.canary.a: without it nothing moves; spec.strategy.canary.a: without it nothing moves; spec.strategy.canary.b: without it nothing moves (3 rounds)");
    }

    #[test]
    fn beyond_what_is_looked_at_at_once() {
        let many: serde_json::Map<String, Value> = (0..60).map(|n| (format!("k{n:02}"), json!({"deep": 1}))).collect();
        let mut cell = cell(Value::Object(many));
        cell.rollout["spec"]["strategy"]["canary"]["a"] = json!({"b": {"c": 1}});
        let words = blames(&[cell], |spec: &Value| canary(spec)["k00"]["deep"] == 1);
        insta::assert_snapshot!(words, @"spec.strategy.canary.k00.deep: without it nothing moves (2 rounds)");
    }
}
