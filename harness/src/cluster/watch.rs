//! Whether a plane is still what it was: seen through files that were opened when it was joined, so
//! that neither removal nor a successor under the same path can deceive.

use std::{fs::File, io, os::unix::fs::FileExt, time::Duration};

use super::{ClusterError, record::log_tail, state::PlaneDir};
use crate::process::lock;

/// How often users look. The keeper's end has no other notification across processes.
pub const LOOK: Duration = Duration::from_millis(200);

/// An eye on a keeper.
#[derive(Debug)]
pub struct KeeperWatch {
    dir: PlaneDir,
    keeper: File,
    failure: File,
    progress: File,
}

impl KeeperWatch {
    /// Opens the eye; to be called under the start lock, while the keeper is known to live.
    ///
    /// # Errors
    /// When the plane's files are not there.
    pub fn open(dir: &PlaneDir) -> Result<Self, ClusterError> {
        let open = |path: std::path::PathBuf| File::open(&path).map_err(ClusterError::file(&path));
        Ok(Self {
            dir: dir.clone(),
            keeper: open(dir.keeper_lock())?,
            failure: open(dir.failure())?,
            progress: open(dir.progress())?,
        })
    }

    /// Whether the keeper lives.
    ///
    /// # Errors
    /// When its lock cannot be tried.
    pub fn alive(&self) -> io::Result<bool> {
        lock::is_held(&self.keeper)
    }

    /// The keeper's process id. It is the keeper's as long as the keeper lives; `None` in the first
    /// moments of its life.
    pub fn keeper_pid(&self) -> Option<i32> {
        read(&self.keeper)?.trim().parse().ok()
    }

    /// Why the plane is broken, if it is.
    pub fn trouble(&self) -> Option<String> {
        let told = || read(&self.failure).filter(|text| !text.is_empty());
        if let Some(why) = told() {
            return Some(why);
        }
        match self.alive() {
            Ok(true) => None,
            // It may have spoken between our two looks.
            Ok(false) => Some(told().unwrap_or_else(|| {
                let log = log_tail(&self.dir.log("keeper"), 10);
                format!("its keeper ended without a word (killed?){log}")
            })),
            Err(error) => Some(format!("the keeper's lock cannot be read: {error}")),
        }
    }

    /// The lines of progress after the first `seen` ones.
    pub fn progress(&self, seen: usize) -> Vec<String> {
        read(&self.progress).unwrap_or_default().lines().skip(seen).map(str::to_owned).collect()
    }

    /// Waits until the keeper is gone.
    ///
    /// # Errors
    /// When it is still there after `limit`.
    pub async fn gone(&self, limit: Duration) -> Result<(), ClusterError> {
        let waiting = async {
            while self.alive().map_err(ClusterError::file(&self.dir.keeper_lock()))? {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        };
        let late = |_| ClusterError::TooLate { what: format!("the keeper of {} did not end", self.dir.key()), limit };
        tokio::time::timeout(limit, waiting).await.map_err(late)?
    }
}

fn read(file: &File) -> Option<String> {
    let mut content = vec![0; usize::try_from(file.metadata().ok()?.len()).ok()?];
    file.read_exact_at(&mut content, 0).ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}
