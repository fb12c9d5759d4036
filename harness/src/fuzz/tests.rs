use std::fmt::Write as _;

use rstest::rstest;

use super::{
    case::{Act, BlueGreen, Canary, Case, Step, Strategy, What},
    known::{self, Known},
    shrink::{Shrunk, shrink, smaller},
    signature::Signature,
    write,
};
use crate::{report::v1, scenario::Library};

fn text(case: &Case) -> String {
    write::files(case, "case", "title").iter().fold(String::new(), |mut all, (name, text)| {
        let _ = writeln!(all, "# {name}\n{text}");
        all
    })
}

/// What a seed makes is the same for ever: these are committed.
#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
#[case(4)]
fn a_seed_makes_the_same_files(#[case] number: u64) {
    assert_eq!(text(&super::generate(7, number, Known::LeftOut)), text(&super::generate(7, number, Known::LeftOut)));
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!(format!("seed_7_case_{number}"), text(&super::generate(7, number, Known::LeftOut)));
    });
}

/// Each generated case is a scenario without a fault, and none that is known to fail.
#[test]
fn every_case_loads() {
    let dir = tempfile::tempdir().unwrap();
    let library = Library::embedded();
    for number in 0..150 {
        let case = super::generate(11, number, Known::LeftOut);
        assert!(case.is_playable() && known::in_case(&case).is_none(), "{case:?}");
        for (name, text) in write::files(&case, &format!("case-{number}"), "title") {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let scenario =
            library.load_file(&dir.path().join(format!("case-{number}.yaml"))).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(scenario.steps.len(), case.acts.len() + 2);
        assert!(scenario.steps.last().unwrap().expect.is_some());
    }
}

/// What is known comes only when it is asked for, and changes no other case.
#[test]
fn what_is_known_is_left_out() {
    let pages = (0..300).filter_map(|number| {
        let (with, without) = (super::generate(3, number, Known::Too), super::generate(3, number, Known::LeftOut));
        let page = known::in_case(&with);
        assert_eq!(page.is_none(), with == without, "case {number}");
        page
    });
    let pages: std::collections::BTreeSet<_> = pages.collect();
    let repository = std::path::PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..");
    for page in &pages {
        assert!(repository.join(page).is_file(), "{page} is not there");
    }
    assert_eq!(pages.len(), known::ALL.len(), "{pages:?}");
}

/// All kinds of strategies and actions are made, none of them rarely.
#[test]
fn the_mixture() {
    let cases: Vec<_> = (0..1000).map(|number| super::generate(5, number, Known::LeftOut)).collect();
    let share = |wanted: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| wanted(case)).count();
    let does = |what: What| share(&|case| case.acts.iter().any(|act| act.what == what));
    let canary =
        |wanted: fn(&Canary) -> bool| share(&|case| matches!(&case.strategy, Strategy::Canary(c) if wanted(c)));
    let blue_green =
        |wanted: fn(&BlueGreen) -> bool| share(&|case| matches!(&case.strategy, Strategy::BlueGreen(b) if wanted(b)));
    let shares = [
        ("basic canary", canary(|c| c.router.is_none() && !c.steps.is_empty())),
        ("rolling update", canary(|c| c.router.is_none() && c.steps.is_empty())),
        ("routed", canary(|c| c.router.is_some())),
        ("stable shrinks", canary(|c| c.router.as_ref().is_some_and(|r| r.dynamic_stable_scale))),
        ("blue-green", blue_green(|_| true)),
        ("preview count", blue_green(|b| b.preview_replicas.is_some())),
        ("by hand", blue_green(|b| b.by_hand)),
        ("no pods", share(&|case| case.sizes().any(|replicas| replicas == 0))),
        ("minReadySeconds", share(&|case| case.min_ready > 0)),
        ("abort", does(What::Abort)),
        ("retry", does(What::Retry)),
        ("undo", does(What::Undo)),
        ("pause", does(What::Pause)),
        ("resume", does(What::Resume)),
        ("restart", does(What::Restart)),
        ("promote", does(What::Promote)),
        ("promote full", does(What::PromoteFull)),
        ("skip", does(What::SkipCurrent)),
        ("no rest", share(&|case| case.acts.iter().any(|act| !act.rest))),
    ];
    for (name, share) in shares {
        assert!(share >= 20, "{name}: {share} of 1000");
    }
}

