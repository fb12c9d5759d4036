//! Finds parts, or makes them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use semver::Version;

use super::{
    PartError, PartName, PartsOptions, Tried,
    build::Build,
    cache::{Cache, Look, Record},
    download::Download,
    given,
    manifests::{self, Manifests},
    meter,
    recipe::Recipe,
    way::{Room, Way, WayError},
};
use crate::progress::Progress;

/// A part that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPart {
    /// Which one.
    pub name: PartName,
    /// Its version; of a given one, the version that it stands in for.
    pub version: Version,
    /// The executable, absolute.
    pub path: PathBuf,
    /// SHA-256 of the executable, hex.
    pub sha256: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a part comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From the user, by this variable or option.
    Given(String),
    /// From the cache, which had it from there.
    Cached(String),
    /// It was made just now, in this way.
    Made(String),
}

/// What is known of a part without making it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartStatus {
    /// Which one.
    pub name: PartName,
    /// The pinned version.
    pub version: Version,
    /// Whether it is there.
    pub state: PartState,
}

/// Whether a part is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// Given by this variable.
    Given {
        /// The executable.
        path: PathBuf,
        /// The variable or option.
        by: String,
    },
    /// In the cache.
    Cached {
        /// The executable.
        path: PathBuf,
        /// SHA-256, hex.
        sha256: String,
        /// Bytes.
        size: u64,
        /// Where the cache had it from.
        source: String,
    },
    /// Given or cached, but unusable.
    Damaged(String),
    /// To be made; on this machine that takes about so long.
    Missing(Duration),
}

/// All parts: finds them, makes those that are missing. Its methods block; nothing here needs a
/// runtime.
pub struct Parts {
    options: PartsOptions,
    cache: Cache,
    ways: Vec<Box<dyn Way>>,
}

impl Parts {
    /// As the environment says.
    ///
    /// # Errors
    /// When the environment names something unusable.
    pub fn from_env() -> Result<Self, PartError> {
        PartsOptions::from_env().map(Self::new)
    }

    /// As these options say.
    pub fn new(options: PartsOptions) -> Self {
        let mut ways: Vec<Box<dyn Way>> = Vec::new();
        if !options.offline {
            ways.extend(
                options.download.iter().map(|options| Box::new(Download::new(options.clone())) as Box<dyn Way>),
            );
            ways.push(Box::new(Build { go: options.go.clone(), cores: options.cores }));
        }
        Self::with_ways(options, ways)
    }

    /// With other ways to make what is neither given nor cached; they are tried in order.
    pub fn with_ways(options: PartsOptions, ways: Vec<Box<dyn Way>>) -> Self {
        Self { cache: Cache::at(&options.cache), ways, options }
    }

    /// The options in force.
    pub fn options(&self) -> &PartsOptions {
        &self.options
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Finds one part; makes it if need be, which takes minutes.
    ///
    /// # Errors
    /// When what is given is unusable, or no way led to the part.
    pub fn find(&self, name: &PartName, progress: &dyn Progress) -> Result<FoundPart, PartError> {
        let recipe = Recipe::of(name)?;
        let mut tried = Tried::default();
        match given::find(&self.options, name)? {
            Ok((path, by)) => {
                let sha256 = given::remembered_sha256(self.cache.root(), &path)
                    .map_err(|error| self.unusable(name, &path, &by, error.to_string()))?;
                let version = recipe.version().clone();
                return Ok(FoundPart { name: name.clone(), version, path, sha256, origin: Origin::Given(by) });
            }
            Err(reason) => tried.0.push(("given", reason)),
        }
        match self.cache.look(&recipe) {
            Look::Hit(record) => return Ok(self.cached(&recipe, record)),
            Look::Miss => {}
            Look::Damaged(why) => {
                progress.say(&format!("the cached {} is damaged and will be made anew: {why}", recipe.title()));
            }
        }
        self.make(&recipe, tried, progress)
    }

    /// A part that `by` names by its path.
    ///
    /// # Errors
    /// When that is no executable file.
    pub fn given(&self, name: &PartName, path: &Path, by: &str) -> Result<FoundPart, PartError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let unusable = |reason| self.unusable(name, &path, by, reason);
        given::executable(&path).map_err(unusable)?;
        let sha256 = given::remembered_sha256(self.cache.root(), &path).map_err(|error| unusable(error.to_string()))?;
        let version = Recipe::of(name)?.version().clone();
        Ok(FoundPart { name: name.clone(), version, path, sha256, origin: Origin::Given(by.to_owned()) })
    }

