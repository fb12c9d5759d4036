//! The directory of entries: a few files, the ones used last.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::entry::{Entry, Unusable};

/// How many are kept: the releases of a matrix, on two Kubernetes.
const KEEP: usize = 12;

const SUFFIX: &str = ".data";
/// The beginning of the name of a file that is being written.
const DRAFT: &str = ".new-";

/// A directory of entries. It need not exist yet.
#[derive(Debug, Clone)]
pub struct Shelf {
    dir: PathBuf,
}

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// So many entries.
    pub entries: usize,
    /// So many bytes in all.
    pub bytes: u64,
}

impl Shelf {
    /// The shelf in this directory.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The file of the entry with this key.
    pub fn path(&self, key: &str) -> PathBuf {
        self.dir.join(format!("{key}{SUFFIX}"))
    }

    /// The entry with this key. It is the one used last then.
    ///
    /// # Errors
    /// When there is none, or not what was put there.
    pub fn get(&self, key: &str) -> Result<Entry, Unusable> {
        let path = self.path(key);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Missing),
            Err(error) => return Err(Unusable::Damaged(error.to_string())),
        };
        let entry = Entry::from_bytes(&bytes, key)?;
        // Only an order among entries: where it cannot be written, another one goes first.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(entry)
    }

    /// Puts an entry there, in place of any other with this key: at once whole, or not at all. Those that were not
    /// used for the longest time go.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, key: &str, entry: &Entry) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut draft = tempfile::Builder::new().prefix(DRAFT).tempfile_in(&self.dir)?;
        // Who collects takes this lock for a proof of life.
        draft.as_file().try_lock()?;
        draft.write_all(&entry.to_bytes(key)?)?;
        // On the disk before it has its name: a crash of the machine leaves no empty file.
        draft.as_file().sync_all()?;
        draft.persist(self.path(key))?;
        let entries = self.entries()?;
        for (_, path) in entries.iter().take(entries.len().saturating_sub(KEEP)) {
            // Another process may be removing it just now.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    /// How much is there.
    pub fn kept(&self) -> Kept {
        let entries = self.entries().unwrap_or_default();
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |meta| meta.len());
        Kept { entries: entries.len(), bytes: entries.iter().map(|(_, path)| size(path)).sum() }
    }

    /// Removes the drafts of those who were killed while they wrote; answers how many.
    pub fn collect(&self) -> usize {
        let orphaned = |path: &Path| File::open(path).is_ok_and(|file| file.try_lock().is_ok());
        let drafts = self.names(|name| name.starts_with(DRAFT)).unwrap_or_default();
        drafts.iter().filter(|path| orphaned(path) && fs::remove_file(path).is_ok()).count()
    }

    /// All entries with the time of their last use, the oldest first.
    fn entries(&self) -> io::Result<Vec<(SystemTime, PathBuf)>> {
        let paths = self.names(|name| !name.starts_with('.') && name.ends_with(SUFFIX))?.into_iter();
        let mut entries: Vec<_> =
            paths.filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path))).collect();
        entries.sort();
        Ok(entries)
    }

    fn names(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
        let found = match fs::read_dir(&self.dir) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let paths = found.flatten().filter(|entry| entry.file_name().to_str().is_some_and(&wanted));
        Ok(paths.map(|entry| entry.path()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::entry::tests::entry, *};

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(dir.path().join("prepared"));
        (dir, shelf)
    }

    #[test]
    fn an_entry_is_found_under_its_key_alone() {
        let (_dir, shelf) = shelf();
        assert!(matches!(shelf.get("a"), Err(Unusable::Missing)));
        shelf.put("a", &entry()).unwrap();
        assert_eq!(shelf.get("a").unwrap(), entry());
        assert!(matches!(shelf.get("b"), Err(Unusable::Missing)));
        fs::copy(shelf.path("a"), shelf.path("b")).unwrap();
        assert!(matches!(shelf.get("b"), Err(Unusable::Damaged(_))), "under another's name");
    }

    #[test]
    fn a_damaged_one_is_replaced() {
        let (_dir, shelf) = shelf();
        shelf.put("a", &entry()).unwrap();
        File::options().write(true).open(shelf.path("a")).unwrap().set_len(100).unwrap();
        assert!(matches!(shelf.get("a"), Err(Unusable::Damaged(_))));
        shelf.put("a", &entry()).unwrap();
        assert_eq!(shelf.get("a").unwrap(), entry());
    }

    #[test]
    fn those_used_last_stay() {
        let (_dir, shelf) = shelf();
        let old = |key: &str, hours: u64| {
            let file = File::options().append(true).open(shelf.path(key)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600 * hours)).unwrap();
        };
        for number in 0..KEEP {
            shelf.put(&number.to_string(), &entry()).unwrap();
            old(&number.to_string(), 100 - number as u64);
        }
        shelf.get("0").unwrap();
        shelf.put("one more", &entry()).unwrap();
        assert_eq!(shelf.kept().entries, KEEP);
        assert!(shelf.get("0").is_ok() && shelf.get("one more").is_ok());
        assert!(matches!(shelf.get("1"), Err(Unusable::Missing)), "it was not used for the longest time");
    }

    #[test]
    fn what_a_killed_writer_left_is_collected_and_a_living_ones_is_not() {
        let (_dir, shelf) = shelf();
        shelf.put("a", &entry()).unwrap();
        fs::write(shelf.dir.join(format!("{DRAFT}1")), "half of").unwrap();
        let living = File::create(shelf.dir.join(format!("{DRAFT}2"))).unwrap();
        living.try_lock().unwrap();
        assert_eq!(shelf.collect(), 1);
        assert_eq!(fs::read_dir(&shelf.dir).unwrap().count(), 2, "the entry, and the draft of who lives");
        assert_eq!(shelf.kept().entries, 1, "a draft is no entry");
    }
}
