//! The reaper: a process that outlives a keeper and removes what the keeper's death leaves running.
//!
//! What a keeper starts by itself dies with it. Containers do not, and no objects in a cluster that is
//! somebody else's. The reaper waits for the keeper's lock, which the kernel drops however the keeper
//! ends. If the plane's directory is still there then, the keeper did not come to its end; the reaper
//! takes the start lock and cleans up, as `proofroll gc` would.

use std::{
    env,
    fs::{self, File},
    io,
    path::PathBuf,
    process::{self, Command, Stdio},
};

use crate::{
    cluster::{ClusterError, gc, state::PlaneDir},
    process::{journal::note, lifeline, lock},
};

/// The first argument of a reaper; the second is the plane's directory.
const MARKER: &str = "--proofroll-reaper";

/// Becomes a reaper, and never returns, if this process was started as one.
pub(super) fn run_if_asked() {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != MARKER) {
        return;
    }
    let Some(dir) = arguments.next().map(PathBuf::from) else {
        eprintln!("{MARKER} is for proofroll itself and needs a directory");
        process::exit(2);
    };
    process::exit(match run(&PlaneDir::at(dir)) {
        Ok(()) => 0,
        Err(error) => {
            note(&format!("reaper: {error}"));
            3
        }
    });
}

/// Starts the reaper of this plane. To be called by its keeper.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start(dir: &PlaneDir) -> io::Result<()> {
    let log = File::options().create(true).append(true).open(dir.log("reaper"))?;
    let mut command = Command::new("/proc/self/exe");
    // Not the keeper's standard input: that is its lock, and would be held on.
    command.arg(MARKER).arg(dir.path()).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut reaper = lifeline::own_session(&mut command).spawn()?;
    std::thread::Builder::new().name("reaper".into()).spawn(move || reaper.wait())?;
    Ok(())
}

fn run(dir: &PlaneDir) -> Result<(), ClusterError> {
    let path = dir.keeper_lock();
    lifeline::close_inherited().map_err(ClusterError::file(&path))?;
    let keeper = match File::open(&path) {
        Ok(keeper) => keeper,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ClusterError::file(&path)(error)),
    };
    let order = fs::read(dir.order()).map_err(ClusterError::file(&dir.order()))?;
    lock::wait_until_free(&keeper).map_err(ClusterError::file(&path))?;
    // Another plane may live under this path by now: its order has another id.
    if fs::read(dir.order()).is_ok_and(|now| now == order) {
        note("reaper: the keeper ended and left its directory");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ClusterError::file(dir.path()))?;
        runtime.block_on(gc::collect(&dir.root()))?;
    }
    Ok(())
}
