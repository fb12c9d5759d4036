//! Locked files (`flock`). The kernel drops a lock when its holder is gone, however it went, so a
//! lock is the only proof of life used here: never a process id, which may be given to another.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// How often a waiting taker looks again. There is no notification for a lock that becomes free,
/// and a blocking `flock` could not be given up on Ctrl-C.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An exclusive lock on a file; free again when this value, or the process, ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at `path` unless somebody holds it; creates the file (0600) if needed.
    ///
    /// The file may be removed by its holder ([`Lock::remove`]) between our open and our lock: then
    /// we would hold a lock on a file that nobody else can find. So the path is looked at again once
    /// the lock is ours.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if is_at(&file, path)? {
                return Ok(Some(Self { file, path: path.to_owned() }));
            }
        }
    }

    /// Takes the lock at `path`, waiting until it is free. `waiting` is called once if it is not.
    ///
    /// # Errors
    /// As for [`Lock::try_take`].
    pub async fn take(path: &Path, waiting: impl FnOnce()) -> io::Result<Self> {
        if let Some(lock) = Self::try_take(path)? {
            return Ok(lock);
        }
        waiting();
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
        }
    }

    /// Puts a new locked file at `path`, in place of whatever is there. It appears when it is locked
    /// already: no onlooker ([`is_held`]) can come between.
    ///
    /// # Errors
    /// When the file cannot be made, locked or moved to its place.
    pub fn put(path: &Path) -> io::Result<Self> {
        let draft = path.with_extension(format!("{:08x}.new", fastrand::u32(..)));
        let file = open(&draft)?;
        file.try_lock().map_err(io::Error::from)?;
        std::fs::rename(&draft, path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Gives up the path but keeps the lock with the returned file, and so with every process that
    /// inherits it.
    pub fn into_file(self) -> File {
        self.file
    }

    /// Removes the file while the lock is still held, then lets go: whoever waits for it sees that
    /// its file is gone and makes a new one.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// Whether somebody holds the exclusive lock of this (opened, not locked) file. Looking takes a
/// shared lock for a moment, so that several onlookers do not take each other for the holder.
///
/// # Errors
/// When the lock cannot be tried at all.
pub fn is_held(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Blocks until nobody holds the exclusive lock of this (opened, not locked) file.
///
/// # Errors
/// When the lock cannot be waited for.
pub fn wait_until_free(file: &File) -> io::Result<()> {
    file.lock_shared()?;
    file.unlock()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_second_taker_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::try_take(&path).unwrap().expect("nobody holds it");
        assert!(Lock::try_take(&path).unwrap().is_none());
        assert!(is_held(&File::open(&path).unwrap()).unwrap());
        drop(first);
        assert!(!is_held(&File::open(&path).unwrap()).unwrap());
        assert!(Lock::try_take(&path).unwrap().is_some());
    }

    #[test]
    fn onlookers_do_not_disturb_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::fs::write(&path, "").unwrap();
        let one = File::open(&path).unwrap();
        one.try_lock_shared().unwrap();
        assert!(!is_held(&File::open(&path).unwrap()).unwrap());
    }

    /// Removal while others wait: never two holders at once, and nobody left with a dead file.
    #[test]
    fn removal_is_free_of_races() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let inside = AtomicBool::new(false);
        let taken = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while taken.load(Ordering::SeqCst) < 300 {
                        let Some(lock) = Lock::try_take(&path).unwrap() else { continue };
                        assert!(!inside.swap(true, Ordering::SeqCst), "two holders at once");
                        taken.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.store(false, Ordering::SeqCst);
                        lock.remove().unwrap();
                    }
                });
            }
        });
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_waiter_gets_the_lock_and_says_once_that_it_waits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::try_take(&path).unwrap();
        let said = AtomicU32::new(0);
        let second = Lock::take(&path, || {
            said.fetch_add(1, Ordering::SeqCst);
        });
        let (second, ()) = tokio::join!(second, async {
            tokio::time::sleep(3 * LOOK_AGAIN).await;
            drop(first);
        });
        second.unwrap();
        assert_eq!(said.load(Ordering::SeqCst), 1);
    }
}
