//! Where scenarios come from: the ones inside this binary, a directory, or a file of the user's own.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Scenario, ScenarioError,
    family::{self, Family},
    fault::{Fault, Text, did_you_mean},
    yaml,
};

#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../fixtures"]
struct Embedded;

/// Beside the suites: the features that their scenarios may name.
const FEATURES: &str = "features.yaml";

/// Folders of the fixtures that hold no scenarios.
const NO_SUITES: [&str; 3] = ["shared", "stages", "coverage"];

/// `id[case]` as id and case.
fn with_case(id: &str) -> (&str, Option<&str>) {
    match id.strip_suffix(']').and_then(|id| id.split_once('[')) {
        Some((id, case)) => (id, Some(case)),
        None => (id, None),
    }
}

/// A set of scenarios. Its files are `SUITE/NAME.yaml`, the id is `SUITE/NAME`, or `SUITE/NAME[CASE]` where
/// the file has cases; a file with a further dot in its name (`NAME.rollout.yaml`) is a manifest, and
/// `shared/` holds those that are named as `@NAME`.
#[derive(Debug, Clone)]
pub struct Library {
    origin: Origin,
}

impl Library {
    /// The scenarios inside this binary.
    pub fn embedded() -> Self {
        Self { origin: Origin::Embedded }
    }

    /// The scenarios of a directory.
    ///
    /// # Errors
    /// If it is no directory that can be read.
    pub fn from_dir(dir: impl Into<PathBuf>) -> Result<Self, ScenarioError> {
        let dir = dir.into();
        match fs::read_dir(&dir) {
            Ok(_) => Ok(Self { origin: Origin::Dir(dir) }),
            Err(e) => {
                let fault =
                    Fault::file(&dir.display().to_string(), format!("this directory of fixtures cannot be read: {e}"));
                Err(fault
                    .help("`--fixtures` or PROOFROLL_FIXTURES names it; without them the built-in ones are used")
                    .into())
            }
        }
    }

    /// The scenarios of `dir`, without one those inside this binary.
    ///
    /// # Errors
    /// As [`Library::from_dir`].
    pub fn open(dir: Option<&Path>) -> Result<Self, ScenarioError> {
        dir.map_or_else(|| Ok(Self::embedded()), Self::from_dir)
    }

