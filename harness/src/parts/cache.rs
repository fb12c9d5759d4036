//! The cache: finished parts, one directory each.
//!
//! ```text
//! parts/etcd-v3.6.8-0123456789ab/      an entry, complete: named by what it was made from
//!     etcd
//!     part.json                        a [`Record`]: sha256, size, where it came from
//!     manifests/                       only with a controller
//! parts/.etcd-v3.6.8-0123456789ab~xyz/ somebody works on it, or was killed while doing so
//! locks/etcd-v3.6.8-0123456789ab       held by who works on it
//! ```
//!
//! An entry appears by one rename. What a killed process left behind is collected by the next one
//! that makes something ([`Cache::collect`]).

use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{PartError, lock::Lock, recipe::Recipe, sum, sum::Stamp};
use crate::{
    parts::manifests::{self, Manifests},
    progress::Progress,
};

const RECORD: &str = "part.json";
/// Stands between an entry's name and a random end; occurs in no entry's name.
const WORKING: char = '~';

/// What stands beside a cached binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The binary's name.
    pub name: String,
    /// Its version.
    pub version: semver::Version,
    /// SHA-256 of the binary, hex.
    pub sha256: String,
    #[serde(flatten)]
    pub(crate) stamp: Stamp,
    /// Where it came from: `built with go 1.26.10 from ...`.
    pub source: String,
    /// When it was finished.
    pub made: Timestamp,
    /// How long that took, in seconds.
    pub seconds: u64,
}

/// What the cache has of a part.
#[derive(Debug, Clone)]
pub enum Look {
    /// It is there, unchanged.
    Hit(Record),
    /// It is not there.
    Miss,
    /// It is there, but not as it was put there.
    Damaged(String),
}

/// A cache directory. It need not exist yet.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in a directory.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of an entry.
    pub fn entry(&self, name: &str) -> PathBuf {
        self.root.join("parts").join(name)
    }

    /// Where the binary of a recipe is, once it is made.
    pub fn binary(&self, recipe: &Recipe) -> PathBuf {
        self.entry(&recipe.entry()).join(recipe.part.binary())
    }

    /// Looks for a part. Reads no binary as long as its size and time are as recorded.
    pub fn look(&self, recipe: &Recipe) -> Look {
        let entry = self.entry(&recipe.entry());
        let text = match fs::read(entry.join(RECORD)) {
            Ok(text) => text,
            Err(_) if !entry.exists() => return Look::Miss,
            Err(error) => return Look::Damaged(format!("its {RECORD} cannot be read: {error}")),
        };
        let record: Record = match serde_json::from_slice(&text) {
            Ok(record) => record,
            Err(error) => return Look::Damaged(format!("its {RECORD} is not understood: {error}")),
        };
        let binary = entry.join(recipe.part.binary());
        let stamp = match Stamp::of(&binary) {
            Ok(stamp) => stamp,
            Err(error) => return Look::Damaged(format!("its binary cannot be read: {error}")),
        };
        if recipe.has_manifests()
            && let Err(error) = Manifests::in_dir(entry.join(manifests::DIRECTORY))
        {
            return Look::Damaged(format!("of its manifests, {error}"));
        }
        if stamp.size != record.stamp.size {
            return Look::Damaged(format!("its binary has {} bytes instead of {}", stamp.size, record.stamp.size));
        }
        if stamp == record.stamp {
            return Look::Hit(record);
        }
        // Another time, as after copying a cache about: the content decides.
        match sum::sha256_of(&binary) {
            Ok(sha256) if sha256 == record.sha256 => {
                let record = Record { stamp, ..record };
                // In a cache that cannot be written the content is simply read again next time.
                let _ = replace_record(&entry, &record);
                Look::Hit(record)
            }
            Ok(sha256) => Look::Damaged(format!("its binary has the sha256 {sha256} instead of {}", record.sha256)),
            Err(error) => Look::Damaged(format!("its binary cannot be read: {error}")),
        }
    }

    /// Takes the lock of an entry, after collecting what others left behind.
    pub(crate) fn lock(&self, name: &str, doing: &str, progress: &dyn Progress) -> Result<Lock, PartError> {
        let path = self.lock_path(name);
        let lock = Lock::take(&path, doing, progress).map_err(PartError::cache("lock", &path))?;
        // Whoever held this lock and was killed has left a directory that nobody works in.
        self.remove_leftovers(|of| of == name);
        Ok(lock)
    }

    /// Makes a directory to work in. The caller holds the entry's lock.
    pub(crate) fn room(&self, name: &str) -> Result<TempDir, PartError> {
        let parts = self.root.join("parts");
        fs::create_dir_all(&parts).map_err(PartError::cache("make the directory", &parts))?;
        tempfile::Builder::new()
            .prefix(&format!(".{name}{WORKING}"))
            .tempdir_in(&parts)
            .map_err(PartError::cache("make a directory in", &parts))
    }

    /// Moves `out`, made in this cache's [`Cache::room`], into its place. The caller holds the lock.
    pub(crate) fn publish(
        &self,
        recipe: &Recipe,
        out: &Path,
        source: String,
        seconds: u64,
    ) -> Result<Record, PartError> {
        let binary = out.join(recipe.part.binary());
        let failed = |doing| PartError::cache(doing, &binary);
        let sha256 = sum::sha256_of(&binary).map_err(failed("read"))?;
        // On the disk before the record says so: a crash of the machine leaves no empty file.
        File::open(&binary).and_then(|file| file.sync_all()).map_err(failed("sync"))?;
        let record = Record {
            name: recipe.part.binary().to_owned(),
            version: recipe.version().clone(),
            sha256,
            stamp: Stamp::of(&binary).map_err(failed("read"))?,
            source,
            made: Timestamp::now(),
            seconds,
        };
        replace_record(out, &record).map_err(failed("write the record beside"))?;
        self.install(&recipe.entry(), out)?;
        Ok(record)
    }

    /// Moves a directory into the place of an entry. The caller holds the lock.
    pub(crate) fn install(&self, name: &str, out: &Path) -> Result<(), PartError> {
        let entry = self.entry(name);
        let failed = |doing| PartError::cache(doing, &entry);
        if entry.exists() {
            // A damaged one. Whoever runs its binary keeps it.
            let aside = self.room(name)?;
            fs::rename(&entry, aside.path().join("damaged")).map_err(failed("move away"))?;
        }
        fs::rename(out, &entry).map_err(failed("move the finished part to"))
    }

    /// Removes the directories of those who were killed while they made something; answers how
    /// many. Those in which somebody works are left alone.
    pub fn collect(&self) -> usize {
        self.remove_leftovers(|of| matches!(Lock::try_take(&self.lock_path(of)), Ok(Some(_))))
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        self.root.join("locks").join(name)
    }

    fn remove_leftovers(&self, may: impl Fn(&str) -> bool) -> usize {
        let Ok(entries) = fs::read_dir(self.root.join("parts")) else { return 0 };
        let left_over = |name: &str| {
            let (of, _) = name.strip_prefix('.')?.rsplit_once(WORKING)?;
            may(of).then_some(())
        };
        entries
            .flatten()
            .filter(|entry| entry.file_name().to_str().and_then(left_over).is_some())
            .filter(|entry| fs::remove_dir_all(entry.path()).is_ok())
            .count()
    }
}

fn replace_record(directory: &Path, record: &Record) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(record)?;
    // Readable for all: a cache may be shared, and temporary files are not by default.
    let readable = fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(directory)?;
    io::Write::write_all(&mut file, &text)?;
    file.persist(directory.join(RECORD))?;
    Ok(())
}
