//! The commands about control planes.

use std::io::stdout;

use super::{
    args::{BenchPlane, Down, Up},
    exit::{Exit, Fault},
    plane,
    progress::TerminalProgress,
};
use crate::{
    cluster::{ClusterError, state::StateRoot},
    parts::Parts,
    run::provision,
};

/// `proofroll up`
pub(super) fn up(arguments: &Up) -> Result<Exit, Fault> {
    let progress = TerminalProgress::new();
    let provisions = provision::provide(arguments.controller.as_deref(), None, &progress)?;
    let mut request = provision::request(&provisions, "up");
    request.port = arguments.port;
    wait(async {
        let (root, mut out) = (StateRoot::find(), stdout());
        let up = plane::up(&root, &request, arguments.limit, &progress, &mut out);
        tokio::select! {
            up = up => up.map_err(Fault::infra),
            () = super::session::interrupted() => Err(Fault::interrupted()),
        }
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
    let left = Parts::from_env()?.cache().collect();
    if left > 0 {
        anstream::println!("removed what {left} interrupted builds left");
    }
    let mut out = stdout();
    wait(async { plane::collect(&StateRoot::find(), &mut out).await.map_err(Fault::infra) })
}

/// `proofroll bench-plane`
pub(super) fn bench(arguments: &BenchPlane) -> Result<Exit, Fault> {
    let progress = TerminalProgress::new();
    let provisions = provision::provide(None, None, &progress)?;
    let request = provision::request(&provisions, "bench");
    plane::bench(&StateRoot::find(), &request, arguments.rounds, &progress, &mut stdout()).map_err(Fault::infra)?;
    Ok(Exit::Passed)
}

fn wait(work: impl Future<Output = Result<(), Fault>>) -> Result<Exit, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::infra)?;
    runtime.block_on(work).map(|()| Exit::Passed)
}