    /// Finds several parts; says beforehand how many are missing and how long making them takes.
    /// The answer is in the order of the names.
    ///
    /// # Errors
    /// As [`Parts::find`], for the first part that is not to be had.
    pub fn find_all(&self, names: &[PartName], progress: &dyn Progress) -> Result<Vec<FoundPart>, PartError> {
        let statuses = names.iter().map(|name| self.status(name)).collect::<Result<Vec<_>, _>>()?;
        let missing = |status: &PartStatus| !matches!(status.state, PartState::Given { .. } | PartState::Cached { .. });
        let wanted: BTreeSet<&PartName> =
            statuses.iter().filter(|status| missing(status)).map(|status| &status.name).collect();
        if wanted.len() > 1 {
            let time: Duration = wanted.iter().map(|name| name.cold_build()).sum();
            let time = meter::expected_text(time, self.options.cores);
            let how = match self.options.download {
                Some(_) => format!("they are downloaded, or built where that fails, all of them in {time}"),
                None => format!("building them from their Go modules takes {time}"),
            };
            if !self.options.offline {
                let (count, cache) = (wanted.len(), self.cache.root().display());
                progress.say(&format!("{count} parts are missing; {how}, once (kept in {cache})"));
            }
        }
        // In the order in which they share most of what is compiled.
        for name in wanted {
            self.find(name, progress)?;
        }
        names.iter().map(|name| self.find(name, progress)).collect()
    }

    /// What is known of one part, without making it.
    ///
    /// # Errors
    /// When it is a release that is not pinned.
    pub fn status(&self, name: &PartName) -> Result<PartStatus, PartError> {
        let recipe = Recipe::of(name)?;
        let state = match given::find(&self.options, name) {
            Err(error) => PartState::Damaged(error.to_string()),
            Ok(Ok((path, by))) => PartState::Given { path, by },
            Ok(Err(_)) => match self.cache.look(&recipe) {
                Look::Hit(record) => PartState::Cached {
                    path: self.cache.binary(&recipe),
                    sha256: record.sha256,
                    size: record.stamp.size,
                    source: record.source,
                },
                Look::Damaged(why) => PartState::Damaged(why),
                Look::Miss => PartState::Missing(meter::on_cores(name.cold_build(), self.options.cores)),
            },
        };
        Ok(PartStatus { name: name.clone(), version: recipe.version().clone(), state })
    }

    /// What is known of all parts, in the order in which they are built.
    pub fn list(&self) -> Vec<PartStatus> {
        PartName::all().iter().filter_map(|name| self.status(name).ok()).collect()
    }

    /// The manifests of a pinned release: those beside its cached controller, else fetched (and
    /// kept) from its module.
    ///
    /// # Errors
    /// When the release is not pinned, or the module cannot be had.
    pub fn manifests(&self, release: &Version, progress: &dyn Progress) -> Result<Manifests, PartError> {
        let recipe = Recipe::of(&PartName::RolloutsController(release.clone()))?;
        let alone = format!("manifests-{}", recipe.entry());
        let places = [self.cache.entry(&recipe.entry()), self.cache.entry(&alone)];
        let look = || places.iter().find_map(|entry| Manifests::in_dir(entry.join(manifests::DIRECTORY)).ok());
        if let Some(found) = look() {
            return Ok(found);
        }
        let _lock = self.cache.lock(&alone, &format!("fetches the manifests of v{release}"), progress)?;
        if let Some(found) = look() {
            return Ok(found);
        }
        let title = format!("the manifests of v{release}");
        self.by_some_way(&alone, &title, Tried::default(), progress, |way, room| {
            way.manifests(&recipe, room, progress).map(|()| {
                self.cache.install(&alone, room.out)?;
                let dir = self.cache.entry(&alone).join(manifests::DIRECTORY);
                Manifests::in_dir(&dir).map_err(PartError::cache("read", &dir))
            })
        })
    }

