use super::{
    conformance::ConformanceReport,
    invariants,
    v1::{self, Verdict},
};
use crate::scenario::model::Profile;

fn scenario(id: &str, verdict: Verdict, profile: Profile, features: &[&str]) -> v1::Scenario {
    v1::Scenario {
        id: id.into(),
        profile,
        features: features.iter().map(|&f| f.into()).collect(),
        verdict,
        seconds: 1.0,
        reason: (verdict != Verdict::Pass).then(|| "why\nand where".into()),
        ..v1::Scenario::default()
    }
}

fn report(scenarios: Vec<v1::Scenario>) -> v1::Report {
    v1::Report {
        api_version: "proofroll.dev/v1".into(),
        proofroll: "0.1.0".into(),
        started: "2026-11-23T12:00:00Z".into(),
        seconds: 1.0,
        provider: "embedded".into(),
        kubernetes: "v1.34.4".into(),
        controller: v1::Controller { version: "1.10.2".into(), label: "v1.10.2".into(), sha256: "ab".into() },
        upgraded_to: None,
        driver: v1::Driver::default(),
        harness: v1::Harness::default(),
        totals: v1::Totals::default(),
        invariants: invariants::totals(&scenarios),
        left_out: Vec::new(),
        scenarios,
    }
}

fn judged(name: &str, judged: usize, violations: usize, waived: bool) -> v1::Invariant {
    let violations = vec!["resourceVersion 3: x".into(); violations];
    v1::Invariant { name: name.into(), judged, violations, waived: waived.then(|| "because".into()) }
}

#[test]
fn each_feature_is_in_one_list() {
    use {Profile::*, Verdict::*};
    let mut known = scenario("races/known", Known, Extended, &["restart", "promote"]);
    known.known = vec![
        v1::Known { issue: "4786".into(), releases: "<1.10".into(), shows: "hangs".into(), seen: true },
        v1::Known { issue: "1".into(), releases: "<1.10".into(), shows: "else".into(), seen: false },
    ];
    let mut report = report(vec![
        scenario("guide/basic", Pass, Core, &["promote", "pause"]),
        scenario("guide/basic", Fail, Core, &["promote", "pause"]),
        known,
        scenario("traffic/split", Skip, Core, &["traffic"]),
        scenario("pods/crash", Error, Extended, &["crash"]),
        scenario("pods/ready", Pass, Extended, &["ready"]),
    ]);
    let features = vec!["ready".into(), "left".into()];
    report.left_out = vec![v1::LeftOut { id: "lifecycle/undo".into(), profile: Core, features }];
    insta::assert_snapshot!(ConformanceReport::of(&report).yaml().unwrap());
}

/// Success is only where all was run and passed.
#[test]
fn a_profile_is_partial_where_something_was_not_run() {
    use {Profile::*, Verdict::*};
    let result = |more: Option<v1::Scenario>| {
        let all = std::iter::once(scenario("guide/basic", Pass, Core, &["promote"])).chain(more).collect();
        let yaml = ConformanceReport::of(&report(all)).yaml().unwrap();
        yaml.lines().find_map(|line| line.trim().strip_prefix("result: ")).unwrap().to_owned()
    };
    let with = |verdict, profile| result(Some(scenario("a/b", verdict, profile, &[])));
    assert_eq!(result(None), "success");
    assert_eq!([Skip, Error, Known, Fail].map(|v| with(v, Core)), ["partial", "partial", "partial", "failure"]);
    assert_eq!(with(Fail, Extended), "success", "the profiles are told apart");
}

#[test]
fn an_invariant_that_judged_nothing_in_the_whole_suite_is_told() {
    let mut one = scenario("a/one", Verdict::Pass, Profile::Core, &[]);
    one.invariants = vec![judged("floor", 3, 0, false), judged("quiet", 0, 0, false)];
    let mut two = scenario("a/two", Verdict::Pass, Profile::Core, &[]);
    two.invariants = vec![judged("floor", 4, 1, true), judged("quiet", 0, 0, false)];
    let mut report = report(vec![one, two]);
    let floor = report.invariants.iter().find(|total| total.name == "floor").unwrap();
    let figures = (floor.judged, floor.scenarios, floor.violated, floor.waived);
    assert_eq!(figures, (7, 2, 1, 1));
    let idle = invariants::idle(&report);
    assert!(idle.contains(&"quiet") && !idle.contains(&"floor"), "{idle:?}");
    report.totals.skipped = 1;
    assert_eq!(invariants::idle(&report), Vec::<&str>::new(), "a part of the suite says nothing");
}
