//! Locks between processes. The kernel drops them when their holder ends, however it ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
    thread,
    time::Duration,
};

use crate::{process::interrupt, progress::Progress};

/// How often a waiting process looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A held lock; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // The file is never removed: whoever waits for it would hold a lock that nobody else sees.
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

impl Lock {
    /// Takes the lock, if need be after a wait, which is announced: `waiting for another proofroll
    /// (pid 7) that builds etcd v3.6.8`.
    pub fn take(path: &Path, doing: &str, progress: &dyn Progress) -> io::Result<Self> {
        let mut file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)?;
                let who = if pid.is_empty() { String::new() } else { format!(" (pid {pid})") };
                progress.say(&format!("waiting for another proofroll{who} that {doing}"));
                // Not `File::lock`: no signal ends that.
                while let Err(error) = file.try_lock() {
                    match error {
                        TryLockError::WouldBlock => thread::sleep(LOOK_AGAIN),
                        TryLockError::Error(error) => return Err(error),
                    }
                    interrupt::check()?;
                }
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }

    /// Takes the lock if nobody holds it.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
