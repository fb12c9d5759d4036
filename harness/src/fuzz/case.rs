//! A generated case: a strategy and what is done to it. Small enough to be shrunk, and always
//! written to a scenario file before it runs.

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The strategy.
    pub strategy: Strategy,
    /// `spec.replicas` at first.
    pub replicas: u32,
    /// `spec.minReadySeconds`
    pub min_ready: u32,
    /// `spec.rollbackWindow.revisions`
    pub rollback_window: Option<u32>,
    /// What is done after the first deploy.
    pub acts: Vec<Act>,
    /// At the end the newest version is promoted and must be all there is.
    pub finish: bool,
}

/// The strategy of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// `strategy.canary`
    Canary(Canary),
    /// `strategy.blueGreen`
    BlueGreen(BlueGreen),
}

/// `strategy.canary`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Canary {
    /// `steps`; none: a rolling update.
    pub steps: Vec<Step>,
    /// `maxSurge`
    pub surge: Option<Amount>,
    /// `maxUnavailable`
    pub unavailable: Option<Amount>,
    /// Behind a router (an Ingress of nginx).
    pub router: Option<Router>,
}

/// What a canary behind a router has besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Router {
    /// `minPodsPerReplicaSet`
    pub min_pods: Option<u32>,
    /// `dynamicStableScale`
    pub dynamic_stable_scale: bool,
    /// `scaleDownDelaySeconds`
    pub delay: Option<u32>,
    /// `abortScaleDownDelaySeconds`
    pub abort_delay: Option<u32>,
}

/// `strategy.blueGreen`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlueGreen {
    /// There is a preview Service.
    pub preview: bool,
    /// `previewReplicaCount`
    pub preview_replicas: Option<u32>,
    /// `autoPromotionEnabled: false`
    pub by_hand: bool,
    /// `autoPromotionSeconds`
    pub auto_promotion_seconds: Option<u32>,
    /// `scaleDownDelaySeconds`
    pub delay: Option<u32>,
    /// `abortScaleDownDelaySeconds`
    pub abort_delay: Option<u32>,
}

/// A step of a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `setWeight`
    Weight(u32),
    /// `pause: {}`
    Pause,
    /// `pause: {duration: N}`
    Wait(u32),
    /// `setCanaryScale: {weight: N}`
    ScaleWeight(u32),
    /// `setCanaryScale: {replicas: N}`
    ScaleReplicas(u32),
    /// `setCanaryScale: {matchTrafficWeight: true}`
    ScaleMatch,
}

/// Pods, or a part of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// `1`
    Pods(u32),
    /// `25%`
    Percent(u32),
}

/// Something that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub what: What,
    /// The next one waits until the Rollout rests; else it comes as soon as this one was observed.
    pub rest: bool,
}

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Sets one of [`COLOURS`].
    Image(usize),
    /// `promote`
    Promote,
    /// `promote --full`
    PromoteFull,
    /// `promote --skip-current-step`
    SkipCurrent,
    /// `promote --skip-all-steps`
    SkipAll,
    /// `abort`
    Abort,
    /// `retry`
    Retry,
    /// Sets `spec.paused`.
    Pause,
    /// Clears it.
    Resume,
    /// Sets `spec.replicas`.
    Scale(u32),
    /// `undo`
    Undo,
    /// `undo --to-revision`
    UndoTo(u32),
    /// `restart`
    Restart,
}

/// The images of a case, in the order in which they are tried; the first is deployed.
pub const COLOURS: [&str; 5] = ["blue", "yellow", "red", "green", "purple"];

impl Case {
    /// Whether each action can be done where it comes: nobody undoes what was never there.
    pub fn is_playable(&self) -> bool {
        let mut tracker = Tracker::default();
        self.acts.iter().all(|act| tracker.can(self, act.what) && tracker.takes(act.what))
    }

    /// The canary's steps; none for blue-green.
    pub fn steps(&self) -> &[Step] {
        match &self.strategy {
            Strategy::Canary(canary) => &canary.steps,
            Strategy::BlueGreen(_) => &[],
        }
    }

    /// All that `spec.replicas` ever is.
    pub fn sizes(&self) -> impl Iterator<Item = u32> {
        let scaled = self.acts.iter().filter_map(|act| match act.what {
            What::Scale(replicas) => Some(replicas),
            _ => None,
        });
        std::iter::once(self.replicas).chain(scaled)
    }
}

