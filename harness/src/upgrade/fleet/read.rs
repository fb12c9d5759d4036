//! From files to objects: what `kubectl get ... -o yaml` prints, manifests, JSON; one object, many documents, Lists.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use crate::scenario::{Fault, Location, Mark, Text, everything};

/// What stands for the standard input.
const STDIN: &str = "-";

/// What to give.
const HELP: &str = "as it is printed by: kubectl get rollouts -A -o yaml";

/// How deep directories may lie in each other.
const DEEPEST: usize = 32;

/// An object and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// As it is written.
    pub object: Value,
    /// Where.
    pub at: Location,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The Rollouts, in the order in which they are written.
    pub rollouts: Vec<Found>,
    /// Everything else.
    pub others: Vec<Found>,
}

/// Why what was given cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or directory cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in a file is wrong.
    #[error("{0}")]
    Fault(Fault),
    /// There is nothing to do.
    #[error("there is no Rollout in {from}{}", if others.is_empty() { String::new() } else { format!(" (but {others})") })]
    NoRollout {
        /// What was read.
        from: String,
        /// What is there instead.
        others: String,
    },
}

/// Reads files, directories (all YAML and JSON files below) and `-`, the standard input.
///
/// # Errors
/// See [`ReadError`].
pub fn read(sources: &[PathBuf]) -> Result<Input, ReadError> {
    let mut input = Input::default();
    for source in sources {
        let failed = |path: &Path, source| ReadError::Io { path: path.to_owned(), source };
        if source.as_os_str() == STDIN {
            let text =
                io::read_to_string(io::stdin()).map_err(|error| failed(Path::new("the standard input"), error))?;
            input.add(&Text::new("<stdin>", text))?;
            continue;
        }
        let mut files = Vec::new();
        list(source, DEEPEST, &mut files).map_err(|(path, error)| failed(&path, error))?;
        for file in files {
            let text = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
            input.add(&Text::new(file.display().to_string(), text))?;
        }
    }
    if input.rollouts.is_empty() {
        let from = sources.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(ReadError::NoRollout { from, others: input.counted() });
    }
    Ok(input)
}

/// The files to read, in order of name; a file that is named is read whatever it is called.
fn list(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let failed = |error| (path.to_owned(), error);
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let named = |ending: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending));
        if path.is_dir() && depth > 0 {
            list(&path, depth - 1, files)?;
        } else if ["yaml", "yml", "json"].into_iter().any(named) {
            files.push(path);
        }
    }
    Ok(())
}

