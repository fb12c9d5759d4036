//! Where planes keep their files: one directory for each user of the machine, in it one for each
//! plane, on a tmpfs where there is one. etcd's data lies there too.

use std::{
    env,
    ffi::OsStr,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::{fs::statvfs, process::getuid};
use sha2::{Digest, Sha256};

use super::ClusterError;

/// Overrides where the state of control planes is kept.
pub const STATE_DIR_VARIABLE: &str = "PROOFROLL_STATE_DIR";

/// What a plane may need of a memory-backed directory, in bytes.
const ROOM: u64 = 1 << 30;

/// The directory that holds all planes of this user.
#[derive(Debug, Clone)]
pub struct StateRoot {
    planes: PathBuf,
}

impl StateRoot {
    /// Finds the place: [`STATE_DIR_VARIABLE`], else a tmpfs with room, else the temporary directory.
    ///
    /// A place where planes are kept already comes first, whatever room is left in it: every process
    /// must come to the same answer, also once a plane has used the room up.
    pub fn find() -> Self {
        Self::choose(env::var_os(STATE_DIR_VARIABLE).as_deref(), env::var_os("XDG_RUNTIME_DIR").as_deref())
    }

    fn choose(asked: Option<&OsStr>, runtime_dir: Option<&OsStr>) -> Self {
        if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
            return Self::at(Path::new(asked));
        }
        let mut candidates: Vec<&Path> = runtime_dir.into_iter().map(Path::new).collect();
        candidates.push(Path::new("/dev/shm"));
        let known = candidates.iter().find(|candidate| Self::at(candidate).planes.is_dir());
        let roomy = || candidates.iter().find(|candidate| has_room(candidate));
        known.or_else(roomy).map_or_else(|| Self::at(&env::temp_dir()), |candidate| Self::at(candidate))
    }

    /// The state of this user's planes below `root`.
    pub fn at(root: &Path) -> Self {
        // Relative to here and now: the keeper has another working directory.
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self { planes: root.join(format!("proofroll-{}", getuid().as_raw())).join("planes") }
    }

    /// The directory that holds the planes.
    pub fn path(&self) -> &Path {
        &self.planes
    }

    /// Makes the directories, readable by their owner only.
    ///
    /// # Errors
    /// When they cannot be made, or belong to somebody else (in `/dev/shm` anybody can make a
    /// directory of this name).
    pub fn prepare(&self) -> Result<(), ClusterError> {
        let refuse = |why: String| ClusterError::StateDir { path: self.planes.clone(), why };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.planes).map_err(|e| refuse(e.to_string()))?;
        let own = self.planes.parent().unwrap_or(&self.planes);
        let found = fs::symlink_metadata(own).map_err(|e| refuse(e.to_string()))?;
        if !found.is_dir() || found.uid() != getuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(refuse(format!("{} must be a directory of your own that nobody else can read", own.display())));
        }
        Ok(())
    }

    /// The directory of the plane with this key.
    pub fn plane(&self, key: &str) -> PlaneDir {
        PlaneDir { path: self.planes.join(key) }
    }

    /// All planes that left a directory or a start lock here, dead or alive.
    ///
    /// # Errors
    /// When the directory is there but cannot be read.
    pub fn planes(&self) -> io::Result<Vec<PlaneDir>> {
        let entries = match fs::read_dir(&self.planes) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut keys: Vec<String> = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            keys.push(name.strip_suffix(".lock").unwrap_or(&name).to_owned());
        }
        keys.sort();
        keys.dedup();
        Ok(keys.iter().map(|key| self.plane(key)).collect())
    }

    /// Six letters that stand for this directory in names and labels of what lies elsewhere.
    pub(super) fn mark(&self) -> String {
        let digest = Sha256::digest(self.path().as_os_str().as_encoded_bytes());
        digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Removes the directories for planes if nothing is in them any more.
    pub fn tidy(&self) {
        if fs::remove_dir(&self.planes).is_ok()
            && let Some(own) = self.planes.parent()
        {
            // Not empty: somebody else's affair.
            let _ = fs::remove_dir(own);
        }
    }
}

/// The files of one plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaneDir {
    path: PathBuf,
}

