//! A step's action, ready for the runner: manifests are read, exactly one is there.

use std::fmt;

use super::{
    manifest::Manifest,
    model::{
        Annotate, ApiAction, ControllerAction, Delete, MAIN, Metric, Patch, Pods, Promote, Restart, Scale, SetImage,
        Skip, Step, Undo,
    },
};

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Apply these, in this order.
    Apply(Vec<Manifest>),
    /// Set an image.
    SetImage(SetImage),
    /// Merge-patch an object.
    Patch(Patch),
    /// Promote.
    Promote(Promote),
    /// Abort the update.
    Abort,
    /// Retry an aborted update.
    Retry,
    /// Set `spec.paused`.
    Pause,
    /// Clear `spec.paused`.
    Resume,
    /// Restart the pods.
    Restart(Restart),
    /// Go back to an earlier revision.
    Undo(Undo),
    /// Set `spec.replicas`.
    Scale(Scale),
    /// Delete an object.
    Delete(Delete),
    /// Set or remove annotations.
    Annotate(Annotate),
    /// Do something to the process of the controller of this name.
    Controller(ControllerAction, String),
    /// Change pods that run.
    Pods(Pods),
    /// Let the metric server answer something else.
    Metric(Metric),
    /// Do something to the API server.
    Api(ApiAction),
    /// Look on.
    Observe,
}

impl Action {
    /// The keys that actions are written with.
    pub const KEYS: [&str; 18] = [
        "apply",
        "set-image",
        "patch",
        "promote",
        "abort",
        "retry",
        "pause",
        "resume",
        "restart",
        "undo",
        "scale",
        "delete",
        "annotate",
        "controller",
        "pods",
        "metric",
        "api",
        "observe",
    ];

    /// The action of a step that has one; `manifests` are those of `apply`.
    pub(super) fn of(step: &Step, manifests: Vec<Manifest>) -> Option<Self> {
        let step = step.clone();
        None.or(step.apply.map(|_| Self::Apply(manifests)))
            .or(step.set_image.map(Self::SetImage))
            .or(step.patch.map(Self::Patch))
            .or(step.promote.map(Self::Promote))
            .or(step.abort.map(|_| Self::Abort))
            .or(step.retry.map(|_| Self::Retry))
            .or(step.pause.map(|_| Self::Pause))
            .or(step.resume.map(|_| Self::Resume))
            .or(step.restart.map(Self::Restart))
            .or(step.undo.map(Self::Undo))
            .or(step.scale.map(Self::Scale))
            .or(step.delete.map(Self::Delete))
            .or(step.annotate.map(Self::Annotate))
            .or_else(|| {
                let name = || step.of.clone().unwrap_or_else(|| MAIN.to_owned());
                step.controller.map(|what| Self::Controller(what, name()))
            })
            .or(step.pods.map(Self::Pods))
            .or(step.metric.map(Self::Metric))
            .or(step.api.map(Self::Api))
            .or(step.observe.map(|_| Self::Observe))
    }

