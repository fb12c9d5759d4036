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
    use super::*;

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
                "pod-complete",
                "pod-delete-at-once",
                "pod-delete-slowly",
                "pod-gates-met",
                "pod-gates-unmet",
                "pod-ready"
            ]
        );
    }
}
