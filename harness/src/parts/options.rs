//! Where parts are looked for: from the environment, or said by the caller.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{PartError, PartName, download::DownloadOptions};

/// Where parts are looked for and how they are made.
#[derive(Debug, Clone)]
pub struct PartsOptions {
    /// Paths that are given for single parts, with who gave them (`PROOFROLL_PART_ETCD`, `--etcd`).
    pub given: BTreeMap<PartName, (PathBuf, String)>,
    /// A directory that holds parts by their names, before the cache (`PROOFROLL_PARTS_DIR`).
    pub dir: Option<PathBuf>,
    /// The cache's directory (`PROOFROLL_CACHE_DIR`).
    pub cache: PathBuf,
    /// The `go` command (`PROOFROLL_GO`, else the one in `PATH`).
    pub go: PathBuf,
    /// Cores, for the times that are told.
    pub cores: usize,
    /// How parts are downloaded; None: they are built.
    pub download: Option<DownloadOptions>,
    /// Nothing may be asked of a network (`PROOFROLL_OFFLINE`, `--offline`).
    pub offline: bool,
}

static OFFLINE: AtomicBool = AtomicBool::new(false);

/// From now on no part of this process may ask anything of a network: `--offline`.
pub fn forbid_network() {
    OFFLINE.store(true, Ordering::Relaxed);
}

impl PartsOptions {
    /// Options with nothing given, and this cache directory; what is missing is built.
    pub fn with_cache(cache: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (cache, go) = (cache.into(), "go".into());
        Self { given: BTreeMap::new(), dir: None, cache, go, cores, download: None, offline: false }
    }

    /// As the environment of this process says.
    ///
    /// # Errors
    /// When there is no place for a cache, or a directory that is named is none.
    pub fn from_env() -> Result<Self, PartError> {
        let options = Self::from_variables(&|name| env::var_os(name))?;
        Ok(Self { offline: options.offline || OFFLINE.load(Ordering::Relaxed), ..options })
    }

    /// As these variables say; an empty one is one that is not set.
    ///
    /// # Errors
    /// As [`PartsOptions::from_env`].
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, PartError> {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = path("PROOFROLL_CACHE_DIR")
            .or_else(|| path("XDG_CACHE_HOME").filter(|path| path.is_absolute()).map(|base| base.join("proofroll")))
            .or_else(|| path("HOME").map(|home| home.join(".cache").join("proofroll")))
            .ok_or(PartError::NoCacheDirectory)?;
        let dir = path("PROOFROLL_PARTS_DIR");
        if let Some(dir) = dir.as_deref().filter(|dir| !dir.is_dir()) {
            return Err(PartError::NotADirectory { variable: "PROOFROLL_PARTS_DIR", path: dir.to_owned() });
        }
        let mut given = BTreeMap::new();
        for part in PartName::all() {
            let name = part.variable();
            if let Some(path) = path(&name) {
                given.insert(part, (path, name));
            }
        }
        let go = path("PROOFROLL_GO").unwrap_or_else(|| "go".into());
        let download = DownloadOptions::from_variables(variable)?;
        let offline =
            variable("PROOFROLL_OFFLINE").is_some_and(|value| !["", "0", "false"].map(Into::into).contains(&value));
        Ok(Self { given, dir: dir.map(absolute), go, download, offline, ..Self::with_cache(absolute(cache)) })
    }
}

/// Go and the parts run in directories of their own: relative paths would mean something else there.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(Path::new(&path)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> Result<PartsOptions, PartError> {
        PartsOptions::from_variables(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_cache_is_named_or_follows_the_xdg_rules() {
        let cache = |variables: &[(&str, &str)]| options(variables).unwrap().cache;
        assert_eq!(cache(&[("HOME", "/h")]), Path::new("/h/.cache/proofroll"));
        assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Path::new("/x/proofroll"));
        assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "relative")]), Path::new("/h/.cache/proofroll"));
        assert_eq!(cache(&[("HOME", "/h"), ("PROOFROLL_CACHE_DIR", "/c")]), Path::new("/c"));
        assert_eq!(cache(&[("HOME", "/h"), ("PROOFROLL_CACHE_DIR", "")]), Path::new("/h/.cache/proofroll"));
    }

    #[test]
    fn without_a_home_it_says_what_to_set() {
        let error = options(&[]).unwrap_err().to_string();
        assert_eq!(error, "there is no place for the cache: set PROOFROLL_CACHE_DIR, XDG_CACHE_HOME or HOME");
    }

    #[test]
    fn a_parts_directory_must_be_one() {
        let error = options(&[("HOME", "/h"), ("PROOFROLL_PARTS_DIR", "/no/such/place")]).unwrap_err().to_string();
        assert_eq!(error, "PROOFROLL_PARTS_DIR is /no/such/place, which is no directory");
    }

    #[test]
    fn offline_is_said_or_not() {
        for (value, offline) in [("1", true), ("true", true), ("", false), ("0", false), ("false", false)] {
            assert_eq!(options(&[("HOME", "/h"), ("PROOFROLL_OFFLINE", value)]).unwrap().offline, offline, "{value}");
        }
    }

    #[test]
    fn single_parts_are_given_by_name() {
        let found = options(&[("HOME", "/h"), ("PROOFROLL_PART_KUBE_APISERVER", "/b/kas")]).unwrap();
        let (path, by) = &found.given[&PartName::KubeApiserver];
        assert_eq!((path.as_path(), by.as_str()), (Path::new("/b/kas"), "PROOFROLL_PART_KUBE_APISERVER"));
        assert_eq!(found.given.len(), 1);
    }
}
