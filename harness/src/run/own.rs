//! Scenarios that need a cluster of their own get one, made of the same as the one that all share.

use super::{
    Stage,
    interruption::{gone, whose},
    scenario::on_stage,
    trouble::{Trouble, chain},
};
use crate::{act::Kinds, progress::Silent, report::v1, scenario::Scenario};

/// Runs `scenario` on a plane of its own. It is stopped at once in the end, unless it is to be kept.
pub(super) async fn on_own_plane(
    stage: &Stage<'_>,
    scenario: &Scenario,
    report: &mut v1::Scenario,
) -> Result<(), Trouble> {
    let purpose = format!("{}, alone", scenario.id);
    let plane = match stage.plane.own(&purpose, &Silent).await {
        Ok(plane) => plane,
        Err(error) => return Err(whose(stage.plane, Trouble::Infra(chain(&error))).await),
    };
    let own = Stage {
        plane: &plane,
        kinds: Kinds::new(),
        release: stage.release,
        listener: stage.listener,
        options: stage.options.clone(),
        swap: None,
    };
    let outcome = tokio::select! {
        outcome = on_stage(&own, scenario, report) => outcome,
        // Whoever started both is about to stop them.
        why = stage.plane.broken() => Err(gone(stage.plane, why)),
    };
    // It lies in another cluster than the one that the caller knows.
    let namespace = report.namespace.take();
    let left = match namespace.filter(|_| stage.options.keep) {
        Some(namespace) => plane.keep(&namespace, None),
        None => plane.release(true).await,
    };
    if let Err(error) = left {
        tracing::warn!("the cluster of {}: {}", scenario.id, chain(&error));
    }
    outcome
}