    fn make(&self, recipe: &Recipe, mut tried: Tried, progress: &dyn Progress) -> Result<FoundPart, PartError> {
        let title = recipe.title();
        self.cache.collect();
        let _lock = self.cache.lock(&recipe.entry(), &format!("makes {title}"), progress)?;
        // Somebody else may have made it while this process waited.
        match self.cache.look(recipe) {
            Look::Hit(record) => return Ok(self.cached(recipe, record)),
            Look::Miss => {
                tried.0.push(("cache", format!("{} does not exist", self.cache.entry(&recipe.entry()).display())));
            }
            Look::Damaged(why) => tried.0.push(("cache", why)),
        }
        self.by_some_way(&recipe.entry(), &title, tried, progress, |way, room| {
            let started = Instant::now();
            way.make(recipe, room, progress).map(|source| {
                let took = started.elapsed();
                let record = self.cache.publish(recipe, room.out, source.clone(), took.as_secs())?;
                progress.say(&format!("{title}: {source}, {}", meter::span(took)));
                Ok(FoundPart { origin: Origin::Made(source), ..self.cached(recipe, record) })
            })
        })
        .map_err(|error| match error {
            PartError::NotFound { title, tried, next } => {
                let more = format!("give binaries of your own with PROOFROLL_PARTS_DIR or {}", recipe.part.variable());
                PartError::NotFound { title, tried, next: format!("{next}; or {more}") }
            }
            other => other,
        })
    }

    /// Goes the ways one after the other until one has led there: `go` leaves it in its room and, where that
    /// succeeded, keeps it. The caller holds the lock of `entry`.
    fn by_some_way<T>(
        &self,
        entry: &str,
        title: &str,
        mut tried: Tried,
        progress: &dyn Progress,
        go: impl Fn(&dyn Way, Room<'_>) -> Result<Result<T, PartError>, WayError>,
    ) -> Result<T, PartError> {
        let mut advices = Vec::new();
        if self.options.offline {
            tried.0.push(("network", "--offline (PROOFROLL_OFFLINE) forbids it".into()));
            advices.push(
                "`proofroll parts export FILE` on a machine that has it, `proofroll parts import FILE` here".into(),
            );
        }
        for (number, way) in self.ways.iter().enumerate() {
            let room = self.cache.room(entry)?;
            let (out, scratch) = (room.path().join("out"), room.path().join("scratch"));
            for directory in [&out, &scratch] {
                std::fs::create_dir_all(directory).map_err(PartError::cache("make the directory", directory))?;
            }
            let error = match go(way.as_ref(), Room { out: &out, scratch: &scratch }) {
                Ok(kept) => return kept,
                Err(error) => error,
            };
            let is_last = number + 1 == self.ways.len() || error.is_final();
            if !is_last && error.is_news() {
                progress.say(&format!("no {} of {title}: {error}", way.name()));
            }
            let advice = error.advice();
            if !advice.is_empty() && !advices.contains(&advice) {
                advices.push(advice);
            }
            tried.0.push((way.name(), error.to_string()));
            if is_last {
                break;
            }
        }
        Err(PartError::NotFound { title: title.to_owned(), tried, next: advices.join("; or ") })
    }

    fn cached(&self, recipe: &Recipe, record: Record) -> FoundPart {
        FoundPart {
            name: recipe.part.clone(),
            version: record.version,
            path: self.cache.binary(recipe),
            sha256: record.sha256,
            origin: Origin::Cached(record.source),
        }
    }

    fn unusable(&self, part: &PartName, path: &Path, by: &str, reason: String) -> PartError {
        PartError::Given { part: part.clone(), by: by.to_owned(), path: path.to_owned(), reason }
    }
}
