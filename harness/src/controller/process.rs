//! The controller's process: started, awaited, watched, ended on request.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::sync::{Mutex, watch};

use crate::{
    cluster::Controlled,
    containers::Job,
    process::ports::{self, PortGuard},
    timeouts::scaled,
};

use super::{
    build::Build,
    config::ControllerConfig,
    error::ControllerError,
    flags::Flags,
    health::{NotUp, Start, Until},
    install::install,
    log::{Log, LogLine},
    signing::sign,
    spawn::{Exit, Process},
    token::{Access, Credentials},
};

/// How many of the last log lines go into an error.
const LAST_LINES: usize = 20;

/// How long a controller may take to end after SIGTERM or SIGQUIT.
const END_WITHIN: Duration = Duration::from_secs(30);

/// How long a goroutine dump may take.
const DUMP_WITHIN: Duration = Duration::from_secs(5);

/// How often other ports are tried when somebody else was faster.
const PORT_ATTEMPTS: u32 = 3;

/// One controller, for one namespace. Dropping it kills the process.
#[derive(Debug)]
pub struct Controller {
    pub(super) config: ControllerConfig,
    credentials: Credentials,
    pub(super) log: Log,
    log_file: File,
    pub(super) ports: Mutex<Ports>,
    /// What runs, when it runs.
    pub(super) build: std::sync::Mutex<Build>,
    pub(super) current: watch::Sender<Option<Arc<Process>>>,
}

/// Held while the process is started or ended, so that this happens one at a time.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) metrics: PortGuard,
    pub(super) healthz: PortGuard,
}

