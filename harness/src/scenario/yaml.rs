//! From text to values, and from the parser's errors to [`Fault`]s.

use serde::de::DeserializeOwned;
use serde_saphyr::{DefaultMessageFormatter, Error, MessageFormatter, Options, options};

use super::{
    fault::{Fault, Mark, Text, did_you_mean, one_of},
    model::ScenarioFile,
    tree::Node,
};

/// The keys of a state, to tell where one that was written in a step belongs.
const STATE_KEYS: [&str; 9] =
    ["phase", "message", "step", "weight", "replicas", "revisions", "images", "list", "services"];

/// Our own files: YAML 1.2, nothing ambiguous.
fn strict() -> Options {
    options! { strict_booleans: true, with_snippet: false, reject_unsupported_tags: true }
}

/// Manifests: what kubectl reads, which is YAML 1.1 (`defaultMode: 0644` is octal, `yes` is true).
fn lenient() -> Options {
    options! { legacy_octal_numbers: true, with_snippet: false }
}

/// A scenario file as the tree of its places and as the typed model.
pub(super) fn scenario(text: &Text) -> Result<(Node, ScenarioFile), Fault> {
    let tree: Node = one(text, None)?;
    let file = one(text, Some(&tree))?;
    Ok((tree, file))
}

fn one<T: DeserializeOwned>(text: &Text, tree: Option<&Node>) -> Result<T, Fault> {
    serde_saphyr::from_str_with_options(&text.text, strict()).map_err(|e| fault(text, &e, tree))
}

/// All documents of a manifest file, empty ones left out.
pub(super) fn documents(text: &Text) -> Result<Vec<serde_json::Value>, Fault> {
    let documents: Vec<serde_json::Value> =
        serde_saphyr::from_multiple_with_options(&text.text, lenient()).map_err(|e| fault(text, &e, None))?;
    Ok(documents.into_iter().filter(|d| !d.is_null()).collect())
}

fn fault(text: &Text, error: &Error, tree: Option<&Node>) -> Fault {
    let error = error.without_snippet();
    if let Error::AliasError { error, .. } = error {
        return fault(text, error, tree);
    }
    let mark = error.location().map(mark).unwrap_or_default();
    let key = tree.and_then(|t| t.key_of(mark.line, mark.column));
    let says = |what: String| text.fault(mark, what);
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let help = if expected.contains(&"expect") && STATE_KEYS.contains(&field.as_str()) {
                format!("`{field}` describes a state: write it below `expect`, or in `through`, `never`, `always`")
            } else {
                one_of(field, expected)
            };
            says(format!("unknown key `{field}`")).help(help)
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let behind = key.map(|k| format!(" behind `{k}`")).unwrap_or_default();
            says(format!("unknown value `{variant}`{behind}")).help(one_of(variant, expected))
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            let behind = key.map(|k| format!("`{k}`: ")).unwrap_or_default();
            says(format!("{behind}expected {expected}, found {unexpected}"))
        }
        Error::SerdeMissingField { field, .. } => {
            let near = tree.and_then(|t| {
                let node = if t.at.line == mark.line && t.at.column == mark.column { Some(t) } else { None };
                node.and_then(|n| did_you_mean(field, n.entries().iter().map(|(k, _)| k.name.as_str())))
            });
            says(format!("`{field}` is missing")).maybe_help(near)
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => says(format!("`{key}` is written twice")),
        Error::Message { msg, .. } => says(msg.clone()),
        Error::Unexpected { expected, .. } => {
            let behind = key.map(|k| format!("`{k}`: ")).unwrap_or_default();
            says(format!("{behind}expected {expected}"))
        }
        Error::InvalidScalar { ty, .. } => {
            let behind = key.map(|k| format!("`{k}`: ")).unwrap_or_default();
            says(format!("{behind}this is no {ty}"))
        }
        other => says(DefaultMessageFormatter.format_message(other).into_owned()),
    }
}

fn mark(location: serde_saphyr::Location) -> Mark {
    Mark {
        line: u32::try_from(location.line()).unwrap_or(0),
        column: u32::try_from(location.column()).unwrap_or(0),
        width: u32::try_from(location.span().len()).unwrap_or(0),
    }
}
#[cfg(test)]
mod probe {
    use super::*;
    #[test]
    fn probe() {
        for y in [
            "titel: a\nmust: b\nsteps: []\n",
            "title: a\nsteps: []\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   wieght: 1\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   phase: Healthy\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect: {phase: healty}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     phase: [{when: '>=1', is: healty}]\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     phase: [{when: 'x', is: Healthy}]\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     step: 9/8\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     step: 3\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     replicas: {updated: ~ 4}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     message: {contian: x}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     message: {matches: '('}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   within: 10\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     revisions:\n       x: {}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   expect:\n     revisions:\n       1: {role: stabel}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   controller: stop\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   name: y\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   same-second: yes\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   abort:\n",
            "title: a\nmust: b\nsteps: 7\n",
            "title: a\nmust: b\nneeds: [kublet]\nsteps: []\n",
            "title: a\nmust: b\n  steps: [\n",
            "title: a\nmust: *b\n",
            "- title: a\n",
            "",
            "title: a\n---\ntitle: b\n",
            "title: [a\n",
            "title: \"a\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   scale: {replicas: -1}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   set-image: {container: a}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   promote: {skip: al}\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   promote: yes\n",
            "title: a\nmust: b\nsteps:\n - name: x\n   set-image: {container: a, image: }\n",
        ] {
            match scenario(&Text::new("x.yaml", y)) {
                Ok(_) => println!("OK for {y:?}\n"),
                Err(e) => println!("{e}\n"),
            }
        }
    }
}
