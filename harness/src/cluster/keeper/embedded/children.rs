//! The processes that the keeper keeps.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Command,
    sync::{Notify, mpsc},
};

use crate::{
    cluster::{components::Component, record::log_tail, request::PlaneParts, state::PlaneDir},
    process::lifeline,
};

/// What is left of a process after SIGTERM may be killed: nothing of a plane is worth saving.
const GRACE: Duration = Duration::from_millis(500);

/// A process that ended by itself.
#[derive(Debug)]
pub(super) struct Death {
    component: Component,
    status: io::Result<ExitStatus>,
}

impl Death {
    /// For people: who, how, and its last words.
    pub fn tell(&self, dir: &PlaneDir) -> String {
        let how = self.status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        let name = self.component.name();
        format!("{name} ended ({how}); its last log lines:{}", log_tail(&dir.log(name), 15))
    }
}

/// The processes, and a way to hear of their deaths.
///
/// The kernel's signal at the parent's death fires when the *thread* that spawned ends. So the keeper
/// runs everything on its main thread (a current-thread runtime), and [`Children::spawn`] with it.
#[derive(Clone)]
pub(super) struct Children {
    dir: PlaneDir,
    running: Arc<Mutex<BTreeMap<Component, Pid>>>,
    fewer: Arc<Notify>,
    deaths: mpsc::UnboundedSender<Death>,
}

impl Children {
    pub fn new(dir: &PlaneDir) -> (Self, mpsc::UnboundedReceiver<Death>) {
        let (deaths, heard) = mpsc::unbounded_channel();
        (Self { dir: dir.clone(), running: Arc::default(), fewer: Arc::default(), deaths }, heard)
    }

    /// Starts one.
    pub fn spawn(&self, component: Component, parts: &PlaneParts, port: u16) -> Result<(), String> {
        self.spawn_in(component, parts, port, component.environment(self.dir.path()))
    }

    /// Starts one in this environment.
    pub fn spawn_in(
        &self,
        component: Component,
        parts: &PlaneParts,
        port: u16,
        environment: Vec<(&str, String)>,
    ) -> Result<(), String> {
        let name = component.name();
        let part = component.part(parts);
        let told = |error: io::Error| format!("{name} could not be started from {}: {error}", part.path.display());
        let log = File::create(self.dir.log(name)).map_err(told)?;
        let mut command = Command::new(&part.path);
        command
            .args(component.arguments(port))
            .env_clear()
            .envs(environment)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(told)?)
            .stderr(log);
        lifeline::die_with_parent(command.as_std_mut());
        let mut child = command.spawn().map_err(told)?;
        let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
            return Err(format!("{name} ended while it was started"));
        };
        self.running().insert(component, pid);
        let this = self.clone();
        tokio::spawn(async move {
            // The number is free for others as soon as the status is fetched: struck off in the same
            // breath, on the only thread, it can never be signalled after that.
            let status = child.wait().await;
            this.running().remove(&component);
            this.fewer.notify_waiters();
            // Nobody listens any more once the keeper stops.
            let _ = this.deaths.send(Death { component, status });
        });
        Ok(())
    }

    /// The process ids by name.
    pub fn pids(&self) -> BTreeMap<String, u32> {
        let running = self.running();
        running.iter().map(|(component, pid)| (component.name().to_owned(), pid.as_raw_pid().cast_unsigned())).collect()
    }

    /// Stops all: politely, then by force; returns when none is left.
    pub async fn stop(&self) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(GRACE, self.none_left()).await.is_err() {
            self.signal(Signal::KILL);
            self.none_left().await;
        }
    }

    async fn none_left(&self) {
        loop {
            let fewer = self.fewer.notified();
            tokio::pin!(fewer);
            // Listening before looking: no end can slip through between the two.
            fewer.as_mut().enable();
            if self.running().is_empty() {
                return;
            }
            fewer.await;
        }
    }

    fn signal(&self, signal: Signal) {
        for pid in self.running().values() {
            // It has just ended by itself: as well.
            let _ = kill_process(*pid, signal);
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<Component, Pid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