impl Controller {
    /// Installs the controller's RBAC, fetches its token, starts it and waits until it is up.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub async fn start(config: ControllerConfig) -> Result<Self, ControllerError> {
        let controller = Self::prepare(config).await?;
        controller.run().await?;
        Ok(controller)
    }

    /// Installs the controller's RBAC and fetches its token; [`Self::run`] starts it.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub async fn prepare(mut config: ControllerConfig) -> Result<Self, ControllerError> {
        // It is started in its own directory: a relative path would be looked for there.
        let binary = &mut config.build.binary;
        *binary = std::path::absolute(&*binary)
            .map_err(|source| ControllerError::Spawn { binary: binary.clone(), source })?;
        let directory = |source| ControllerError::Directory { path: config.dir.clone(), source };
        fs::create_dir_all(&config.dir).map_err(directory)?;
        let shared = config.shared_log.as_ref().map(|shared| shared.path.clone());
        let is_shared = shared.is_some();
        let path = shared.unwrap_or_else(|| config.dir.join("controller.log"));
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let log_file = opened.map_err(|source| ControllerError::Directory { path: path.clone(), source })?;
        let opened = if is_shared { Log::of_several(&path) } else { Log::open(&path) };
        let log = opened.map_err(|source| ControllerError::Directory { path, source })?;

        let installed = install(&config.client, &config.namespace, &config.build.manifest).await?;
        let access = Access {
            server: &config.server,
            ca_pem: &config.ca_pem,
            namespace: &config.namespace,
            service_account: &installed.service_account,
        };
        let credentials = Credentials::issue(&config.client, access, &config.dir).await?;
        Ok(Self {
            credentials,
            log,
            log_file,
            ports: Mutex::new(Ports::free()?),
            build: std::sync::Mutex::new(config.build.clone()),
            current: watch::channel(None).0,
            config,
        })
    }

    /// Its log, over all restarts.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its process id; None while it is down.
    pub fn pid(&self) -> Option<u32> {
        self.running().map(|process| process.pid())
    }

    /// The port of its metrics.
    pub async fn metrics_port(&self) -> u16 {
        self.ports.lock().await.metrics.port
    }

    /// The port of its health endpoint.
    pub async fn healthz_port(&self) -> u16 {
        self.ports.lock().await.healthz.port
    }

    /// Starts it if it is down, and waits until it is up.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub async fn run(&self) -> Result<(), ControllerError> {
        let mut ports = self.ports.lock().await;
        if self.running().is_some() {
            return Ok(());
        }
        let mut attempt = 1;
        loop {
            match self.bring_up(&ports).await {
                Err(ControllerError::Ports(_)) if attempt < PORT_ATTEMPTS => {
                    attempt += 1;
                    *ports = Ports::free()?;
                }
                outcome => return outcome,
            }
        }
    }

    /// SIGKILL, and waits for its end. Nothing happens when it is down.
    pub async fn kill(&self) {
        let _ports = self.ports.lock().await;
        if let Some(process) = self.running() {
            process.end_by(Signal::KILL);
            process.ended().await;
        }
    }

    /// SIGTERM, and waits for its end. Nothing happens when it is down.
    ///
    /// # Errors
    /// [`ControllerError::DidNotEnd`] when it had to be killed.
    pub async fn term(&self) -> Result<(), ControllerError> {
        let _ports = self.ports.lock().await;
        self.end(Signal::TERM, "SIGTERM").await
    }

    /// SIGKILL if it runs, then start and wait until it is up.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn restart(&self) -> Result<(), ControllerError> {
        self.kill().await;
        self.run().await
    }

    /// Its goroutines, for a hang: SIGQUIT makes the Go runtime write them to the log. **The process
    /// dies of it**; [`Self::run`] starts it again. Empty when it is down.
    ///
    /// # Errors
    /// [`ControllerError::DidNotEnd`] when it had to be killed; the log cannot be read.
    pub async fn dump(&self) -> Result<Vec<LogLine>, ControllerError> {
        let _ports = self.ports.lock().await;
        let from = self.position()?;
        self.end(Signal::QUIT, "SIGQUIT").await?;
        self.log.slice(from, u64::MAX).map_err(|source| self.log_error(source))
    }

    /// Resolves when the process has ended although nobody had asked for it (killed, terminated and
    /// dumped count as asked), now or after any later start.
    pub async fn exited(&self) -> ControllerError {
        let mut current = self.current.subscribe();
        loop {
            let process = current.borrow_and_update().clone();
            let ended = async {
                match &process {
                    Some(process) => process.ended().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                exit = ended => {
                    if !exit.asked {
                        return self.exit_error(exit);
                    }
                    // Cannot fail while `self` holds the sender.
                    let _ = current.changed().await;
                }
                _ = current.changed() => {}
            }
        }
    }

    pub(super) fn running(&self) -> Option<Arc<Process>> {
        self.current.borrow().clone().filter(|process| process.exit().is_none())
    }

    async fn bring_up(&self, ports: &Ports) -> Result<(), ControllerError> {
        let from = self.position()?;
        let begun = Instant::now();
        let process = self.spawn(ports).await?;
        let within = scaled(self.config.up_within);
        let start = self.beginning(&process, from, ports);
        let problem = match start.come(Until::AtWork, within).await {
            Ok(()) => {
                tracing::debug!(pid = process.pid(), took = ?begun.elapsed(), "controller up");
                self.current.send_replace(Some(process));
                return Ok(());
            }
            Err(NotUp::Exited) => return Err(self.exit_error(process.ended().await)),
            Err(problem) => problem,
        };
        process.end_by(Signal::KILL);
        process.ended().await;
        Err(self.not_up(problem, &process, within).await)
    }

    /// A process that has just been started.
    pub(super) fn beginning<'a>(&'a self, process: &'a Process, from: u64, ports: &Ports) -> Start<'a> {
        let writer = self.config.shared_log.as_ref().map_or("", |shared| &shared.name);
        Start { process, log: &self.log, writer, from, port: ports.healthz.port }
    }

    /// Why a process that was started is not up.
    pub(super) async fn not_up(&self, problem: NotUp, process: &Process, within: Duration) -> ControllerError {
        match problem {
            NotUp::PortTaken(line) => ControllerError::Ports(line),
            NotUp::TimedOut(missing) => ControllerError::NotUp { within, missing, last_lines: self.last_lines() },
            NotUp::Log(source) => self.log_error(source),
            NotUp::Exited => self.exit_error(process.ended().await),
        }
    }

    /// Starts a process of the current build.
    pub(super) async fn spawn(&self, ports: &Ports) -> Result<Arc<Process>, ControllerError> {
        let build = self.build.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let flags = Flags {
            version: &build.version,
            known: build.flags.as_ref(),
            kubeconfig: self.credentials.kubeconfig(),
            namespace: &self.config.namespace,
            metrics_port: ports.metrics.port,
            healthz_port: ports.healthz.port,
            log_level: &self.config.log_level,
            extra: &self.config.extra_args,
        };
        let log_file = self.log_file.try_clone().map_err(|source| self.log_error(source))?;
        let (output, signing) = match &self.config.shared_log {
            Some(shared) => {
                let (pipe, signing) = sign(&shared.name, log_file).map_err(|source| self.log_error(source))?;
                (OwnedFd::from(pipe), Some(signing))
            }
            None => (OwnedFd::from(log_file), None),
        };
        // Where it looks for its ConfigMap and its Secret.
        let namespace = ("POD_NAMESPACE", &self.config.namespace);
        let Some(contained) = &self.config.contained else {
            let errors = output.try_clone().map_err(|source| self.log_error(source))?;
            let mut command = Command::new(&build.binary);
            command
                .args(flags.arguments())
                .env(namespace.0, namespace.1)
                // Not the user's cluster, whatever happens.
                .env_remove("KUBECONFIG")
                .current_dir(&self.config.dir)
                .stdin(Stdio::null())
                .stdout(output)
                .stderr(errors);
            let spawned = Process::spawn(command, signing).await;
            return spawned.map(Arc::new).map_err(|source| ControllerError::Spawn { binary: build.binary, source });
        };
        let Controlled { image, name, labels, program, mounts } =
            contained.controller(&self.config.namespace, &build.binary, build.image.as_deref());
        let dir = self.config.dir.clone();
        let environment = [("HOME", &dir.display().to_string()), namespace];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.clone())).into();
        let (arguments, output) = (flags.arguments(), File::from(output));
        let job = Job { image, name, labels, program, arguments, environment, dir, mounts, output };
        let spawned = Process::contained(job, signing).await;
        spawned.map(Arc::new).map_err(|source| ControllerError::Spawn { binary: build.binary, source })
    }

    pub(super) async fn end(&self, by: Signal, signal: &'static str) -> Result<(), ControllerError> {
        let Some(process) = self.running() else { return Ok(()) };
        process.end_by(by);
        let within = scaled(END_WITHIN);
        if tokio::time::timeout(within, process.ended()).await.is_ok() {
            return Ok(());
        }
        let last_lines = self.last_lines();
        // Where it hangs goes to the log, if it is still able to say so.
        process.end_by(Signal::QUIT);
        if tokio::time::timeout(DUMP_WITHIN, process.ended()).await.is_err() {
            process.end_by(Signal::KILL);
            process.ended().await;
        }
        Err(ControllerError::DidNotEnd { signal, within, log: self.log.path().to_owned(), last_lines })
    }

    pub(super) fn position(&self) -> Result<u64, ControllerError> {
        self.log.position().map_err(|source| self.log_error(source))
    }

    pub(super) fn log_error(&self, source: io::Error) -> ControllerError {
        ControllerError::Directory { path: self.log.path().to_owned(), source }
    }

    pub(super) fn exit_error(&self, exit: Exit) -> ControllerError {
        ControllerError::Exited { status: exit.status, last_lines: self.last_lines() }
    }

    /// For an error that is being made already: if the log cannot be read, it goes without.
    pub(super) fn last_lines(&self) -> Vec<LogLine> {
        self.log.last(LAST_LINES).unwrap_or_default()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        if let Some(process) = self.running() {
            process.end_by(Signal::KILL);
        }
    }
}

impl Ports {
    pub(super) fn free() -> Result<Self, ControllerError> {
        let port = || ports::free().map_err(|e| ControllerError::Ports(e.to_string()));
        Ok(Self { metrics: port()?, healthz: port()? })
    }
}
