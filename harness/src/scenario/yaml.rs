//! From text to values, and from the parser's errors to [`Fault`]s.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_saphyr::{Budget, DefaultMessageFormatter, Error, MessageFormatter, Options, Spanned, options};

use super::{
    fault::{Fault, Mark, Text, did_you_mean, one_of},
    model::ScenarioFile,
    tree::{Kind, Node},
};

/// The keys of a state, to tell where one that was written in a step belongs.
const STATE_KEYS: [&str; 15] = [
    "phase",
    "at-rest",
    "message",
    "step",
    "weight",
    "replicas",
    "revisions",
    "images",
    "list",
    "services",
    "conditions",
    "hashes",
    "status",
    "objects",
    "event",
];

/// Nesting is bounded, for it is read by recursion, and a test's thread has a stack of 2 MiB.
fn nested(max_depth: usize) -> Option<Budget> {
    serde_saphyr::budget! { max_depth: max_depth }
}

/// Our own files: YAML 1.2, nothing ambiguous.
fn strict() -> Options {
    options! { budget: nested(32), strict_booleans: true, with_snippet: false, reject_unsupported_tags: true }
}

/// Manifests: what kubectl reads, which is YAML 1.1 (`defaultMode: 0644` is octal, `yes` is true).
fn lenient() -> Options {
    options! { budget: nested(64), legacy_octal_numbers: true, with_snippet: false }
}

/// What a cluster has of a kind: as manifests, and as much of it as there may be.
fn large() -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: 64,
        max_documents: 100_000,
        max_events: 200_000_000,
        max_nodes: 100_000_000,
        max_total_scalar_bytes: 1 << 30,
        enforce_alias_anchor_ratio: false,
    };
    options! { budget: budget, legacy_octal_numbers: true, with_snippet: false }
}

/// All documents of a file, however long it is.
pub(crate) fn everything<T: DeserializeOwned>(text: &Text) -> Result<Vec<T>, Fault> {
    serde_saphyr::from_multiple_with_options(&text.text, large()).map_err(|e| fault(text, &e, None))
}

/// A scenario file as the tree of its places and as the typed model.
pub(super) fn scenario(text: &Text) -> Result<(Node, ScenarioFile), Fault> {
    let tree = tree(text)?;
    let file = one(text, Some(&tree))?;
    Ok((tree, file))
}

/// A scenario file as the tree of its places.
pub(super) fn tree(text: &Text) -> Result<Node, Fault> {
    one(text, None)
}

/// A file that is a map of words to words.
pub(super) fn words(text: &Text) -> Result<BTreeMap<String, String>, Fault> {
    one(text, None)
}

/// A file of any type.
pub(super) fn typed<T: DeserializeOwned>(text: &Text) -> Result<T, Fault> {
    one(text, None)
}

/// The values of a file's `cases`, in the order of the file.
pub(super) fn cases(text: &Text) -> Result<Map<String, Value>, Fault> {
    #[derive(serde::Deserialize)]
    struct File {
        cases: Value,
    }
    let file: File = one(text, None)?;
    Ok(file.cases.as_object().cloned().unwrap_or_default())
}

fn one<T: DeserializeOwned>(text: &Text, tree: Option<&Node>) -> Result<T, Fault> {
    serde_saphyr::from_str_with_options(&text.text, strict()).map_err(|e| fault(text, &e, tree))
}

/// All documents of a manifest file and where each begins; empty ones are left out.
pub(super) fn documents(text: &Text) -> Result<Vec<(Mark, Value)>, Fault> {
    let documents: Vec<Spanned<Value>> = all(text)?;
    Ok(documents.into_iter().filter(|d| !d.value.is_null()).map(|d| (Mark::from(d.referenced), d.value)).collect())
}

/// The same documents as trees of their places.
pub(super) fn trees(text: &Text) -> Result<Vec<Node>, Fault> {
    let documents: Vec<Node> = all(text)?;
    Ok(documents.into_iter().filter(|d| !matches!(d.kind, Kind::Null)).collect())
}

fn all<T: DeserializeOwned>(text: &Text) -> Result<Vec<T>, Fault> {
    serde_saphyr::from_multiple_with_options(&text.text, lenient()).map_err(|e| fault(text, &e, None))
}

fn fault(text: &Text, error: &Error, tree: Option<&Node>) -> Fault {
    let error = error.without_snippet();
    if let Error::AliasError { error, .. } = error {
        return fault(text, error, tree);
    }
    let mark = error.location().map(Mark::from).unwrap_or_default();
    let entry = tree.and_then(|t| t.entry_at(mark));
    let behind = entry.map(|(key, _)| format!("`{}`: ", key.name)).unwrap_or_default();
    // What is wrong with a value is sometimes said of its key.
    let value = entry.map_or(mark, |(key, value)| if key.at == mark { value.at } else { mark });
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let a_state = STATE_KEYS.iter().copied();
            let help = if expected.contains(&"expect") && did_you_mean(field, expected.iter().copied()).is_none() {
                let state = did_you_mean(field, a_state).map(|_| {
                    format!("`{field}` describes a state: write it below `expect`, or in `through`, `never`, `always`")
                });
                state.unwrap_or_else(|| one_of(field, expected))
            } else {
                one_of(field, expected)
            };
            text.fault(mark, format!("unknown key `{field}`")).help(help)
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            text.fault(value, format!("{behind}unknown value `{variant}`")).help(one_of(variant, expected))
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            text.fault(value, format!("{behind}expected {expected}, found {unexpected}"))
        }
        Error::SerdeMissingField { field, .. } => {
            let map = tree.and_then(|t| t.map_with(mark)).map_or(mark, |map| Mark { width: 1, ..map.at });
            text.fault(map, format!("`{field}` is missing"))
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => text.fault(mark, format!("`{key}` is written twice")),
        Error::Message { msg, .. } => text.fault(value, msg.clone()),
        Error::Unexpected { expected, .. } => {
            let (expected, help) = match *expected {
                "mapping start" => ("a map", Some("`key: value` lines, or `{}` where nothing needs to be said")),
                "sequence start" => ("a list", Some("`- item` lines, or `[...]`")),
                other => (other, None),
            };
            text.fault(value, format!("{behind}expected {expected}")).maybe_help(help.map(ToOwned::to_owned))
        }
        Error::InvalidScalar { ty, .. } if ty.starts_with('u') => {
            let (mark, what) = match entry {
                Some((key, _)) if key.at == mark => (mark, format!("`{}` is no whole number", key.name)),
                _ => (
                    mark,
                    format!("{behind}this is no whole number from 0 {}", if *ty == "u8" { "to 255" } else { "up" }),
                ),
            };
            text.fault(mark, what)
        }
        Error::NullIntoString { .. } => text.fault(mark, format!("{behind}there is no value")),
        Error::Eof { .. } => text.fault(Mark::default(), "the file is empty"),
        Error::MultipleDocuments { .. } => {
            text.fault(mark, "a scenario file is one document; here a second one begins")
        }
        other => text.fault(mark, DefaultMessageFormatter.format_message(other).into_owned()),
    }
}
