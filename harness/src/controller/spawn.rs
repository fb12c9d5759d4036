//! One process, whose end is noticed at once.

use std::{
    io,
    process::{Child, Command, ExitStatus},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use tokio::sync::{oneshot, watch};

use super::signing::Signing;
use crate::process::lifeline::die_with_parent;

/// How long a killed process may take to be gone before it is left to the kernel.
const DYING: Duration = Duration::from_secs(2);

/// A child process. Dropping it kills it and waits until it is gone: it must not outlive a program that
/// ends right after that.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// Whether its end was asked for.
    asked: Arc<AtomicBool>,
    /// Locked while it is reaped: before, its pid is surely its own.
    reaped: Arc<(Mutex<bool>, Condvar)>,
    exit: watch::Receiver<Option<Exit>>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub(super) status: ExitStatus,
    /// Whether it was asked to.
    pub(super) asked: bool,
}

impl Process {
    /// Starts it from a thread of its own, which then waits for it: the kernel kills the child when
    /// that thread ends, that is, with this process. It has ended only when what it wrote is signed.
    pub(super) async fn spawn(mut command: Command, signing: Option<Signing>) -> io::Result<Self> {
        let (exit_sender, exit) = watch::channel(None);
        let (asked, reaped) = (Arc::new(AtomicBool::new(false)), Arc::<(Mutex<bool>, Condvar)>::default());
        let (pid_sender, pid) = oneshot::channel();
        let reaper = Reaper { asked: asked.clone(), reaped: reaped.clone(), exit: exit_sender, signing };
        std::thread::Builder::new().name("controller".to_owned()).spawn(move || {
            die_with_parent(&mut command);
            let spawned = command.spawn();
            // It holds the ends of the pipe to which the child writes.
            drop(command);
            match spawned {
                Ok(child) => {
                    let pid = Pid::from_child(&child);
                    if pid_sender.send(Ok(pid)).is_err() {
                        // Whoever wanted it is gone.
                        reaper.asked.store(true, Ordering::SeqCst);
                        let _ = kill_process(pid, Signal::KILL);
                    }
                    reaper.wait(pid, child);
                }
                Err(error) => drop(pid_sender.send(Err(error))),
            }
        })?;
        let pid = pid.await.map_err(|_| io::Error::other("the thread that starts the controller ended"))??;
        Ok(Self { pid, asked, reaped, exit })
    }

    /// Sends a signal after which it is expected to end. Nothing happens when it has ended.
    pub(super) fn end_by(&self, signal: Signal) {
        let reaped = locked(&self.reaped.0);
        if !*reaped {
            self.asked.store(true, Ordering::SeqCst);
            // It can fail only by the process having ended just now.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await.expect("the reaper sends before it ends");
        ended.expect("just waited for")
    }

    /// How it ended; None while it runs.
    pub(super) fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_by(Signal::KILL);
        let (reaped, told) = &*self.reaped;
        // Milliseconds; and nobody is served better by hearing that it took too long.
        let _ = told.wait_timeout_while(locked(reaped), DYING, |reaped| !*reaped);
    }
}

struct Reaper {
    asked: Arc<AtomicBool>,
    reaped: Arc<(Mutex<bool>, Condvar)>,
    exit: watch::Sender<Option<Exit>>,
    signing: Option<Signing>,
}

impl Reaper {
    fn wait(self, pid: Pid, mut child: Child) {
        // Waits without reaping, so that the pid stays its own until `reaped` is locked.
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {
        }
        let (reaped, tell) = &*self.reaped;
        let mut reaped = locked(reaped);
        // Its plugins, which are of its process group, go with it.
        let _ = kill_process_group(pid, Signal::KILL);
        let status = child.wait().unwrap_or_default();
        *reaped = true;
        tell.notify_all();
        drop(reaped);
        if let Some(signing) = self.signing {
            // It does not panic; and the last writer has just been killed.
            let _ = signing.join();
        }
        let asked = self.asked.load(Ordering::SeqCst);
        self.exit.send_replace(Some(Exit { status, asked }));
    }
}

fn locked(mutex: &Mutex<bool>) -> MutexGuard<'_, bool> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn an_exit_of_its_own_is_told_from_one_that_was_asked_for() {
        let process = Process::spawn(shell("exit 3"), None).await.unwrap();
        let exit = process.ended().await;
        assert_eq!((exit.status.code(), exit.asked), (Some(3), false));
        // Too late to have been asked for.
        process.end_by(Signal::KILL);
        assert!(!process.exit().unwrap().asked);

        let process = Process::spawn(shell("sleep 60"), None).await.unwrap();
        assert!(process.exit().is_none());
        process.end_by(Signal::TERM);
        let exit = process.ended().await;
        assert_eq!((exit.status.signal(), exit.asked), (Some(15), true));
    }

    #[tokio::test]
    async fn its_children_go_with_it() {
        let (reader, writer) = io::pipe().unwrap();
        let mut command = shell("sleep 30 & exit 0");
        command.stdout(writer);
        let begun = std::time::Instant::now();
        let process = Process::spawn(command, None).await.unwrap();
        process.ended().await;
        // The pipe is at its end only when the last writer, the `sleep`, is gone.
        let rest = tokio::task::spawn_blocking(move || io::read_to_string(reader).unwrap()).await.unwrap();
        assert_eq!(rest, "");
        assert!(begun.elapsed().as_secs() < 20, "the child ended by itself");
    }

    #[tokio::test]
    async fn dropping_kills_and_waits() {
        let process = Process::spawn(shell("sleep 60"), None).await.unwrap();
        let (mut exit, pid) = (process.exit.clone(), process.pid);
        drop(process);
        assert!(rustix::process::test_kill_process(pid).is_err(), "nobody has its number any more");
        assert_eq!(exit.wait_for(Option::is_some).await.unwrap().unwrap().status.signal(), Some(9));
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_an_error() {
        let error = Process::spawn(Command::new("/nonexistent/controller"), None).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