fn acts(acts: &[What]) -> Vec<Act> {
    acts.iter().map(|what| Act { what: *what, rest: false }).collect()
}

fn large() -> Case {
    let steps = vec![Step::Weight(10), Step::Wait(2), Step::Weight(50), Step::Pause];
    Case {
        strategy: Strategy::Canary(Canary { steps, ..Canary::default() }),
        replicas: 7,
        min_ready: 2,
        rollback_window: Some(2),
        acts: acts(&[What::Image(3), What::Scale(9), What::Promote, What::Abort, What::Image(2), What::Retry]),
        finish: true,
    }
}

fn shrunk(budget: usize, width: usize, fails: impl Fn(&Case) -> bool) -> Shrunk {
    let fails = async |some: &[Case]| Ok::<_, ()>(some.iter().map(&fails).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(shrink(&large(), budget, width, Known::LeftOut, fails)).unwrap()
}

/// An abort that follows a scaling of a Rollout with two pods, somewhere: nothing else is left.
#[rstest]
fn only_what_is_needed_is_left(#[values(1, 4)] width: usize) {
    let needed = |case: &Case| {
        let position = |wanted: fn(&What) -> bool| case.acts.iter().position(|act| wanted(&act.what));
        let scale = position(|what| matches!(what, What::Scale(_)));
        let abort = position(|what| *what == What::Abort);
        scale.is_some() && scale < abort && case.replicas >= 2 && case.steps().contains(&Step::Weight(50))
    };
    let Shrunk { case, runs, complete } = shrunk(200, width, needed);
    assert!(complete && runs < 100, "{runs} runs");
    insta::allow_duplicates! { insta::assert_snapshot!(text(&case)); }
    assert!(smaller(&case).iter().all(|smaller| !smaller.is_playable() || !needed(smaller)));
}

#[test]
fn no_more_runs_than_asked_for() {
    let runs = std::cell::Cell::new(0);
    let counted = |_: &Case| {
        runs.set(runs.get() + 1);
        runs.get() % 3 == 0
    };
    let shrunk = shrunk(7, 2, counted);
    assert_eq!((shrunk.runs, runs.get(), shrunk.complete), (7, 7, false));
}

#[test]
fn a_flawless_case_stays_as_it_is() {
    let shrunk = shrunk(200, 4, |_| false);
    assert_eq!(shrunk.case, large());
    assert!(shrunk.complete);
}

fn failed(invariant: Option<&str>, field: Option<&str>) -> v1::Scenario {
    serde_json::from_value(serde_json::json!({
        "id": "x", "title": "", "must": "", "verdict": "fail", "seconds": 1.0, "reason": "conformance: x\nrefused: no\n",
        "steps": field.map(|field| serde_json::json!({
            "name": "", "at": "", "action": "", "verdict": "fail", "seconds": 1.0, "log": {"from": 0, "to": 0}, "through": [],
            "claims": [], "pauses": [], "checks": [{"field": field, "expected": "", "got": "", "ok": false}],
        })).into_iter().collect::<Vec<_>>(),
        "invariants": invariant.map(|name| serde_json::json!({"name": name, "judged": 1, "violations": ["x"]}))
            .into_iter().collect::<Vec<_>>(),
    }))
    .unwrap()
}

#[test]
fn another_failure_is_not_taken_for_the_same() {
    let of = |invariant, field| Signature::of(&failed(invariant, field)).unwrap();
    let (floor, model) = (of(Some("floor"), None), of(None, Some("replicas.model")));
    assert_eq!((floor.to_string().as_str(), model.to_string().as_str()), ("invariant floor", "replicas.model"));
    assert!(!floor.resembles(&model));
    assert!(of(Some("floor"), Some("replicas.model")).resembles(&floor));
    assert_eq!(of(None, None).to_string(), "refused: no");
    let passed = v1::Scenario { verdict: v1::Verdict::Pass, ..failed(None, None) };
    assert_eq!(Signature::of(&passed), None);
}
