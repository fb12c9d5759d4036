//! What a run says about an implementation, in the form of the Gateway API's ConformanceReport: profiles, features,
//! known bugs. Made from the report of the run alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::v1::{self, Verdict};
use crate::scenario::model::Profile;

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConformanceReport {
    api_version: &'static str,
    kind: &'static str,
    date: String,
    proofroll: String,
    kubernetes: String,
    provider: String,
    implementation: Implementation,
    profiles: Vec<ProfileReport>,
    features: FeaturesReport,
    known_bugs: Vec<KnownBug>,
}

/// What was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Implementation {
    project: &'static str,
    version: String,
    label: String,
    sha256: String,
}

/// What became of the scenarios of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileReport {
    name: Profile,
    result: Outcome,
    summary: String,
    statistics: Statistics,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_scenarios: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known_scenarios: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped_scenarios: Vec<Skipped>,
}

/// Success only where every scenario was run and passed; a failure outweighs what was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Partial,
    Failure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
struct Statistics {
    passed: usize,
    failed: usize,
    known: usize,
    skipped: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Skipped {
    id: String,
    reason: String,
}

/// The features by what their scenarios say; each is in one list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FeaturesReport {
    supported: Vec<String>,
    supported_with_known_bugs: Vec<String>,
    failed: Vec<String>,
    skipped: Vec<String>,
}

/// A bug that was seen where it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct KnownBug {
    issue: String,
    releases: String,
    shows: Vec<String>,
    scenarios: Vec<String>,
}

/// One scenario with its verdict; of several runs the worst one.
struct Ran<'a> {
    id: &'a str,
    profile: Profile,
    features: &'a [String],
    verdict: Verdict,
    why: String,
}

impl ConformanceReport {
    /// What `report` says.
    pub fn of(report: &v1::Report) -> Self {
        let ran = ran(report);
        Self {
            api_version: "proofroll.dev/v1",
            kind: "ConformanceReport",
            date: report.started.clone(),
            proofroll: report.proofroll.clone(),
            kubernetes: report.kubernetes.clone(),
            provider: report.provider.clone(),
            implementation: Implementation {
                project: "argo-rollouts",
                version: report.controller.version.clone(),
                label: report.controller.label.clone(),
                sha256: report.controller.sha256.clone(),
            },
            profiles: [Profile::Core, Profile::Extended].map(|profile| of_profile(profile, &ran)).into(),
            features: features(&ran),
            known_bugs: known_bugs(report),
        }
    }

    /// As YAML.
    ///
    /// # Errors
    /// What the writer of YAML refuses.
    pub fn yaml(&self) -> Result<String, impl std::error::Error + use<>> {
        serde_saphyr::to_string(self)
    }
}

fn ran(report: &v1::Report) -> Vec<Ran<'_>> {
    let mut all: BTreeMap<&str, Ran<'_>> = BTreeMap::new();
    for s in &report.scenarios {
        let why = s.reason.as_deref().and_then(|reason| reason.lines().next()).unwrap_or_default().to_owned();
        let one = Ran { id: &s.id, profile: s.profile, features: &s.features, verdict: s.verdict, why };
        let worse = all.get(s.id.as_str()).is_none_or(|known| badness(known.verdict) < badness(one.verdict));
        if worse {
            all.insert(&s.id, one);
        }
    }
    let left_out = report.left_out.iter().map(|s| Ran {
        id: &s.id,
        profile: s.profile,
        features: &s.features,
        verdict: Verdict::Skip,
        why: "not chosen for this run".into(),
    });
    all.into_values().chain(left_out).collect()
}

fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Known => 1,
        Verdict::Skip => 2,
        Verdict::Error => 3,
        Verdict::Fail => 4,
    }
}

fn of_profile(profile: Profile, ran: &[Ran<'_>]) -> ProfileReport {
    let all: Vec<_> = ran.iter().filter(|one| one.profile == profile).collect();
    let with = |verdict: Verdict| all.iter().filter(move |one| one.verdict == verdict);
    let ids = |verdict| with(verdict).map(|one| one.id.to_owned()).collect::<Vec<_>>();
    // Trouble of the infrastructure says nothing about the controller: that scenario was not run.
    let skipped = with(Verdict::Skip).chain(with(Verdict::Error));
    let skipped: Vec<_> = skipped.map(|one| Skipped { id: one.id.to_owned(), reason: one.why.clone() }).collect();
    let statistics = Statistics {
        passed: with(Verdict::Pass).count(),
        failed: with(Verdict::Fail).count(),
        known: with(Verdict::Known).count(),
        skipped: skipped.len(),
    };
    let (result, word) = match statistics {
        Statistics { failed: 1.., .. } => (Outcome::Failure, "failed"),
        Statistics { skipped: 1.., .. } => (Outcome::Partial, "is only partly proven: scenarios were not run"),
        Statistics { known: 1.., .. } => (Outcome::Partial, "is only partly proven: known bugs were seen"),
        Statistics { passed: 0, .. } => (Outcome::Partial, "has no scenarios"),
        _ => (Outcome::Success, "succeeded"),
    };
    let name = match profile {
        Profile::Core => "core",
        Profile::Extended => "extended",
    };
    ProfileReport {
        name: profile,
        result,
        summary: format!("the {name} profile {word}"),
        statistics,
        failed_scenarios: ids(Verdict::Fail),
        known_scenarios: ids(Verdict::Known),
        skipped_scenarios: skipped,
    }
}

fn features(ran: &[Ran<'_>]) -> FeaturesReport {
    let mut verdicts: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
    for one in ran {
        one.features.iter().for_each(|feature| verdicts.entry(feature).or_default().push(one.verdict));
    }
    let mut report = FeaturesReport::default();
    for (feature, verdicts) in verdicts {
        let any = |verdict| verdicts.contains(&verdict);
        let list = match () {
            () if any(Verdict::Fail) => &mut report.failed,
            () if !any(Verdict::Pass) && !any(Verdict::Known) => &mut report.skipped,
            () if any(Verdict::Known) => &mut report.supported_with_known_bugs,
            () => &mut report.supported,
        };
        list.push(feature.to_owned());
    }
    report
}

fn known_bugs(report: &v1::Report) -> Vec<KnownBug> {
    type Seen<'a> = (BTreeSet<&'a str>, BTreeSet<&'a str>);
    let mut bugs: BTreeMap<(&str, &str), Seen<'_>> = BTreeMap::new();
    for scenario in &report.scenarios {
        for known in scenario.known.iter().filter(|known| known.seen) {
            let (shows, scenarios) = bugs.entry((&known.issue, &known.releases)).or_default();
            shows.insert(&known.shows);
            scenarios.insert(&scenario.id);
        }
    }
    let owned = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect();
    let bugs = bugs.into_iter().map(|((issue, releases), (shows, scenarios))| KnownBug {
        issue: issue.to_owned(),
        releases: releases.to_owned(),
        shows: owned(shows),
        scenarios: owned(scenarios),
    });
    bugs.collect()
}
