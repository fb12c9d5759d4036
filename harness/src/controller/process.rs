//! The controller's process: started, awaited, watched, ended on request.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use kube::Client;
use rustix::process::Signal;
use semver::Version;
use tokio::sync::{Mutex, watch};

use super::{
    flags::Flags,
    health::{self, NotUp},
    install::{InstallError, install},
    log::{Log, LogLine, render},
    ports::{self, PortGuard},
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

/// What a controller is started with.
#[derive(Clone)]
pub struct ControllerConfig {
    /// The executable.
    pub binary: PathBuf,
    /// Its release: decides about flags.
    pub version: Version,
    /// A client that may create RBAC objects and tokens in the namespace.
    pub client: Client,
    /// URL of the API server as the controller shall reach it (a proxy, perhaps).
    pub server: String,
    /// The certificate authority of that server, PEM.
    pub ca_pem: String,
    /// The namespace that it serves; it exists already.
    pub namespace: String,
    /// The release's `manifests/namespace-install.yaml`.
    pub namespace_install: PathBuf,
    /// Where its log (`controller.log`), kubeconfig and token go; made if it is missing.
    pub dir: PathBuf,
    /// `info` or `debug`. Fences need `info`.
    pub log_level: String,
    /// Further flags; they win over ours.
    pub extra_args: Vec<String>,
    /// How long it may take to be up, before PROOFROLL_TIMEOUT_SCALE: 30 s where nothing speaks
    /// against it.
    pub up_within: Duration,
}

/// What is wrong with the controller.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// Its directory or log cannot be made.
    #[error("cannot use {path} for the controller: {source}")]
    Directory {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its RBAC, token or kubeconfig.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// No free port, or none that stayed free.
    #[error("no port for the controller: {0}")]
    Ports(String),
    /// The executable cannot be run.
    #[error("cannot start the controller {binary}: {source}")]
    Spawn {
        /// The executable.
        binary: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended and nobody had asked for it.
    #[error(
        "the controller's process ended, and proofroll had not asked it to: {status}{}; its last words:\n{}",
        whodunit(*status), render(last_lines)
    )]
    Exited {
        /// Exit code or signal.
        status: ExitStatus,
        /// The end of its log.
        last_lines: Vec<LogLine>,
    },
    /// It did not come up in time.
    #[error(
        "the controller was not up within {within:?}, missing: {}; its last words:\n{}",
        missing.join(", "), render(last_lines)
    )]
    NotUp {
        /// How long was waited.
        within: Duration,
        /// What did not happen.
        missing: Vec<String>,
        /// The end of its log.
        last_lines: Vec<LogLine>,
    },
    /// It did not end when asked to, and was killed.
    #[error(
        "the controller did not end within {within:?} after {signal}; killed; its last words:\n{}",
        render(last_lines)
    )]
    DidNotEnd {
        /// The signal that it was sent.
        signal: &'static str,
        /// How long was waited.
        within: Duration,
        /// Its log.
        log: PathBuf,
        /// The end of its log before the dump.
        last_lines: Vec<LogLine>,
    },
}

/// One controller, for one namespace. Dropping it kills the process.
#[derive(Debug)]
pub struct Controller {
    config: Arc<ControllerConfig>,
    credentials: Credentials,
    log: Log,
    log_file: File,
    ports: Mutex<Ports>,
    current: watch::Sender<Option<Arc<Process>>>,
}

/// Held while the process is started or ended, so that this happens one at a time.
#[derive(Debug)]
struct Ports {
    metrics: PortGuard,
    healthz: PortGuard,
}

impl Controller {
    /// Installs the controller's RBAC, fetches its token, starts it and waits until it is up.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub async fn start(config: ControllerConfig) -> Result<Self, ControllerError> {
        let directory = |source| ControllerError::Directory { path: config.dir.clone(), source };
        fs::create_dir_all(&config.dir).map_err(directory)?;
        let path = config.dir.join("controller.log");
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let log_file = opened.map_err(|source| ControllerError::Directory { path: path.clone(), source })?;
        let log = Log::open(&path).map_err(|source| ControllerError::Directory { path, source })?;