impl PlaneDir {
    /// A plane's directory by its path, as the keeper is told it.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plane's key.
    pub fn key(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The root that the plane lies in.
    pub fn root(&self) -> StateRoot {
        StateRoot { planes: self.path.parent().unwrap_or(&self.path).to_owned() }
    }

    /// Held while somebody starts, stops or joins the plane. Beside the directory, for it outlives it.
    pub fn start_lock(&self) -> PathBuf {
        self.path.with_extension("lock")
    }

    /// Held by the keeper for its whole life.
    pub fn keeper_lock(&self) -> PathBuf {
        self.path.join("keeper.lock")
    }

    /// What the keeper is to do.
    pub fn order(&self) -> PathBuf {
        self.path.join("order.json")
    }

    /// What the plane is; there once it is ready.
    pub fn record(&self) -> PathBuf {
        self.path.join("plane.json")
    }

    /// Why the plane broke; empty until then.
    pub fn failure(&self) -> PathBuf {
        self.path.join("failure")
    }

    /// What could not be removed when the plane was stopped.
    pub fn left(&self) -> PathBuf {
        self.path.join("left")
    }

    /// How far the start is, line by line.
    pub fn progress(&self) -> PathBuf {
        self.path.join("progress")
    }

    /// The leases.
    pub fn leases(&self) -> PathBuf {
        self.path.join("leases")
    }

    /// Held by a scenario that runs where only so many may at once.
    pub fn place(&self, number: usize) -> PathBuf {
        self.path.join(format!("place-{number}.lock"))
    }

    /// Asks the keeper to stop as soon as no lease is left, without lingering.
    pub fn at_once(&self) -> PathBuf {
        self.path.join("at-once")
    }

    /// Asks the keeper to restart the API server; see [`super::restart`].
    pub(super) fn restart(&self) -> PathBuf {
        self.path.join("restart")
    }

    /// The keeper's answer.
    pub(super) fn restarted(&self) -> PathBuf {
        self.path.join("restarted")
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path.join("kubeconfig")
    }

    /// Keys and certificates.
    pub fn pki(&self) -> PathBuf {
        self.path.join("pki")
    }

    /// The log of a process of this plane.
    pub fn log(&self, process: &str) -> PathBuf {
        self.path.join("logs").join(format!("{process}.log"))
    }
}

fn has_room(place: &Path) -> bool {
    let writable = rustix::fs::access(place, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok();
    writable && statvfs(place).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) >= ROOM)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_variable_rules() {
        let asked = StateRoot::choose(Some(OsStr::new("/somewhere")), Some(OsStr::new("/dev/shm")));
        assert_eq!(asked.path().parent().unwrap().parent().unwrap(), Path::new("/somewhere"));
    }

    #[test]
    fn a_place_that_is_in_use_comes_before_one_with_room() {
        let dir = tempfile::tempdir().unwrap();
        StateRoot::at(dir.path()).prepare().unwrap();
        let chosen = StateRoot::choose(None, Some(dir.path().as_os_str()));
        assert!(chosen.path().starts_with(dir.path()));
    }

    #[test]
    fn a_place_that_is_no_directory_is_refused_with_the_variable_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = StateRoot::at(file.path()).prepare().unwrap_err().to_string();
        assert!(refused.contains(STATE_DIR_VARIABLE), "{refused}");
    }

    #[test]
    fn a_directory_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = StateRoot::at(dir.path());
        root.prepare().unwrap();
        let own = root.path().parent().unwrap();
        fs::set_permissions(own, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(root.prepare().unwrap_err().to_string().contains("nobody else"));
    }

    #[test]
    fn planes_are_found_by_directory_and_by_lock_and_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let root = StateRoot::at(dir.path());
        assert!(root.planes().unwrap().is_empty());
        root.prepare().unwrap();
        fs::create_dir(root.plane("b").path()).unwrap();
        fs::write(root.plane("a").start_lock(), "").unwrap();
        fs::write(root.plane("b").start_lock(), "").unwrap();
        let keys: Vec<String> = root.planes().unwrap().iter().map(PlaneDir::key).collect();
        assert_eq!(keys, ["a", "b"]);
        root.tidy();
        assert!(root.path().exists());
        fs::remove_dir(root.plane("b").path()).unwrap();
        fs::remove_file(root.plane("a").start_lock()).unwrap();
        fs::remove_file(root.plane("b").start_lock()).unwrap();
        root.tidy();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
