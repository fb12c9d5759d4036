//! Ties a child process to its parent: when the parent is gone, however it went, the kernel kills
//! the child. The only `unsafe` of the workspace is here.

use std::{
    fs, io,
    os::{
        fd::{FromRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    process::Command,
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, set_parent_process_death_signal, setsid},
};
use tokio::sync::oneshot;

/// Makes the kernel send SIGKILL to the child when the **thread** that spawns it ends.
///
/// Spawn from a thread that lives as long as the child shall: the main thread, or one that waits
/// for the child. (Tokio's blocking threads end after ten idle seconds and take the child along.)
/// The child gets a process group of its own, so that a Ctrl-C at the terminal reaches only the
/// harness, which then stops its children in order.
pub fn die_with_parent(command: &mut Command) -> &mut Command {
    let parent = getpid();
    command.process_group(0);
    before_exec(command, move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have ended between fork and prctl: then no signal would ever come.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::Error::other("the parent process is gone")) }
    })
}

/// Puts the child into a session of its own: no signal of the caller's terminal or process group
/// reaches it. For the keeper, which must outlive the process that starts it.
pub fn own_session(command: &mut Command) -> &mut Command {
    before_exec(command, || setsid().map(drop).map_err(Into::into))
}

/// Resolves when this process has ended; at once if there is none of this number.
///
/// # Errors
/// When it cannot be watched.
pub async fn ended(pid: Pid) -> io::Result<()> {
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (tell, told) = oneshot::channel();
    // It waits as long as that process lives, even if nobody listens any more; this process may end
    // under it.
    thread::Builder::new().name("watch".into()).spawn(move || {
        let ended = loop {
            match poll(&mut [PollFd::new(&process, PollFlags::IN)], None) {
                Err(Errno::INTR) => {}
                ended => break ended,
            }
        };
        let _ = tell.send(ended);
    })?;
    told.await.map_err(|_| io::Error::other("the thread that watches a process ended"))?.map(drop).map_err(Into::into)
}

/// Closes every descriptor above standard error that this process was born with.
///
/// For the keeper: what a test runner, a shell or a CI agent left open in us (a pipe that it reads to
/// its end, say) would keep *them* waiting for as long as the keeper lives. To be called first in
/// `main`, before anything is opened.
///
/// # Errors
/// When the list of open descriptors cannot be read.
pub fn close_inherited() -> io::Result<()> {
    let open: Vec<RawFd> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        // The descriptor that listed the directory was among them and is closed already.
        if fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok() {
            close(fd);
        }
    }
    Ok(())
}

#[expect(unsafe_code, reason = "a descriptor that no Rust value owns can only be adopted by its number")]
fn close(fd: RawFd) {
    // SAFETY: the descriptor is open (looked up just before, by the only thread) and nobody in this
    // process owns it: it was inherited, and `main` has opened nothing yet.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}

#[expect(unsafe_code, reason = "the one place for process control: `pre_exec` has no safe form")]
fn before_exec<F>(command: &mut Command, hook: F) -> &mut Command
where
    F: FnMut() -> io::Result<()> + Send + Sync + 'static,
{
    // SAFETY: between fork and exec only async-signal-safe work is allowed. The hooks above make
    // system calls (prctl, getppid, setsid) and build an `io::Error` on their way out; they take no
    // lock and, but for the failing case in which the child ends at once, allocate nothing.
    unsafe { command.pre_exec(hook) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_end_of_a_process_is_told() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        assert!(tokio::time::timeout(Duration::from_millis(100), ended(pid)).await.is_err(), "it lives");
        let wait = tokio::spawn(ended(pid));
        child.kill().unwrap();
        tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap().unwrap().unwrap();
        child.wait().unwrap();
        ended(pid).await.unwrap();
    }
}
