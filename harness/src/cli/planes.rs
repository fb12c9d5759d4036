//! The commands about control planes.

use std::io::stdout;

use super::{
    args::{Down, Up},
    exit::{Exit, Fault},
    plane,
    progress::TerminalProgress,
};
use crate::{
    cluster::{
        self, ClusterError,
        prepared::{self, Shelf},
        state::StateRoot,
    },
    parts::Parts,
    process::interrupt,
    run::provision,
};

/// `proofroll up`
pub(super) fn up(arguments: &Up) -> Result<Exit, Fault> {
    let progress = TerminalProgress::new();
    interrupt::listen().map_err(Fault::infra)?;
    let provisions = provision::provide(&arguments.cluster.wish(arguments.controller.as_ref(), None), &progress)?;
    let mut request = provision::request(&provisions, "up");
    if let Some(port) = request.source.port_mut() {
        *port = arguments.port;
    }
    wait(async {
        let held = cluster::acquire_unless(&request, &progress, interrupt::interrupted()).await;
        let held = held.map_err(Fault::infra)?.ok_or_else(Fault::interrupted)?;
        // It is there: from here on nothing takes long.
        plane::up(&StateRoot::find(), &request, arguments.limit, &progress, &mut stdout())
            .await
            .map_err(Fault::infra)?;
        held.release(false).await.map_err(Fault::infra)
    })
}

/// `proofroll down`
pub(super) fn down(arguments: &Down) -> Result<Exit, Fault> {
    let mut out = stdout();
    wait(async {
        plane::down(&StateRoot::find(), arguments.key.as_deref(), arguments.force, &mut out).await.map_err(|error| {
            match error {
                ClusterError::NoSuchPlane { .. } => Fault::input(error),
                error => Fault::infra(error),
            }
        })
    })
}

/// `proofroll status`
pub(super) fn status() -> Result<Exit, Fault> {
    plane::status(&StateRoot::find(), &mut stdout()).map_err(Fault::infra)?;
    Ok(Exit::Passed)
}

/// `proofroll gc`
pub(super) fn gc() -> Result<Exit, Fault> {
    let parts = Parts::from_env()?;
    let left = parts.cache().collect();
    if left > 0 {
        anstream::println!("removed what {left} interrupted builds left");
    }
    if let Some(shelf) = prepared::directory(parts.cache().root()).map(Shelf::at) {
        let left = shelf.collect();
        if left > 0 {
            anstream::println!("removed what {left} interrupted preparations left");
        }
    }
    let mut out = stdout();
    wait(async { plane::collect(&StateRoot::find(), &mut out).await.map_err(Fault::infra) })
}

fn wait(work: impl Future<Output = Result<(), Fault>>) -> Result<Exit, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::infra)?;
    runtime.block_on(work).map(|()| Exit::Passed)
}