    /// The key that it is written with.
    pub fn key(&self) -> &'static str {
        Self::KEYS[match self {
            Self::Apply(_) => 0,
            Self::SetImage(_) => 1,
            Self::Patch(_) => 2,
            Self::Promote(_) => 3,
            Self::Abort => 4,
            Self::Retry => 5,
            Self::Pause => 6,
            Self::Resume => 7,
            Self::Restart(_) => 8,
            Self::Undo(_) => 9,
            Self::Scale(_) => 10,
            Self::Delete(_) => 11,
            Self::Annotate(_) => 12,
            Self::Controller(..) => 13,
            Self::Pods(_) => 14,
            Self::Metric(_) => 15,
            Self::Api(_) => 16,
            Self::Observe => 17,
        }]
    }

    /// Whether it writes a Rollout.
    pub fn writes_rollout(&self) -> bool {
        let means_rollout = |kind: &Option<String>| kind.as_deref().is_none_or(|kind| kind == "Rollout");
        match self {
            Self::Apply(manifests) => manifests.iter().any(Manifest::is_rollout),
            Self::Patch(patch) => means_rollout(&patch.kind),
            Self::Delete(delete) => means_rollout(&delete.kind),
            Self::Annotate(annotate) => means_rollout(&annotate.kind),
            Self::Controller(..) | Self::Pods(_) | Self::Metric(_) | Self::Api(_) | Self::Observe => false,
            Self::SetImage(_)
            | Self::Promote(_)
            | Self::Abort
            | Self::Retry
            | Self::Pause
            | Self::Resume
            | Self::Restart(_)
            | Self::Undo(_)
            | Self::Scale(_) => true,
        }
    }

    /// Whether a correct controller may make a new revision of it, at most one.
    pub(super) fn may_make_revision(&self) -> bool {
        match self {
            // A Deployment may be what a Rollout's workloadRef names.
            Self::Apply(manifests) => manifests.iter().any(|m| m.template().is_some() || m.is_rollout()),
            Self::SetImage(_) | Self::Patch(_) | Self::Undo(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = |kind: &Option<String>, name: &Option<String>| {
            let kind = kind.as_deref().unwrap_or("Rollout");
            name.as_ref().map_or_else(|| format!("the {kind}"), |name| format!("{kind} {name}"))
        };
        match self {
            Self::Apply(manifests) => {
                let names: Vec<_> = manifests.iter().map(ToString::to_string).collect();
                write!(f, "apply {}", names.join(", "))
            }
            Self::SetImage(SetImage { container, image }) => write!(f, "set image {container}={image}"),
            Self::Patch(p) => {
                let status = p.subresource.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
                write!(f, "patch {}{status} with {}", object(&p.kind, &p.name), p.merge)
            }
            Self::Promote(Promote { full: true, .. }) => f.write_str("promote --full"),
            Self::Promote(Promote { skip: Some(Skip::Current), .. }) => f.write_str("promote --skip-current-step"),
            Self::Promote(Promote { skip: Some(Skip::All), .. }) => f.write_str("promote --skip-all-steps"),
            Self::Promote(_) => f.write_str("promote"),
            Self::Abort => f.write_str("abort"),
            Self::Retry => f.write_str("retry"),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Restart(Restart { r#in: None }) => f.write_str("restart"),
            Self::Restart(Restart { r#in: Some(span) }) => write!(f, "restart in {span}"),
            Self::Undo(Undo { to_revision: None }) => f.write_str("undo"),
            Self::Undo(Undo { to_revision: Some(n) }) => write!(f, "undo --to-revision={n}"),
            Self::Scale(Scale { replicas }) => write!(f, "scale to {replicas}"),
            Self::Delete(d) => match d.revision {
                Some(revision) => write!(f, "delete the ReplicaSet of revision {revision}"),
                None => write!(f, "delete {}", object(&d.kind, &d.name)),
            },
            Self::Annotate(a) => {
                let pairs: Vec<_> = a
                    .annotations
                    .iter()
                    .map(|(k, v)| v.as_ref().map_or_else(|| format!("{k}-"), |v| format!("{k}={v}")))
                    .collect();
                write!(f, "annotate {} {}", object(&a.kind, &a.name), pairs.join(" "))
            }
            Self::Controller(what, name) => {
                let verb = match what {
                    ControllerAction::Kill => "kill",
                    ControllerAction::Term => "terminate",
                    ControllerAction::Restart => "restart",
                    ControllerAction::Start => "start",
                    ControllerAction::Swap => "swap",
                };
                write!(f, "{verb} the controller")?;
                if name != MAIN {
                    write!(f, " `{name}`")?;
                }
                if *what == ControllerAction::Swap { f.write_str(" for a new one") } else { Ok(()) }
            }
            Self::Pods(pods) => pods.fmt(f),
            Self::Metric(metric) => metric.fmt(f),
            Self::Api(api) => api.fmt(f),
            Self::Observe => f.write_str("look on"),
        }
    }
}
