//! Getting a plane: join the one that runs, or start it.
//!
//! All of it happens under the plane's start lock, but for the waiting until it is ready: a lease that
//! is registered under the lock cannot be overlooked by a keeper that takes the same lock before it
//! stops.

use std::{
    env,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use super::{
    ClusterError, Plane, PlaneRequest,
    client::client,
    existing,
    files::lay_out,
    gc, keeper,
    lease::Lease,
    plane::stop_at_once,
    record::Record,
    request::{ExistingSource, Order, Source, Subject},
    state::{PlaneDir, StateRoot},
    watch::KeeperWatch,
};
use crate::{
    process::{lifeline, lock::Lock},
    progress::Progress,
};

/// Overrides how long a plane stays when its last lease is gone (`5s`, `2m`).
pub const LINGER_VARIABLE: &str = "PROOFROLL_LINGER";
const LINGER_MS: u64 = 5_000;

/// How often a starter looks at the keeper's progress.
const LOOK: Duration = Duration::from_millis(20);

/// Joins the plane that serves this request, or starts it, and registers this process as a user.
///
/// May be dropped at any moment (Ctrl-C): the lease goes with it, and a keeper that was started for it
/// alone stops at once.
///
/// # Errors
/// When no plane can be had; the error carries the last log lines of whatever failed.
pub async fn acquire(request: PlaneRequest, progress: &dyn Progress) -> Result<Plane, ClusterError> {
    let root = StateRoot::find();
    acquire_in(&root, &request, progress).await
}

/// As [`acquire`], unless `given_up` resolves before: then it is `None`. Either way, if there is no plane
/// nothing is left that was started for us alone.
///
/// # Errors
/// As for [`acquire`]; or when what was started does not stop in time.
pub async fn acquire_unless(
    request: &PlaneRequest,
    progress: &dyn Progress,
    given_up: impl Future<Output = ()>,
) -> Result<Option<Plane>, ClusterError> {
    let root = StateRoot::find();
    let mut given_up = std::pin::pin!(given_up);
    let joined = tokio::select! {
        biased;
        joined = join(&root, request, progress) => Some(joined?),
        () = &mut given_up => None,
    };
    if let Some(mut joined) = joined {
        let failed = tokio::select! {
            plane = joined.ready(&root, request, progress) => match plane {
                Ok(plane) => return Ok(Some(plane)),
                Err(error) => Some(error),
            },
            () = &mut given_up => None,
        };
        let left = joined.give_up().await;
        match failed {
            Some(error) => return Err(and(error, left)),
            None => left?,
        }
    }
    // A start lock that we made and did not come to use.
    gc::collect_in_passing(&root).await?;
    Ok(None)
}

/// As [`acquire`], with the state in this root.
///
/// # Errors
/// As for [`acquire`].
pub async fn acquire_in(
    root: &StateRoot,
    request: &PlaneRequest,
    progress: &dyn Progress,
) -> Result<Plane, ClusterError> {
    let mut joined = join(root, request, progress).await?;
    match joined.ready(root, request, progress).await {
        Ok(plane) => Ok(plane),
        Err(error) => Err(and(error, joined.give_up().await)),
    }
}

/// A start that failed, and what is left of it.
fn and(error: ClusterError, left: Result<(), ClusterError>) -> ClusterError {
    match left {
        Ok(()) => error,
        Err(left) => error.and(&format!("\nand {left}")),
    }
}

/// Takes a lease of the plane, and starts its keeper if need be. May be dropped while it waits: it does
/// not wait any more once there is a lease.
async fn join(root: &StateRoot, request: &PlaneRequest, progress: &dyn Progress) -> Result<Joined, ClusterError> {
    let dir = root.plane(&request.key()?);
    loop {
        root.prepare()?;
        let path = dir.start_lock();
        let waiting = || progress.update("waiting for another proofroll that starts or stops this control plane");
        let start = match Lock::take(&path, waiting).await {
            // The directory went between our two steps: somebody tidied up.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            taken => taken.map_err(ClusterError::file(&path))?,
        };
        if keeper_lives(&dir)? {
            let watch = KeeperWatch::open(&dir)?;
            if watch.trouble().is_none() {
                return Joined::register(dir, watch, request);
            }
            // It is stopping and needs the start lock for its last step.
            drop(start);
            watch.gone(Order::stop_limit(&dir)).await?;
            continue;
        }
        gc::remove_dead(&dir, None).await?;
        progress.say(match request.source {
            Source::Embedded(_) => {
                "starting a control plane: etcd, kube-apiserver, controller manager, scheduler, kwok"
            }
            Source::Container(_) => {
                "starting a control plane in containers: etcd, kube-apiserver, controller manager, scheduler, kwok"
            }
            Source::Kind(_) => "creating a kind cluster and installing the controller in it",
            Source::Existing(ExistingSource { subject: Subject::Release { .. }, .. }) => {
                "installing the controller in the cluster"
            }
            Source::Existing(_) => "looking whether the controller serves namespaces of ours",
        });
        lay_out(&dir)?;
        let order = Order {
            id: format!("{:016x}", fastrand::u64(..)),
            source: request.source.clone(),
            crds: request.crds.iter().map(absolute).collect::<Result<_, _>>()?,
            release_label: request.release_label.clone(),
            linger_ms: linger()?,
        };
        let lock_path = dir.keeper_lock();
        let keeper_lock = Lock::put(&lock_path).map_err(ClusterError::file(&lock_path))?;
        let watch = KeeperWatch::open(&dir)?;
        let mut joined = Joined::register(dir.clone(), watch, request)?;
        joined.started = true;
        start_keeper(&dir, &order, keeper_lock)?;
        return Ok(joined);
    }
}

/// A plane that we have a lease of, and that may not be ready yet.
struct Joined {
    dir: PlaneDir,
    watch: Arc<KeeperWatch>,
    lease: Option<Lease>,
    /// Whether its keeper is one that we start.
    started: bool,
}

impl Joined {
    fn register(dir: PlaneDir, watch: KeeperWatch, request: &PlaneRequest) -> Result<Self, ClusterError> {
        let lease = Lease::register(&dir, &request.purpose).map_err(ClusterError::file(&dir.leases()))?;
        Ok(Self { dir, watch: Arc::new(watch), lease: Some(lease), started: false })
    }

    async fn ready(
        &mut self,
        root: &StateRoot,
        request: &PlaneRequest,
        progress: &dyn Progress,
    ) -> Result<Plane, ClusterError> {
        if self.started {
            // Also what others left behind. That it cannot be removed is for `proofroll gc` to tell.
            let _ = gc::collect_in_passing(root).await;
        }
        let mut seen = 0;
        let record = loop {
            // Trouble first: a record under this path could be a successor's.
            if let Some(why) = self.watch.trouble() {
                return Err(match &request.source {
                    Source::Existing(source) => ClusterError::Unusable { context: source.context.clone(), why },
                    _ => ClusterError::NotStarted { why },
                });
            }
            if let Some(record) = Record::read(&self.dir) {
                break record;
            }
            for line in self.watch.progress(seen) {
                seen += 1;
                match line.strip_prefix(keeper::NOTICE) {
                    Some(notice) => progress.say(notice),
                    None => progress.update(&line),
                }
            }
            tokio::time::sleep(LOOK).await;
        };
        if seen > 0 {
            let seconds = Duration::from_millis(record.ready_after_ms()).as_secs_f64();
            let what = match request.source {
                Source::Existing(_) => "cluster",
                _ => "control plane",
            };
            progress.say(&format!("{what} (Kubernetes {}) ready after {seconds:.1} s", record.kubernetes));
        }
        if let Some(asked) = request.source.port()
            && asked != record.port
        {
            return Err(ClusterError::OtherPort { running: record.port, asked });
        }
        let client = match request.source {
            Source::Existing(_) => existing::client(&record.kubeconfig)?,
            _ => client(&record.kubeconfig).await?,
        };
        let lease = self.lease.take();
        Ok(Plane::new(self.dir.clone(), record, Arc::clone(&self.watch), client, lease))
    }

    /// Gives the lease back, and returns when nothing is left that was started for us alone.
    async fn give_up(&mut self) -> Result<(), ClusterError> {
        drop(self.lease.take());
        stop_at_once(&self.dir, &self.watch).await.map(drop)
    }
}

impl Drop for Joined {
    /// Given up before it was ready: the keeper need not linger for us.
    fn drop(&mut self) {
        if self.lease.take().is_some() {
            let _ = File::create(self.dir.at_once());
        }
    }
}

/// How long a plane stays when its last lease is gone, in milliseconds.
fn linger() -> Result<u64, ClusterError> {
    let Ok(value) = env::var(LINGER_VARIABLE) else { return Ok(LINGER_MS) };
    let parsed = humantime::parse_duration(&value).map_err(|error| error.to_string());
    parsed
        .and_then(|linger| u64::try_from(linger.as_millis()).map_err(|error| error.to_string()))
        .map_err(|why| ClusterError::Variable { name: LINGER_VARIABLE, value, why })
}

fn absolute(path: &PathBuf) -> Result<PathBuf, ClusterError> {
    std::path::absolute(path).map_err(ClusterError::file(path))
}

/// Whether a keeper holds this plane. To be asked under the start lock.
pub(super) fn keeper_lives(dir: &PlaneDir) -> Result<bool, ClusterError> {
    let path = dir.keeper_lock();
    match File::open(&path) {
        Ok(file) => crate::process::lock::is_held(&file).map_err(ClusterError::file(&path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ClusterError::file(&path)(error)),
    }
}

/// Removes what a plane left behind. Its processes may be dying just now and still write: removal is
/// tried until the directory is gone, for two seconds at most.
pub(super) async fn remove(dir: &PlaneDir) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match fs::remove_dir_all(dir.path()) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !dir.path().exists() => return Ok(()),
            Err(error) if tries == 100 => return Err(error),
            Err(_) => {
                tries += 1;
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Starts the keeper: this very executable, in a session of its own. The keeper's lock is handed down
/// as its standard input, and is so held without a gap from before its birth until its end.
fn start_keeper(dir: &PlaneDir, order: &Order, keeper_lock: Lock) -> Result<(), ClusterError> {
    let path = dir.order();
    let write = |path: &Path| {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(order)?)
    };
    write(&path).map_err(ClusterError::file(&path))?;
    let log_path = dir.log("keeper");
    let log = File::create(&log_path).map_err(ClusterError::file(&log_path))?;
    let mut command = Command::new("/proc/self/exe");
    command
        .arg(keeper::MARKER)
        .arg(dir.path())
        .current_dir("/")
        .stdin(Stdio::from(keeper_lock.into_file()))
        .stdout(Stdio::null())
        .stderr(Stdio::from(log));
    let mut keeper =
        lifeline::own_session(&mut command).spawn().map_err(|source| ClusterError::KeeperStart { source })?;
    // If we live longer than the keeper, its exit status has to be fetched, or a zombie stays.
    std::thread::spawn(move || keeper.wait());
    Ok(())
}
