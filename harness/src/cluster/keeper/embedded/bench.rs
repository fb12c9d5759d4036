//! How long a plane takes to start, against the least that any plane needs: the same etcd and the same
//! kube-apiserver, alone, until `/readyz`.

use std::{io, time::Instant};

use super::{
    boot::{ASK, readyz},
    children::{Children, Way},
};
use crate::{
    cluster::{
        ClusterError, PlaneRequest, Source, acquire_in, client::client, components::Component, files, record::Phase,
        start::remove, state::StateRoot,
    },
    process::ports,
    progress::Progress,
};

/// One bare start and one whole start, one right after the other, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// etcd and kube-apiserver alone, without our tuning, to `/readyz`.
    pub bare_ms: u64,
    /// From the request of a plane until it can be used.
    pub plane_ms: u64,
    /// The phases of the latter, as the keeper measured them.
    pub phases: Vec<Phase>,
}

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
        let mut measured = Vec::new();
        for round in 1..=rounds {
            progress.update(&format!("round {round} of {rounds}"));
            let bare_ms = bare(root, request).await?;
            let begun = Instant::now();
            let plane = acquire_in(root, request, progress).await?;
            let plane_ms = millis(begun);
            let phases = plane.record().phases.clone();
            plane.release(true).await?;
            measured.push(Round { bare_ms, plane_ms, phases });
        }
        Ok(measured)
    })
}

async fn bare(root: &StateRoot, request: &PlaneRequest) -> Result<u64, ClusterError> {
    let broken = |why: String| ClusterError::Broken { why };
    let Source::Embedded(source) = &request.source else {
        return Err(broken("only an embedded plane can be measured against its bare parts".into()));
    };
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