/// What is surely known of a Rollout while its actions are gone through: as much as it takes to undo.
#[derive(Debug, Clone)]
pub struct Tracker {
    /// Images by revision number, as far as they are sure.
    revisions: Vec<(u32, usize)>,
    /// The image that is desired.
    current: usize,
    /// `spec.paused`
    pub paused: bool,
    /// Revision numbers are sure: nothing was updated while a person had stopped the Rollout.
    sure: bool,
}

impl Default for Tracker {
    fn default() -> Self {
        Self { revisions: vec![(1, 0)], current: 0, paused: false, sure: true }
    }
}

impl Tracker {
    /// Whether this can be done now, by the rules of the plugin.
    pub fn can(&self, case: &Case, what: What) -> bool {
        match what {
            What::Undo => self.revisions.len() >= 2,
            What::UndoTo(revision) => self.known_revisions().contains(&revision),
            What::SkipCurrent | What::SkipAll => !case.steps().is_empty(),
            _ => true,
        }
    }

    /// The revision numbers that are surely there.
    pub fn known_revisions(&self) -> Vec<u32> {
        if self.sure { self.revisions.iter().map(|(revision, _)| *revision).collect() } else { Vec::new() }
    }

    /// It was done. Always true, for chains.
    pub fn takes(&mut self, what: What) -> bool {
        match what {
            What::Image(image) => self.update(image),
            What::Undo => {
                let mut known = self.revisions.clone();
                known.sort_unstable();
                if let [.., (_, previous), _] = known.as_slice() {
                    self.update(*previous);
                }
            }
            What::UndoTo(to) => {
                let found = self.revisions.iter().find(|(revision, _)| *revision == to);
                if let Some((_, image)) = found {
                    self.update(*image);
                }
            }
            What::Pause => self.paused = true,
            What::Resume | What::Promote | What::PromoteFull => self.paused = false,
            _ => {}
        }
        true
    }

    fn update(&mut self, image: usize) {
        if image == self.current {
            return;
        }
        self.current = image;
        if self.paused {
            // Whether a ReplicaSet is made at once is not said.
            self.sure = false;
            return;
        }
        let newest = self.revisions.iter().map(|(revision, _)| *revision).max().unwrap_or(0);
        self.revisions.retain(|(_, known)| *known != image);
        self.revisions.push((newest + 1, image));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(acts: &[What]) -> Tracker {
        let mut tracker = Tracker::default();
        acts.iter().for_each(|what| assert!(tracker.takes(*what)));
        tracker
    }

    #[test]
    fn an_image_that_comes_back_has_a_new_number() {
        use What::{Image, Undo, UndoTo};
        assert_eq!(tracked(&[Image(1), Image(2)]).known_revisions(), [1, 2, 3]);
        assert_eq!(tracked(&[Image(1), Image(0)]).known_revisions(), [2, 3]);
        assert_eq!(tracked(&[Image(1), Image(1)]).known_revisions(), [1, 2]);
        assert_eq!(tracked(&[Image(1), Image(2), Undo]).known_revisions(), [1, 3, 4]);
        assert_eq!(tracked(&[Image(1), Image(2), UndoTo(1)]).known_revisions(), [2, 3, 4]);
    }

    #[test]
    fn an_update_of_a_stopped_rollout_makes_the_numbers_unsure() {
        use What::{Image, Pause, Resume};
        assert_eq!(tracked(&[Pause, Image(1)]).known_revisions(), [0; 0]);
        assert_eq!(tracked(&[Pause, Resume, Image(1)]).known_revisions(), [1, 2]);
    }

    #[test]
    fn only_what_was_there_can_be_undone() {
        let act = |what| Act { what, rest: true };
        let case = |acts: &[What]| Case {
            strategy: Strategy::Canary(Canary::default()),
            replicas: 1,
            min_ready: 0,
            rollback_window: None,
            acts: acts.iter().map(|what| act(*what)).collect(),
            finish: true,
        };
        assert!(!case(&[What::Undo]).is_playable());
        assert!(case(&[What::Image(1), What::Undo]).is_playable());
        assert!(!case(&[What::Image(1), What::UndoTo(3)]).is_playable());
        assert!(!case(&[What::Image(1), What::SkipCurrent]).is_playable(), "there are no steps");
    }
}
