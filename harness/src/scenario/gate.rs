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
            "embedded" => [Capability::FakePods, Capability::ControllerProcess],
            _ => return None,
        };
        Some(Self { provider: provider.to_owned(), set: set.into() })
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