impl Input {
    /// Adds all objects of a file.
    ///
    /// # Errors
    /// Broken YAML, what is no Kubernetes object, a Rollout that is there already.
    pub(super) fn add(&mut self, text: &Text) -> Result<(), ReadError> {
        let documents: Vec<Spanned<Document>> = everything(text).map_err(ReadError::Fault)?;
        for document in documents {
            let mark = Mark::from(document.referenced);
            match document.value {
                Document::Nothing => {}
                Document::Strange => {
                    let fault = text.fault(mark, "this is no Kubernetes object, which is a map");
                    return Err(ReadError::Fault(fault.help(HELP)));
                }
                Document::Object(fields) => self.take(text, mark, Value::Object(fields))?,
                Document::List(items) => {
                    for item in items {
                        self.take(text, Mark::from(item.referenced), item.value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, text: &Text, mark: Mark, object: Value) -> Result<(), ReadError> {
        let said = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).filter(|said| !said.is_empty());
        for pointer in ["/apiVersion", "/kind", "/metadata/name"] {
            if said(pointer).is_none() {
                let path = pointer[1..].replace('/', ".");
                let fault = text.fault(mark, format!("this is no Kubernetes object: `{path}` is missing or no text"));
                return Err(ReadError::Fault(fault.help(HELP)));
            }
        }
        let is_rollout =
            said("/kind") == Some("Rollout") && said("/apiVersion").is_some_and(|v| v.starts_with("argoproj.io/"));
        let found = Found { at: text.at(mark), object };
        if !is_rollout {
            self.others.push(found);
            return Ok(());
        }
        if let Some(first) = self.rollouts.iter().find(|other| name(&other.object) == name(&found.object)) {
            let (namespace, rollout) = name(&found.object);
            let what = format!("the Rollout {namespace}/{rollout} is there twice: it is also at {}", first.at);
            return Err(ReadError::Fault(text.fault(mark, what)));
        }
        self.rollouts.push(found);
        Ok(())
    }

    /// `2 Deployments, 1 Service`
    fn counted(&self) -> String {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for other in &self.others {
            *kinds.entry(other.object["kind"].as_str().unwrap_or_default()).or_default() += 1;
        }
        let words = kinds.iter().map(|(kind, n)| format!("{n} {kind}{}", if *n == 1 { "" } else { "s" }));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// Namespace and name; where none is written, `default`, as kubectl takes it.
pub fn name(object: &Value) -> (&str, &str) {
    let metadata = &object["metadata"];
    (metadata["namespace"].as_str().unwrap_or("default"), metadata["name"].as_str().unwrap_or_default())
}

/// One document.
#[derive(Debug)]
enum Document {
    Nothing,
    Object(Map<String, Value>),
    /// Whatever has `items`: a List, a RolloutList.
    List(Vec<Spanned<Value>>),
    /// Text, a number, a list.
    Strange,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Document;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a Kubernetes object (a map with apiVersion, kind and metadata)")
            }
            fn visit_unit<E>(self) -> Result<Document, E> {
                Ok(Document::Nothing)
            }
            fn visit_none<E>(self) -> Result<Document, E> {
                Ok(Document::Nothing)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Document, E> {
                Ok(Document::Strange)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Document, E> {
                Ok(Document::Strange)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Document, E> {
                Ok(Document::Strange)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Document, E> {
                Ok(Document::Strange)
            }
            fn visit_str<E>(self, _: &str) -> Result<Document, E> {
                Ok(Document::Strange)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Document, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Document::Strange)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let (mut fields, mut items) = (Map::new(), None);
                while let Some(key) = map.next_key::<Arc<str>>()? {
                    match &*key {
                        "items" => items = Some(map.next_value::<Vec<Spanned<Value>>>()?),
                        key => drop(fields.insert(key.to_owned(), map.next_value()?)),
                    }
                }
                Ok(items.map_or(Document::Object(fields), Document::List))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(yaml: &str) -> Result<Input, ReadError> {
        let mut input = Input::default();
        input.add(&Text::new("fleet.yaml", yaml)).map(|()| input)
    }

    const ROLLOUT: &str = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a, namespace: prod}}";

    #[test]
    fn lists_documents_and_json_are_read_with_their_places() {
        let json = r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "c"}}]}"#;
        let text = format!(
            "apiVersion: v1\nkind: List\nitems:\n- {ROLLOUT}\n- {{apiVersion: v1, kind: Service, metadata: {{name: s}}}}\n\
             ---\n# nothing\n---\n{}\n---\n{json}\n",
            ROLLOUT.replace("prod", "test")
        );
        let input = read(&text).unwrap();
        let places: Vec<_> = input.rollouts.iter().map(|f| format!("{:?} {}", name(&f.object), f.at)).collect();
        insta::assert_snapshot!(places.join("\n"), @r#"
        ("prod", "a") fleet.yaml:4:3
        ("test", "a") fleet.yaml:9:1
        ("default", "c") fleet.yaml:12:13
        "#);
        assert_eq!(input.counted(), "1 Service");
    }

    #[rstest]
    #[case::broken("kind: [A\n", "fleet.yaml:1:7: unclosed bracket '['")]
    #[case::text("hello\n", "fleet.yaml:1:1: this is no Kubernetes object, which is a map")]
    #[case::no_name(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n",
        "fleet.yaml:4:3: this is no Kubernetes object: `metadata.name` is missing or no text"
    )]
    #[case::items("apiVersion: v1\nkind: List\nitems: 3\n", "fleet.yaml:3:8: expected a list")]
    fn what_is_no_object_is_refused(#[case] yaml: &str, #[case] says: &str) {
        let ReadError::Fault(fault) = read(yaml).unwrap_err() else { panic!("a fault") };
        assert_eq!(format!("{}: {}", fault.at, fault.what), says);
    }

    #[test]
    fn a_rollout_is_there_once() {
        let error = read(&format!("{ROLLOUT}\n---\n{ROLLOUT}\n")).unwrap_err();
        insta::assert_snapshot!(error);
    }

    #[test]
    fn more_than_a_manifest_ever_holds() {
        let items: String =
            (0..20_000).map(|n| format!("- {{apiVersion: v1, kind: A, metadata: {{name: a{n}}}}}\n")).collect();
        let input = read(&format!("kind: List\nitems:\n{items}")).unwrap();
        assert_eq!(input.others.len(), 20_000);
    }

    #[test]
    fn directories_are_read_to_the_bottom() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/a.yml"), ROLLOUT).unwrap();
        fs::write(dir.path().join("README.md"), "no: [yaml").unwrap();
        assert_eq!(super::read(&[dir.path().to_owned()]).unwrap().rollouts.len(), 1);
        fs::remove_file(dir.path().join("sub/a.yml")).unwrap();
        fs::write(dir.path().join("s.json"), r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}"#)
            .unwrap();
        let error = super::read(&[dir.path().to_owned()]).unwrap_err().to_string();
        assert!(error.ends_with("(but 1 Service)"), "{error}");
    }
}
