//! What the action `metric` says, by itself.

use super::Faults;
use crate::scenario::{
    model::{Answer, Metric},
    tree::Node,
};

/// Checks the action that is written at `node`.
pub(super) fn metric(node: &Node, metric: &Metric, faults: &mut Faults) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if metric.name.is_empty() {
        faults.at(
            node.key_at("name"),
            "which metric? `name` is missing",
            "as `metric: {name: success-rate, value: 0.95}`",
        );
    } else if !metric.name.chars().all(plain) || metric.name.starts_with('/') {
        let help = "it is the path behind ${metrics}/: letters, digits, `-`, `_`, `.` and `/`";
        faults.at(
            node.get("name").map_or(node.at, |n| n.at),
            format!("`{}` is no name of a metric", metric.name),
            help,
        );
    }
    let single = Answer { value: metric.value.clone(), status: metric.status, delay: metric.delay, times: None };
    match node.get("answers") {
        None => answer(node, &single, faults),
        Some(list) => {
            if single != Answer::default() {
                let help = "write either one answer (`value`, `status`) or `answers`";
                faults.at(node.key_at("answers"), "there is an answer already", help);
            }
            if metric.answers.is_empty() {
                faults.at(
                    node.key_at("answers"),
                    "there is no answer",
                    "as `answers: [{value: 0.9, times: 2}, {status: 500}]`",
                );
            }
            list.items().iter().zip(&metric.answers).for_each(|(node, each)| answer(node, each, faults));
        }
    }
}

fn answer(node: &Node, answer: &Answer, faults: &mut Faults) {
    if answer.value.is_none() && answer.status.is_none() {
        faults.at(node.at, "there is no answer", "write `value: 0.95` or `status: 500`");
    }
    if answer.status.is_some_and(|status| !(200..600).contains(&status)) {
        faults.at(node.key_at("status"), "this is no final HTTP status", "write a number from 200 to 599");
    }
    if answer.times == Some(0) {
        faults.at(node.key_at("times"), "an answer that is never given", "write a number from 1 up, or leave it out");
    }
}
