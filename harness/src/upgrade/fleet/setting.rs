//! Where a fleet is played: namespaces with an open timeline each, and one controller for all of them.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};

use super::{
    bins::{content, pack},
    cell::Cell,
};
use crate::{
    cluster::Plane,
    controller::{Controller, ControllerConfig, ControllerError, UnderTest},
    parts::Manifests,
    progress::Progress,
    run::{Trouble, trouble::chain},
    timeline::Timeline,
    upgrade::How,
};

/// How long a controller may take until it serves.
const UP_WITHIN: Duration = Duration::from_secs(120);

/// From so many Rollouts on the API server may be too busy for a lease to be renewed in seconds, and a controller that
/// loses its lease ends.
const MANY: usize = 80;

/// It serves all namespaces, and leads by a lease, as in a cluster. No release gives its lease back when it ends, so each
/// replacement waits for as long as it holds: upstream's 15 s are too long for few Rollouts and too short for many here.
fn flags(cells: usize) -> Vec<String> {
    let (lease, renew, retry) = if cells < MANY { (6, 5, 1) } else { (40, 35, 3) };
    vec![
        "--namespaced=false".to_owned(),
        "--leader-elect=true".to_owned(),
        format!("--leader-election-lease-duration={lease}s"),
        format!("--leader-election-renew-deadline={renew}s"),
        format!("--leader-election-retry-period={retry}s"),
    ]
}

/// Where a fleet is played, and with what.
pub struct Stage<'a> {
    /// The plane, which nobody else uses: its custom resources are replaced.
    pub plane: &'a Plane,
    /// The release before.
    pub from: &'a UnderTest,
    /// The one after.
    pub to: &'a UnderTest,
    /// How the old controller goes.
    pub how: How,
    /// Who hears how far it is.
    pub progress: &'a dyn Progress,
}

/// Some Rollouts in a namespace of the plane.
pub(super) struct Bin {
    pub namespace: String,
    pub timeline: Timeline,
    pub cells: Vec<usize>,
}

/// Puts the cells into namespaces.
pub(super) async fn open(stage: &Stage<'_>, cells: &[Cell]) -> Result<Vec<Bin>, Trouble> {
    let contents = cells.iter().map(|cell| content(&cell.rollout, &cell.companions.namespaced, cell.workload()));
    let one = async |cells: Vec<usize>| {
        let namespace = stage.plane.create_namespace("fleet").await.map_err(|error| Trouble::Infra(chain(&error)))?;
        let timeline = Timeline::open(stage.plane.client(), &namespace, &[]).await;
        let timeline = timeline.map_err(|error| Trouble::Infra(chain(&error)))?;
        Ok(Bin { namespace, timeline, cells })
    };
    futures::stream::iter(pack(contents.collect())).map(one).buffer_unordered(8).try_collect().await
}

/// Starts the old release's controller, for all namespaces.
pub(super) async fn controller(stage: &Stage<'_>, cells: usize) -> Result<Controller, Trouble> {
    let infra = |error: &dyn std::error::Error| Trouble::Infra(chain(error));
    let namespace = stage.plane.create_namespace("fleet-controller").await.map_err(|error| infra(&error))?;
    let nothing = ControllerError::Nothing { label: stage.from.label.clone() };
    let build = stage.from.build(Manifests::install).ok_or_else(|| infra(&nothing))?;
    let config = ControllerConfig {
        extra_args: flags(cells),
        ..ControllerConfig::on(stage.plane, &namespace, build, UP_WITHIN)
    };
    Controller::start(config).await.map_err(|error| Trouble::Infra(format!("{}: {}", stage.from.label, chain(&error))))
}
