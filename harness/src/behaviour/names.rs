//! Names that are made up anew in each run, replaced by what they stand for.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

use crate::timeline::{History, Kind};

/// The labels that hold a hash of a pod template: of a Rollout's ReplicaSet, of a Deployment's.
const HASHES: [&str; 2] = ["rollouts-pod-template-hash", "pod-template-hash"];

/// Times, uids and ports, wherever they stand.
static SHAPES: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
    let shape = |pattern: &str| Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"));
    [
        (shape(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d\d:?\d\d))?( [A-Z]{3,4})?"), "<time>"),
        (shape(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
        (shape(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    ]
});

/// The names of one run.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What stands there and what it is to be, the longest first.
    swaps: Vec<(String, String)>,
}

impl Names {
    /// Hashes are numbered in the order in which their ReplicaSets were made, so that they can be told apart: releases
    /// compute different hashes of one template.
    pub(super) fn of(history: &History) -> Self {
        let mut swaps = BTreeMap::new();
        let mut hashes = 0;
        for entry in history.entries() {
            let metadata = &entry.object.raw["metadata"];
            let text = |value: &serde_json::Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            if let Some(namespace) = text(&metadata["namespace"]) {
                swaps.entry(namespace).or_insert_with(|| "<namespace>".to_owned());
            }
            match entry.kind() {
                Kind::ReplicaSet => {
                    for hash in HASHES.iter().filter_map(|label| text(&metadata["labels"][label])) {
                        swaps.entry(hash).or_insert_with(|| {
                            hashes += 1;
                            format!("<hash {hashes}>")
                        });
                    }
                }
                Kind::Pod => drop(swaps.insert(entry.object.name.clone(), "<pod>".to_owned())),
                _ => {}
            }
        }
        let mut swaps: Vec<_> = swaps.into_iter().collect();
        swaps.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { swaps }
    }

    /// The text without them.
    pub(super) fn plain(&self, text: &str) -> String {
        let swapped = self.swaps.iter().fold(text.to_owned(), |text, (name, is)| text.replace(name, is));
        SHAPES.iter().fold(swapped, |text, (shape, is)| shape.replace_all(&text, *is).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_are_told_by_what_they_are() {
        let swaps = [("ns-x7f2a", "<namespace>"), ("66597877b7", "<hash 1>")];
        let names = Names { swaps: swaps.map(|(a, b)| (a.to_owned(), b.to_owned())).into() };
        let plain = |text: &str| names.plain(text);
        insta::assert_snapshot!(plain("ReplicaSet \"demo-66597877b7\" in ns-x7f2a has timed out"), @r#"ReplicaSet "demo-<hash 1>" in <namespace> has timed out"#);
        insta::assert_snapshot!(plain("at 2026-11-23T04:16:38Z, 2026-11-23 04:16:38.12 +0000 UTC"), @"at <time>, <time>");
        insta::assert_snapshot!(plain("Get \"http://127.0.0.1:20123/x\" of 0a1b2c3d-0000-4000-8000-00000000abcd"), @r#"Get "http://127.0.0.1:<port>/x" of <uid>"#);
    }
}
