//! From a scenario's action to the hand that does it.

use serde_json::Value;

use super::trouble::{Trouble, chain};
use crate::{
    act::{Actor, Done},
    cluster::Plane,
    controller::{Controller, ControllerError, Serving},
    metrics::{MetricServer, placeholder},
    scenario::{
        Action, Manifest,
        model::{ControllerAction, Patch},
    },
};

/// Does `action` to the Rollout `on`.
pub(super) async fn act(
    actor: &Actor,
    controller: &Serving,
    metrics: Option<&MetricServer>,
    plane: &Plane,
    on: &str,
    action: &Action,
) -> Result<Done, Trouble> {
    let done = match action {
        Action::Apply(manifests) => apply(actor, metrics, manifests).await,
        Action::SetImage(image) => actor.set_image(on, image).await,
        Action::Patch(patch) => {
            actor.patch(on, &Patch { merge: filled_in(&patch.merge, metrics), ..patch.clone() }).await
        }
        Action::Promote(promote) => actor.promote(on, promote).await,
        Action::Abort => actor.abort(on).await,
        Action::Retry => actor.retry(on).await,
        Action::Pause => actor.pause(on).await,
        Action::Resume => actor.resume(on).await,
        Action::Restart(restart) => actor.restart(on, restart).await,
        Action::Undo(undo) => actor.undo(on, undo).await,
        Action::Scale(scale) => actor.scale(on, scale).await,
        Action::Delete(delete) => actor.delete(on, delete).await,
        Action::Annotate(annotate) => actor.annotate(on, annotate).await,
        Action::Pods(pods) => actor.pods(on, pods).await,
        Action::Controller(what, name) => {
            let Some(own) = controller.own(name) else {
                // The gate lets no such scenario through: see `Capability::ControllerProcess`.
                return Err(Trouble::Infra(format!("{action}: the controller in the cluster serves others too")));
            };
            drive(own, *what).await.map_err(|error| Trouble::Infra(chain(&error)))?;
            Ok(Done { objects: Vec::new(), changed: true, command: action.to_string() })
        }
        Action::Metric(metric) => {
            if let Some(metrics) = metrics {
                metrics.script(&metric.name, &metric.script());
            }
            Ok(Done { objects: Vec::new(), changed: false, command: action.to_string() })
        }
        Action::Api(api) => {
            plane.restart_api_server().await.map_err(|error| Trouble::Infra(chain(&error)))?;
            Ok(Done { objects: Vec::new(), changed: false, command: api.to_string() })
        }
        Action::Observe => Ok(Done { objects: Vec::new(), changed: false, command: action.to_string() }),
    };
    done.map_err(|error| Trouble::from(error).context(&format!("{action}: ")))
}

/// Applies manifests as one `kubectl apply`.
pub(super) async fn apply(
    actor: &Actor,
    metrics: Option<&MetricServer>,
    manifests: &[Manifest],
) -> Result<Done, crate::act::ActError> {
    let mut files: Vec<String> = Vec::new();
    for manifest in manifests {
        if files.last().is_none_or(|last| *last != *manifest.file) {
            files.push(manifest.file.to_string());
        }
    }
    let objects: Vec<Value> = manifests.iter().map(|manifest| filled_in(&manifest.object, metrics)).collect();
    let mut done = actor.apply(&files, &objects).await?;
    let changes: Vec<_> = manifests.iter().flat_map(|manifest| manifest.changes.iter().map(String::as_str)).collect();
    if !changes.is_empty() {
        done.command += &format!("  # with {}", changes.join(", "));
    }
    Ok(done)
}

/// With the metric server's address in it, where there is one.
fn filled_in(object: &Value, metrics: Option<&MetricServer>) -> Value {
    metrics.map_or_else(|| object.clone(), |metrics| placeholder::fill_in(object, &metrics.url()))
}

async fn drive(controller: &Controller, action: ControllerAction) -> Result<(), ControllerError> {
    match action {
        ControllerAction::Kill => {
            controller.kill().await;
            Ok(())
        }
        ControllerAction::Term => controller.term().await,
        ControllerAction::Restart => controller.restart().await,
        ControllerAction::Start => controller.run().await,
        // A step that swaps has more to do: see `swapping`.
        ControllerAction::Swap => controller.swap(None, false).await,
    }
}