    /// The ids of all files with scenarios, sorted. Reads no file.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.origin.files().iter().filter_map(|f| id(f)).collect();
        ids.sort();
        ids
    }

    /// One scenario by its id; opens its file and the manifests that it names.
    ///
    /// # Errors
    /// If there is none of this id, if something is wrong with it, or if it has cases and none is named.
    pub fn load(&self, id: &str) -> Result<Scenario, ScenarioError> {
        self.family(id)?.only()
    }

    /// The scenarios of one file: all of its cases, or the one that is named, as `suite/name[case]`.
    ///
    /// # Errors
    /// If there is none of this id, or if something is wrong with it.
    pub fn family(&self, id: &str) -> Result<Family, ScenarioError> {
        let (id, case) = with_case(id);
        let path = format!("{id}.yaml");
        let (dir, _) = id.rsplit_once('/').unwrap_or_default();
        let place =
            Place { origin: self.origin.clone(), dir: dir.to_owned(), shared: self.origin.clone(), is_ours: true };
        let exists = self::id(&path).is_some() && self.origin.exists(&path);
        if !exists {
            let ids = self.ids();
            let fault = Fault::file(id, "there is no scenario of this id");
            let near = did_you_mean(id, ids.iter().map(String::as_str));
            return Err(fault.help(near.unwrap_or_else(|| "`proofroll list` shows them all".into())).into());
        }
        let text = self.origin.read(&path).map_err(|what| Fault::file(id, what))?;
        family::load(id, &place, &text, case)
    }

    /// The scenarios of all files, each with the file's id: one that is broken does not hide the others.
    pub fn load_all(&self) -> Vec<(String, Result<Family, ScenarioError>)> {
        self.ids().into_iter().map(|id| (id.clone(), self.family(&id))).collect()
    }

    /// The scenarios of a file of the user's own, anywhere on disk; `FILE[CASE]` is one of its cases. The id
    /// is the file's name without `.yaml`; its paths are relative to it, `@NAME` is a shared manifest of this
    /// library.
    ///
    /// # Errors
    /// If something is wrong with it.
    pub fn load_file(&self, path: &Path) -> Result<Family, ScenarioError> {
        let name = path.to_string_lossy();
        let (file, case) = with_case(&name);
        let path = if path.is_file() { path } else { Path::new(file) };
        let case = case.filter(|_| path == Path::new(file));
        family::load(&stem(path), &self.beside(path), &self.read_file(path)?, case)
    }

    /// A scenario that is not (yet) a file, as if `text` stood at `path`.
    ///
    /// # Errors
    /// If something is wrong with it.
    pub fn load_text(&self, path: &Path, text: &str) -> Result<Scenario, ScenarioError> {
        family::load(&stem(path), &self.beside(path), &Text::new(path.to_string_lossy(), text), None)?.only()
    }

    /// A file that is a list of words.
    ///
    /// # Errors
    /// If it can't be read, or is something else.
    pub fn list(&self, path: &str) -> Result<Vec<String>, ScenarioError> {
        self.read_as(path)
    }

    /// A file that is a map of such maps as `T`.
    ///
    /// # Errors
    /// If it can't be read, or is something else.
    pub fn map<T: DeserializeOwned>(&self, path: &str) -> Result<BTreeMap<String, T>, ScenarioError> {
        self.read_as(path)
    }

    /// A scenario's file as it is written; None for one that can't be read.
    pub fn value(&self, id: &str) -> Option<Value> {
        self.read_as(&format!("{id}.yaml")).ok()
    }

    fn read_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, ScenarioError> {
        let text = self.origin.read(path).map_err(|what| Fault::file(path, what))?;
        Ok(yaml::typed(&text)?)
    }

    /// A file of the user's own.
    pub(super) fn read_file(&self, path: &Path) -> Result<Text, ScenarioError> {
        let path = path.to_string_lossy();
        Origin::Dir(PathBuf::new()).read(&path).map_err(|what| Fault::file(&path, what).into())
    }

    /// What a file of the user's own names.
    fn beside(&self, path: &Path) -> Place {
        Place {
            origin: Origin::Dir(PathBuf::new()),
            dir: path.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default(),
            shared: self.origin.clone(),
            is_ours: false,
        }
    }

    /// The features that scenarios of this library may name, each with the page that promises it; None: any.
    ///
    /// # Errors
    /// If the list can't be read.
    pub fn features(&self) -> Result<Option<Features>, ScenarioError> {
        self.origin.features()
    }
}

/// Feature to the page of the documentation that promises it.
pub type Features = BTreeMap<String, String>;

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

fn id(file: &str) -> Option<String> {
    let id = file.strip_suffix(".yaml")?;
    let (dir, name) = id.rsplit_once('/')?;
    let suite = dir.split('/').next().unwrap_or(dir);
    (!name.contains('.') && !NO_SUITES.contains(&suite)).then(|| id.to_owned())
}

/// Where the files of one scenario are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    origin: Origin,
    dir: String,
    shared: Origin,
    /// It belongs to the library; a file of the user's own does not.
    is_ours: bool,
}

impl Place {
    /// The features that a scenario may name; None: any.
    pub fn features(&self) -> Result<Option<Features>, ScenarioError> {
        if self.is_ours { self.origin.features() } else { Ok(None) }
    }

