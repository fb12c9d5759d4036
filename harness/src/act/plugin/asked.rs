//! What the plugin is asked for.

use super::super::simple::quoted;
use crate::scenario::model::{Promote, Restart, SetImage, Skip, Undo};

/// An action that the plugin has a command for.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// `set image NAME CONTAINER=IMAGE`
    SetImage(&'a SetImage),
    /// `promote NAME`
    Promote(&'a Promote),
    /// `abort NAME`
    Abort,
    /// `retry rollout NAME`
    Retry,
    /// `pause NAME`
    Pause,
    /// `restart NAME`
    Restart(&'a Restart),
    /// `undo NAME`
    Undo(&'a Undo),
}

impl Asked<'_> {
    /// The arguments, for the Rollout of this name.
    pub fn words(&self, name: &str) -> Vec<String> {
        let mut words: Vec<String> = match self {
            Self::SetImage(_) => vec!["set", "image", name],
            Self::Promote(_) => vec!["promote", name],
            Self::Abort => vec!["abort", name],
            Self::Retry => vec!["retry", "rollout", name],
            Self::Pause => vec!["pause", name],
            Self::Restart(_) => vec!["restart", name],
            Self::Undo(_) => vec!["undo", name],
        }
        .into_iter()
        .map(str::to_owned)
        .collect();
        match self {
            Self::SetImage(set) => words.push(format!("{}={}", set.container, set.image)),
            Self::Promote(Promote { skip: Some(Skip::Current), .. }) => words.push("--skip-current-step".into()),
            Self::Promote(Promote { skip: Some(Skip::All), .. }) => words.push("--skip-all-steps".into()),
            Self::Promote(Promote { full: true, .. }) => words.push("--full".into()),
            Self::Restart(Restart { r#in: Some(_) }) => words.extend(["--in".to_owned(), self.delay()]),
            Self::Undo(Undo { to_revision: Some(revision @ 1..) }) => words.push(format!("--to-revision={revision}")),
            _ => {}
        }
        words
    }

    /// What a person types.
    pub fn typed(&self, name: &str) -> String {
        let words = self.words(name);
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        format!("kubectl argo rollouts {}", words.join(" "))
    }

    /// What the plugin says when it has done it; `workload`: the name of what the Rollout's workloadRef names.
    pub(super) fn says(&self, name: &str, workload: Option<&str>) -> Vec<String> {
        let about = |verb: &str| vec![format!("rollout '{name}' {verb}\n")];
        match self {
            Self::SetImage(_) => {
                // It knows no other workload than a Deployment.
                let (kind, name) = workload.map_or(("rollout", name), |name| ("deployment", name));
                vec![format!("{kind} \"{name}\" image updated\n")]
            }
            Self::Promote(Promote { skip: None, full: true }) => about("fully promoted"),
            Self::Promote(_) => about("promoted"),
            Self::Abort => about("aborted"),
            Self::Retry => about("retried"),
            Self::Pause => about("paused"),
            Self::Restart(_) => about(&format!("restarts in {}", self.delay())),
            Self::Undo(undo) => {
                let revision = undo.to_revision.unwrap_or(0);
                let mut says = about("undo");
                // As it is printed: without a newline.
                says.push(format!("skipped rollback (current template already matches revision {revision})"));
                says
            }
        }
    }

    /// How much later a restart is to be, as Go reads it.
    fn delay(&self) -> String {
        match self {
            Self::Restart(Restart { r#in: Some(span) }) => span.to_string().replace(' ', ""),
            _ => "0s".to_owned(),
        }
    }
}
