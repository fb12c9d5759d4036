//! How long a plane takes to start, installed and from what was prepared, against the least that any plane needs: the
//! same etcd and the same kube-apiserver, alone, until `/readyz`.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    boot::{ASK, readyz},
    children::{Children, Way},
};
use crate::{
    cluster::{
        ClusterError, PlaneRequest, Source, acquire_in, client::client, components::Component, files, prepared::Shelf,
        record::Phase, start::remove, state::StateRoot,
    },
    process::ports,
    progress::Progress,
};

/// A bare start and two whole ones, one right after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// etcd and kube-apiserver alone, without our tuning, to `/readyz`, in milliseconds.
    pub bare_ms: u64,
    /// A plane that is installed.
    pub installed: Start,
    /// A plane that begins with what another one installed.
    pub prepared: Start,
}

/// A whole start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// From the request of a plane until it can be used, in milliseconds.
    pub ms: u64,
    /// Its phases, as the keeper measured them.
    pub phases: Vec<Phase>,
}

/// How long data may take to be prepared; it takes a moment.
const PREPARED_WITHIN: Duration = Duration::from_secs(30);

/// Measures this many rounds. To be called on the main thread: the bare processes are its children.
///
/// # Errors
/// When a start fails.
pub fn bench(
    root: &StateRoot,
    request: &PlaneRequest,
    rounds: usize,
    progress: &dyn Progress,
) -> Result<Vec<Round>, ClusterError> {
    let failed = |error: io::Error| ClusterError::KeeperStart { source: error };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        progress.update("a first start, to prepare the others");
        let home = tempfile::tempdir().map_err(failed)?;
        let with = |prepared: Option<PathBuf>| {
            let mut request = request.clone();
            let source = request.source.embedded_mut().ok_or_else(not_embedded)?;
            source.prepared = prepared;
            Ok::<_, ClusterError>(request)
        };
        let (installed, prepared) = (with(None)?, with(Some(home.path().to_owned()))?);
        prepare(root, &prepared, home.path(), progress).await?;
        let mut measured = Vec::new();
        for round in 1..=rounds {
            progress.update(&format!("round {round} of {rounds}"));
            let bare_ms = bare(root, request).await?;
            let installed = start(root, &installed, progress).await?;
            let prepared = start(root, &prepared, progress).await?;
            measured.push(Round { bare_ms, installed, prepared });
        }
        Ok(measured)
    })
}

/// One start after which data is prepared in this directory.
async fn prepare(
    root: &StateRoot,
    request: &PlaneRequest,
    home: &Path,
    progress: &dyn Progress,
) -> Result<(), ClusterError> {
    let plane = acquire_in(root, request, progress).await?;
    let shelf = Shelf::at(home);
    let kept = async {
        while shelf.kept().entries == 0 {
            tokio::time::sleep(ASK).await;
        }
    };
    let kept = tokio::time::timeout(PREPARED_WITHIN, kept).await;
    plane.release(true).await?;
    kept.map_err(|_| ClusterError::TooLate { what: "no data was prepared".into(), limit: PREPARED_WITHIN })
}

async fn start(root: &StateRoot, request: &PlaneRequest, progress: &dyn Progress) -> Result<Start, ClusterError> {
    let begun = Instant::now();
    let plane = acquire_in(root, request, progress).await?;
    let ms = millis(begun);
    let phases = plane.record().phases.clone();
    plane.release(true).await?;
    Ok(Start { ms, phases })
}

fn not_embedded() -> ClusterError {
    ClusterError::Broken { why: "only an embedded plane can be measured against its bare parts".into() }
}

async fn bare(root: &StateRoot, request: &PlaneRequest) -> Result<u64, ClusterError> {
    let broken = |why: String| ClusterError::Broken { why };
    let Source::Embedded(source) = &request.source else { return Err(not_embedded()) };
    root.prepare()?;
    let dir = root.plane(&format!("bench-{:08x}", fastrand::u32(..)));
    files::lay_out(&dir)?;
    let port = ports::free().map_err(|error| broken(error.to_string()))?;
    files::write(&dir, &format!("https://127.0.0.1:{}", port.port)).map_err(|error| broken(error.to_string()))?;
    let client = client(&dir.kubeconfig()).await?;
    let (children, mut deaths) = Children::new(&dir, Way::Processes(source.parts.clone()));
    let home = || vec![("HOME", dir.path().display().to_string())];

    let begun = Instant::now();
    for component in [Component::Etcd, Component::Apiserver] {
        children.spawn_in(component, port.port, home()).map_err(broken)?;
    }
    let ready = async {
        while readyz(&client).await.is_err() {
            tokio::time::sleep(ASK).await;
        }
    };
    let result = tokio::select! {
        () = ready => Ok(millis(begun)),
        Some(death) = deaths.recv() => Err(broken(death.tell(&dir))),
    };
    children.stop().await;
    remove(&dir).await.map_err(ClusterError::file(dir.path()))?;
    result
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
