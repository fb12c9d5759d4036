//! Whether a scenario runs at all: decided from static data, when tests are listed.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use super::{Scenario, model::Capability, value::matches};

/// What a provider of clusters can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The provider's name, for reasons.
    pub provider: String,
    /// What it can do.
    pub set: BTreeSet<Capability>,
}

impl Capabilities {
    /// Those of a provider by its name; None for one that we do not have.
    pub fn of(provider: &str) -> Option<Self> {
        let set = match provider {
            // The same in processes and in containers.
            "embedded" | "container" => vec![
                Capability::FakePods,
                Capability::ScriptedPods,
                Capability::ControllerProcess,
                Capability::OwnCluster,
            ],
            "kind" => {
                vec![Capability::Kubelet, Capability::Traffic, Capability::ScriptedPods, Capability::ClusterScope]
            }
            // Whose nodes may be anything.
            "existing" => vec![Capability::ClusterScope],
            _ => return None,
        };
        Some(Self { provider: provider.to_owned(), set: set.into_iter().collect() })
    }
}

/// Whether a scenario runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It does.
    Run,
    /// It does not, for this reason.
    Skip(String),
}

/// Whether `scenario` runs on a provider with these capabilities, against this release of the controller.
pub fn gate(scenario: &Scenario, capabilities: &Capabilities, release: &Version) -> Gate {
    if let Some(range) = &scenario.releases
        && !matches(range, release)
    {
        return Gate::Skip(format!("for releases {range}, this is {release}"));
    }
    let missing: Vec<_> =
        scenario.needs.iter().filter(|n| !capabilities.set.contains(n)).map(|n| n.to_string()).collect();
    if missing.is_empty() {
        return Gate::Run;
    }
    Gate::Skip(format!("needs {}, which the provider {} has not", missing.join(", "), capabilities.provider))
}

/// The releases of the controller that behave differently, oldest first: what release cases are
/// tried with.
pub fn known_releases() -> Vec<Version> {
    [(1, 4, 1), (1, 7, 2), (1, 8, 5), (1, 9, 0), (1, 9, 2), (1, 9, 3), (1, 10, 0), (1, 10, 1), (1, 10, 2)]
        .map(|(major, minor, patch)| Version::new(major, minor, patch))
        .into()
}

/// A larger number than any release has.
const LAST: u64 = 9999;

/// Releases of which at least one lies in each stretch that the bounds of `ranges` cut: the known ones first.
pub(super) fn samples<'a>(ranges: impl IntoIterator<Item = &'a VersionReq>) -> Vec<Version> {
    let mut samples = known_releases();
    for comparator in ranges.into_iter().flat_map(|r| &r.comparators) {
        let (major, minor, patch) = (comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
        let before = match (major, minor, patch) {
            (0, 0, 0) => (0, 0, 0),
            (major, 0, 0) => (major - 1, LAST, LAST),
            (major, minor, 0) => (major, minor - 1, LAST),
            (major, minor, patch) => (major, minor, patch - 1),
        };
        let bounds = [
            before,
            (major, minor, patch),
            (major, minor, patch.saturating_add(1)),
            (major, minor.saturating_add(1), 0),
            (major.saturating_add(1), 0, 0),
        ];
        for (major, minor, patch) in bounds {
            let version = Version::new(major, minor, patch);
            if !samples.contains(&version) {
                samples.push(version);
            }
        }
    }
    samples
}

/// As a person writes it: a sample that stands for the end of a line of releases has an `x`.
pub(super) fn written(version: &Version) -> String {
    match (version.minor, version.patch) {
        (LAST, _) => format!("{}.x", version.major),
        (minor, LAST) => format!("{}.{minor}.x", version.major),
        _ => version.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::scenario::Library;

    fn scenario(releases: Option<&str>, needs: &[Capability]) -> Scenario {
        let mut scenario = Library::embedded().load("guide/canary-basic").unwrap();
        scenario.releases = releases.map(|r| r.parse().unwrap());
        scenario.needs = needs.iter().copied().collect();
        scenario
    }

    #[rstest]
    #[case::plain(None, &[], "1.10.2", None)]
    #[case::what_is_there(None, &[Capability::FakePods, Capability::ControllerProcess], "1.10.2", None)]
    #[case::in_range(Some(">=1.9"), &[], "1.9.0", None)]
    #[case::a_candidate_counts_as_its_release(Some(">=1.10"), &[], "1.10.0-rc1", None)]
    #[case::below_the_range(Some(">=1.9"), &[], "1.8.5", Some("for releases >=1.9, this is 1.8.5"))]
    #[case::what_is_missing(
        None, &[Capability::Traffic, Capability::Kubelet, Capability::FakePods], "1.10.2",
        Some("needs kubelet, traffic, which the provider embedded has not")
    )]
    fn the_gate(
        #[case] releases: Option<&str>,
        #[case] needs: &[Capability],
        #[case] release: &str,
        #[case] skip: Option<&str>,
    ) {
        let embedded = Capabilities::of("embedded").unwrap();
        let expected = skip.map_or(Gate::Run, |reason| Gate::Skip(reason.into()));
        assert_eq!(gate(&scenario(releases, needs), &embedded, &release.parse().unwrap()), expected);
    }

    #[test]
    fn an_action_on_the_controller_needs_its_process() {
        let scenario = Library::embedded().load("lifecycle/controller-restart").unwrap();
        assert!(scenario.needs.contains(&Capability::ControllerProcess));
        let nothing = Capabilities { provider: "existing".into(), set: BTreeSet::new() };
        let Gate::Skip(reason) = gate(&scenario, &nothing, &Version::new(1, 10, 2)) else { panic!("it must not run") };
        assert_eq!(reason, "needs controller-process, which the provider existing has not");
    }

    #[test]
    fn containers_can_do_what_processes_can() {
        let set = |provider| Capabilities::of(provider).unwrap().set;
        assert_eq!(set("container"), set("embedded"));
    }

    #[test]
    fn an_unknown_provider_has_no_capabilities() {
        assert_eq!(Capabilities::of("cloud"), None);
    }

    #[test]
    fn every_capability_is_written_as_it_is_named() {
        for name in
            ["fake-pods", "kubelet", "traffic", "scripted-pods", "controller-process", "cluster-scope", "own-cluster"]
        {
            let capability: Capability = serde_json::from_value(name.into()).unwrap();
            assert_eq!(capability.to_string(), name);
        }
    }

    #[test]
    fn each_stretch_between_bounds_has_a_sample() {
        let ranges: Vec<VersionReq> =
            [">=1.9, <1.10", "=1.4.1", "~1.7", "^2"].iter().map(|r| r.parse().unwrap()).collect();
        let samples: Vec<_> = samples(&ranges).iter().map(written).collect();
        for release in
            ["1.8.x", "1.9.0", "1.9.x", "1.10.0", "1.4.0", "1.4.1", "1.4.2", "1.6.x", "1.7.0", "1.8.0", "1.x", "2.0.0"]
        {
            assert!(samples.iter().any(|s| s == release), "{release} is missing in {samples:?}");
        }
    }
}
