//! The processes that the keeper keeps: its children, or programs in containers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Command,
    sync::{Notify, mpsc},
};

use crate::{
    cluster::{Contained, components::Component, record::log_tail, request::PlaneParts, state::PlaneDir},
    containers::Container,
    process::lifeline,
};

/// What is left of a process after SIGTERM may be killed: nothing of a plane is worth saving.
const GRACE: Duration = Duration::from_millis(500);

/// A process that ended by itself.
#[derive(Debug)]
pub(super) struct Death {
    component: Component,
    status: Result<ExitStatus, String>,
}

impl Death {
    /// For people: who, how, and its last words.
    pub fn tell(&self, dir: &PlaneDir) -> String {
        let how = self.status.as_ref().map_or_else(Clone::clone, ToString::to_string);
        let name = self.component.name();
        format!("{name} ended ({how}); its last log lines:{}", log_tail(&dir.log(name), 15))
    }
}

/// How a process is started.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// As a child, from these executables.
    Processes(PlaneParts),
    /// In a container.
    Containers(Contained),
}

/// A process that runs.
#[derive(Debug, Clone)]
enum Running {
    Child(Pid),
    Contained(Container),
}

impl Running {
    fn signal(&self, signal: Signal) {
        match self {
            // It has just ended by itself: as well.
            Self::Child(pid) => drop(kill_process(*pid, signal)),
            Self::Contained(container) => container.signal(signal),
        }
    }

    /// Its process id; 0 while it is not known yet.
    fn pid(&self) -> u32 {
        match self {
            Self::Child(pid) => pid.as_raw_pid().cast_unsigned(),
            Self::Contained(container) => container.pid().unwrap_or_default(),
        }
    }
}

/// The processes, and a way to hear of their deaths.
///
/// The kernel's signal at the parent's death fires when the *thread* that spawned ends. So the keeper
/// runs everything on its main thread (a current-thread runtime), and [`Children::spawn`] with it.
/// Containers know no such signal: for those there is the [`reaper`](super::super::reaper).
#[derive(Clone)]
pub(super) struct Children {
    dir: PlaneDir,
    way: Way,
    running: Arc<Mutex<BTreeMap<Component, Running>>>,
    /// Those whose end was asked for: nobody hears of it.
    wanted: Arc<Mutex<BTreeSet<Component>>>,
    fewer: Arc<Notify>,
    deaths: mpsc::UnboundedSender<Death>,
}

impl Children {
    pub fn new(dir: &PlaneDir, way: Way) -> (Self, mpsc::UnboundedReceiver<Death>) {
        let (deaths, heard) = mpsc::unbounded_channel();
        let dir = dir.clone();
        let (running, wanted, fewer) = Default::default();
        (Self { dir, way, running, wanted, fewer, deaths }, heard)
    }

    /// How they are started in containers, if they are.
    pub fn contained(&self) -> Option<&Contained> {
        match &self.way {
            Way::Containers(contained) => Some(contained),
            Way::Processes(_) => None,
        }
    }

    /// Starts one.
    pub fn spawn(&self, component: Component, port: u16) -> Result<(), String> {
        self.spawn_in(component, port, component.environment(self.dir.path()))
    }

    /// Starts one in this environment.
    pub fn spawn_in(&self, component: Component, port: u16, environment: Vec<(&str, String)>) -> Result<(), String> {
        let name = component.name();
        // One that is started again goes on in the log of the one before.
        let path = self.dir.log(name);
        let log = File::options().create(true).append(true).open(&path);
        let log = log.map_err(|error| format!("{name}: {}: {error}", path.display()))?;
        let (running, ended) = match &self.way {
            Way::Processes(parts) => self.child(component, parts, port, environment, log)?,
            Way::Containers(contained) => {
                let container = Container::start(contained.component(component, port, environment, log));
                let ended = container.ended().boxed();
                (Running::Contained(container), ended)
            }
        };
        self.running().insert(component, running);
        let this = self.clone();
        tokio::spawn(async move {
            // The number is free for others as soon as the status is fetched: struck off in the same
            // breath, on the only thread, it can never be signalled after that.
            let status = ended.await;
            this.running().remove(&component);
            this.fewer.notify_waiters();
            if !locked(&this.wanted).remove(&component) {
                // Nobody listens any more once the keeper stops.
                let _ = this.deaths.send(Death { component, status });
            }
        });
        Ok(())
    }

    fn child(
        &self,
        component: Component,
        parts: &PlaneParts,
        port: u16,
        environment: Vec<(&str, String)>,
        log: File,
    ) -> Result<(Running, BoxFuture<'static, Result<ExitStatus, String>>), String> {
        let name = component.name();
        let part = component.part(parts);
        let told = |error: io::Error| format!("{name} could not be started from {}: {error}", part.path.display());
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
        let ended = async move { child.wait().await.map_err(|error| error.to_string()) };
        Ok((Running::Child(pid), ended.boxed()))
    }

    /// Kills one and starts it again.
    pub async fn restart(&self, component: Component, port: u16) -> Result<(), String> {
        let Some(running) = self.running().get(&component).cloned() else {
            return Err(format!("{} does not run", component.name()));
        };
        locked(&self.wanted).insert(component);
        running.signal(Signal::KILL);
        self.until(|running| !running.contains_key(&component)).await;
        self.spawn(component, port)
    }

    /// The process ids by name.
    pub fn pids(&self) -> BTreeMap<String, u32> {
        let running = self.running();
        running.iter().map(|(component, running)| (component.name().to_owned(), running.pid())).collect()
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
        self.until(BTreeMap::is_empty).await;
    }

    async fn until(&self, so: impl Fn(&BTreeMap<Component, Running>) -> bool) {
        loop {
            let fewer = self.fewer.notified();
            tokio::pin!(fewer);
            // Listening before looking: no end can slip through between the two.
            fewer.as_mut().enable();
            if so(&self.running()) {
                return;
            }
            fewer.await;
        }
    }

    fn signal(&self, signal: Signal) {
        self.running().values().for_each(|running| running.signal(signal));
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Component, Running>> {
        locked(&self.running)
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
