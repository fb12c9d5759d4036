//! The life of fake nodes and pods: the kwok stages of `fixtures/stages`, embedded.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../fixtures/stages"]
struct Files;

/// All stages and kwok's own configuration as one stream of YAML documents, always in the same order.
pub fn all() -> String {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    names.iter().filter_map(|name| Files::get(name)).fold(String::new(), |mut all, file| {
        all.push_str("---\n");
        all.push_str(&String::from_utf8_lossy(&file.data));
        all
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pods::{
        PREFIX, Script,
        event::{self, Event},
    };

    #[test]
    fn each_document_is_a_stage_or_the_configuration() {
        let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(&all()).unwrap();
        let name = |document: &serde_json::Value| {
            document["metadata"]["name"].as_str().or(document["kind"].as_str()).unwrap_or("?").to_owned()
        };
        let names: Vec<String> = documents.iter().map(name).collect();
        assert_eq!(
            names,
            [
                "KwokConfiguration",
                "node-heartbeat",
                "node-initialize",
                "pod-delete-at-once",
                "pod-delete-slowly",
                "pod-delete-after",
                "pod-exit",
                "pod-gates-met",
                "pod-gates-unmet",
                "pod-readiness",
                "pod-start",
                "pod-waiting"
            ]
        );
    }

    #[test]
    fn each_event_of_a_script_has_a_stage_and_no_stage_waits_for_another() {
        let stages = all();
        let known: Vec<String> = Event::ALL.iter().map(|event| event.condition()).collect();
        let name = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || "./".contains(*c)).collect();
        let named: BTreeSet<String> = stages.match_indices(event::PREFIX).map(|(at, _)| name(&stages[at..])).collect();
        assert_eq!(named.iter().filter(|name| !known.contains(name)).collect::<Vec<_>>(), [event::PREFIX]);
        let played: Vec<&str> = stages
            .lines()
            .filter_map(|line| line.trim().strip_prefix("values: [")?.strip_suffix(']'))
            .flat_map(|values| values.split(", "))
            .filter(|value| value.starts_with(event::PREFIX))
            .collect();
        let mut expected: Vec<&str> = known.iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(played.iter().collect::<BTreeSet<_>>().len(), played.len(), "one stage each: {played:?}");
        assert_eq!(played.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_annotation_of_a_script_is_read_by_a_stage() {
        let stages = all();
        for key in Script::KEYS {
            assert!(stages.contains(&format!("\"{PREFIX}{key}\"")), "{key}");
        }
    }
}