    /// A file that the scenario names, relative to it, or shared (`@NAME`). The error says what is wrong and,
    /// if it is a matter of spelling, what may have been meant.
    pub fn read(&self, written: &str) -> Result<Text, (String, Option<String>)> {
        let (origin, dir, path) = match written.strip_prefix('@') {
            Some(name) => (&self.shared, "shared", join("shared", &format!("{name}.yaml"))),
            None => (&self.origin, self.dir.as_str(), join(&self.dir, written)),
        };
        origin.read(&path).map_err(|what| {
            let beside = origin.beside(dir).into_iter();
            let beside: Vec<_> = match written.strip_prefix('@') {
                Some(_) => beside.filter_map(|f| Some(format!("@{}", f.strip_suffix(".yaml")?))).collect(),
                None => beside.collect(),
            };
            (what, did_you_mean(written, beside.iter().map(String::as_str)))
        })
    }
}

/// Joins as far as letters go: what is embedded knows no `..`.
fn join(dir: &str, path: &str) -> String {
    let mut joined = PathBuf::new();
    for part in Path::new(dir).join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(joined.components().next_back(), Some(Component::Normal(_))) => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    joined.to_string_lossy().into_owned()
}

#[derive(Debug, Clone)]
enum Origin {
    Embedded,
    Dir(PathBuf),
}

impl Origin {
    /// As a person would name the file.
    fn name(&self, path: &str) -> String {
        match self {
            Self::Embedded => format!("fixtures/{path}"),
            Self::Dir(dir) => dir.join(path).display().to_string(),
        }
    }

    fn exists(&self, path: &str) -> bool {
        match self {
            Self::Embedded => Embedded::get(path).is_some(),
            Self::Dir(dir) => dir.join(path).is_file(),
        }
    }

    fn features(&self) -> Result<Option<Features>, ScenarioError> {
        if !self.exists(FEATURES) {
            return Ok(None);
        }
        let text = self.read(FEATURES).map_err(|what| Fault::file(FEATURES, what))?;
        Ok(Some(yaml::words(&text)?))
    }

    fn read(&self, path: &str) -> Result<Text, String> {
        let bytes = match self {
            Self::Embedded => {
                Embedded::get(path).map(|f| f.data).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
            }
            Self::Dir(dir) => fs::read(dir.join(path)).map(Cow::Owned),
        };
        let name = self.name(path);
        let bytes = bytes.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => format!("there is no file {name}"),
            _ => format!("{name} cannot be read: {e}"),
        })?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Text::new(name, text)),
            Err(_) => Err(format!("{name} is no UTF-8 text")),
        }
    }

    /// All files, relative to the origin.
    fn files(&self) -> Vec<String> {
        match self {
            Self::Embedded => Embedded::iter().map(Cow::into_owned).collect(),
            Self::Dir(dir) => {
                let mut files = Vec::new();
                walk(dir, "", &mut files);
                files
            }
        }
    }

    /// Names of the YAML files of one of its directories.
    fn beside(&self, dir: &str) -> Vec<String> {
        let names: Vec<String> = match self {
            Self::Embedded => {
                let inside = |f: Cow<'static, str>| Some(f.strip_prefix(dir)?.strip_prefix('/')?.to_owned());
                Embedded::iter().filter_map(inside).collect()
            }
            Self::Dir(root) => {
                let mut dir = root.join(dir);
                if dir.as_os_str().is_empty() {
                    dir = PathBuf::from(".");
                }
                entries(&dir).into_iter().map(|(name, _)| name).collect()
            }
        };
        names.into_iter().filter(|n| !n.contains('/') && n.ends_with(".yaml")).collect()
    }
}

fn walk(dir: &Path, prefix: &str, files: &mut Vec<String>) {
    for (name, is_dir) in entries(dir) {
        if is_dir {
            walk(&dir.join(&name), &format!("{prefix}{name}/"), files);
        } else {
            files.push(format!("{prefix}{name}"));
        }
    }
}

fn entries(dir: &Path) -> Vec<(String, bool)> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut entries: Vec<_> = entries
        .flatten()
        .map(|e| (e.file_name().to_string_lossy().into_owned(), e.path().is_dir()))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    entries.sort();
    entries
}
