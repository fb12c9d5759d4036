//! What a scenario needs by what it does, whether it says so or not.

use super::{Scenario, action::Action, check, manifest::Manifest, model::Capability};
use crate::metrics::placeholder;

impl Scenario {
    /// Whether it needs a metric server.
    pub fn uses_metrics(&self) -> bool {
        let objects = |manifests: &[Manifest]| manifests.iter().any(|manifest| placeholder::is_in(&manifest.object));
        let asked = self.steps.iter().any(|step| match &step.action {
            Action::Metric(_) => true,
            Action::Apply(manifests) => objects(manifests),
            Action::Patch(patch) => placeholder::is_in(&patch.merge),
            _ => !step.requests.is_empty(),
        });
        asked || objects(&self.given)
    }

    /// Adds what its actions and manifests need by themselves.
    pub(super) fn add_needs(&mut self) {
        let mut needs = Vec::new();
        for step in &self.steps {
            match &step.action {
                Action::Controller(..) => needs.push(Capability::ControllerProcess),
                Action::Api(_) => needs.push(Capability::OwnCluster),
                Action::Pods(pods) if pods.is_scripted() => needs.push(Capability::FakePods),
                _ => {}
            }
        }
        let applied = self.steps.iter().flat_map(|step| match &step.action {
            Action::Apply(manifests) => manifests.iter().map(|manifest| &manifest.object).collect(),
            Action::Patch(patch) => vec![&patch.merge],
            _ => Vec::new(),
        });
        if applied.chain(self.given.iter().map(|manifest| &manifest.object)).any(check::is_scripted) {
            needs.push(Capability::ScriptedPods);
        }
        if !self.controllers.is_empty() || self.steps.iter().any(|step| !step.controllers.is_empty()) {
            needs.push(Capability::ControllerProcess);
        }
        if self.traffic.is_some() {
            needs.push(Capability::Traffic);
        }
        if self.uses_metrics() {
            // Whoever asks must be on this machine: the server listens on loopback alone.
            needs.push(Capability::ControllerProcess);
        }
        self.needs.extend(needs);
    }
}