        let installed = install(&config.client, &config.namespace, &config.namespace_install).await?;
        let access = Access {
            server: &config.server,
            ca_pem: &config.ca_pem,
            namespace: &config.namespace,
            service_account: &installed.service_account,
        };
        let credentials = Credentials::issue(&config.client, access, &config.dir).await?;
        let controller = Self {
            credentials,
            log,
            log_file,
            ports: Mutex::new(Ports::free()?),
            current: watch::channel(None).0,
            config: Arc::new(config),
        };
        controller.run().await?;
        Ok(controller)
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

    fn running(&self) -> Option<Arc<Process>> {
        self.current.borrow().clone().filter(|process| process.exit().is_none())
    }

    async fn bring_up(&self, ports: &Ports) -> Result<(), ControllerError> {
        let from = self.position()?;
        let begun = Instant::now();
        let spawned = Process::spawn(self.command(ports)?).await;
        let process = spawned
            .map_err(|source| ControllerError::Spawn { binary: self.config.binary.clone(), source })
            .map(Arc::new)?;
        let within = scaled(self.config.up_within);
        let problem = match health::up(&process, &self.log, from, ports.healthz.port, within).await {
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
        Err(match problem {
            NotUp::PortTaken(line) => ControllerError::Ports(line),
            NotUp::TimedOut(missing) => ControllerError::NotUp { within, missing, last_lines: self.last_lines() },
            NotUp::Log(source) => self.log_error(source),
            NotUp::Exited => self.exit_error(process.ended().await),
        })
    }

    fn command(&self, ports: &Ports) -> Result<Command, ControllerError> {
        let flags = Flags {
            version: &self.config.version,
            kubeconfig: self.credentials.kubeconfig(),
            namespace: &self.config.namespace,
            metrics_port: ports.metrics.port,
            healthz_port: ports.healthz.port,
            log_level: &self.config.log_level,
            extra: &self.config.extra_args,
        };
        let output = || self.log_file.try_clone().map_err(|source| self.log_error(source));
        let mut command = Command::new(&self.config.binary);
        command
            .args(flags.arguments())
            // Where it looks for its ConfigMap and its Secret.
            .env("POD_NAMESPACE", &self.config.namespace)
            // Not the user's cluster, whatever happens.
            .env_remove("KUBECONFIG")
            .current_dir(&self.config.dir)
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?);
        Ok(command)
    }

    async fn end(&self, by: Signal, signal: &'static str) -> Result<(), ControllerError> {
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

    fn position(&self) -> Result<u64, ControllerError> {
        self.log.position().map_err(|source| self.log_error(source))
    }

    fn log_error(&self, source: io::Error) -> ControllerError {
        ControllerError::Directory { path: self.log.path().to_owned(), source }
    }

    fn exit_error(&self, exit: Exit) -> ControllerError {
        ControllerError::Exited { status: exit.status, last_lines: self.last_lines() }
    }

    /// For an error that is being made already: if the log cannot be read, it goes without.
    fn last_lines(&self) -> Vec<LogLine> {
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
    fn free() -> Result<Self, ControllerError> {
        let port = || ports::free().map_err(|e| ControllerError::Ports(e.to_string()));
        Ok(Self { metrics: port()?, healthz: port()? })
    }
}

impl std::fmt::Debug for ControllerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControllerConfig")
            .field("binary", &self.binary)
            .field("version", &self.version)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// A hint at who sends such a signal.
fn whodunit(status: ExitStatus) -> &'static str {
    match status.signal() {
        Some(9) => " (somebody killed it, or the kernel did for want of memory: see dmesg)",
        _ => "",
    }
}

/// A time limit on this machine: PROOFROLL_TIMEOUT_SCALE times longer.
fn scaled(limit: Duration) -> Duration {
    let scale = std::env::var("PROOFROLL_TIMEOUT_SCALE").ok().and_then(|s| s.parse::<f64>().ok());
    limit.mul_f64(scale.filter(|s| s.is_finite() && *s > 0.0).unwrap_or(1.0))
}
