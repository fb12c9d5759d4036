use std::io::Write as _;

use rstest::rstest;
use serde_json::json;

use super::*;

/// One letter a line: `E` the ReplicaSet's change arrives, `S` the Rollout's reconcile starts (with
/// resourceVersion 500; `s` with an older one, `x` with none), `C` it ends; `e`, `t`, `d` the same of
/// another ReplicaSet and another Rollout.
fn log_of(script: &str) -> Vec<LogLine> {
    let mut offset = 0;
    let line = |letter: char| {
        let started = |version: &str, rollout: &str| {
            json!({"generation": 1, "level": "info", "msg": "Started syncing rollout", "namespace": "ns",
                "resourceVersion": version, "rollout": rollout, "time": "2026-11-23T06:03:20Z"})
        };
        let ended = |rollout: &str| {
            json!({"generation": 1, "level": "info", "msg": "Reconciliation completed", "namespace": "ns",
                "resourceVersion": "500", "rollout": rollout, "time": "2026-11-23T06:03:20Z", "time_ms": 1.381389})
        };
        let enqueued = |set: &str| {
            json!({"level": "info", "msg": format!("Enqueueing parent of ns/{set}: Rollout ns/demo"),
                "time": "2026-11-23T06:03:20Z"})
        };
        match letter {
            'E' => enqueued("demo-new"),
            'e' => enqueued("demo-old"),
            'S' => started("500", "demo"),
            's' => started("499", "demo"),
            'x' => json!({"level": "info", "msg": "Started syncing rollout", "namespace": "ns", "rollout": "demo"}),
            't' => started("500", "other"),
            'C' => ended("demo"),
            'd' => ended("other"),
            _ => {
                json!({"level": "info", "msg": "No status changes. Skipping patch", "namespace": "ns", "rollout": "demo"})
            }
        }
    };
    let parse = |letter| {
        let parsed = LogLine::parse(offset, &line(letter).to_string());
        offset = parsed.end;
        parsed
    };
    script.chars().map(parse).collect()
}

fn search(replica_set: bool) -> Search<'static> {
    Search::new(("ns", "demo"), replica_set.then_some("demo-new"), 0, 500)
}

/// As [`passes`], of a log that two controllers write: the first line of the pair says who.
fn passes_of_several(writers: &str, script: &str) -> Option<(usize, usize)> {
    let mut lines = log_of(script);
    for (line, writer) in lines.iter_mut().zip(writers.chars()) {
        let super::super::log::Content::Entry(entry) = &mut line.content else { unreachable!("log_of makes entries") };
        entry.fields.insert("written-by".into(), writer.to_string().into());
    }
    let mut searches = Searches { blank: search(true), by_writer: BTreeMap::new() };
    let fenced = lines.iter().find_map(|line| searches.read(line.clone()))?;
    let index = |wanted: &LogLine| lines.iter().position(|line| line.offset == wanted.offset).unwrap();
    Some((index(&fenced.started), index(&fenced.completed)))
}

#[rstest]
#[case::both_see_it_and_one_reconciles("abbaaa", "EEEESC", Some((4, 5)))]
#[case::the_other_one_sees_it_later("aaaab", "EESCE", Some((2, 3)))]
#[case::the_other_one_sees_it_while_it_runs("aaaba", "EESEC", Some((2, 4)))]
#[case::what_the_other_one_saw_proves_nothing("bbaa", "EESC", None)]
#[case::another_one_takes_over("abaabbbb", "EEESESSC", Some((6, 7)))]
fn each_controller_speaks_for_itself(
    #[case] writers: &str,
    #[case] script: &str,
    #[case] expected: Option<(usize, usize)>,
) {
    assert_eq!(passes_of_several(writers, script), expected);
}

/// The indices of the two lines of the reconcile that passes the fence.
fn passes(replica_set: bool, script: &str) -> Option<(usize, usize)> {
    let lines = log_of(script);
    let mut search = search(replica_set);
    let fenced = lines.iter().find_map(|line| search.read(line.clone()))?;
    let index = |wanted: &LogLine| lines.iter().position(|line| line.offset == wanted.offset).unwrap();
    Some((index(&fenced.started), index(&fenced.completed)))
}

#[rstest]
#[case::plain("EES.C", Some((2, 4)))]
#[case::one_in_flight_ends(".CEESC", Some((4, 5)))]
#[case::one_in_flight_ends_late("EEC SC", Some((4, 5)))]
#[case::between_the_annotations("ESCESC", Some((4, 5)))]
#[case::begun_between_the_annotations("ESECSC", Some((4, 5)))]
#[case::a_further_change_while_it_runs("EESECSC", Some((5, 6)))]
#[case::with_an_older_rollout("EEsCSC", Some((4, 5)))]
#[case::others_do_not_count("eetdECtd", None)]
#[case::others_between("EEStdC", Some((2, 5)))]
#[case::not_arrived("SCESC", None)]
#[case::not_ended("EES.", None)]
#[case::a_log_without_versions("EExC", Some((2, 3)))]
fn with_a_replica_set(#[case] script: &str, #[case] expected: Option<(usize, usize)>) {
    assert_eq!(passes(true, script), expected);
}

#[rstest]
#[case("SC", Some((0, 1)))]
#[case("sCSC", Some((2, 3)))]
#[case("CsC", None)]
fn without_one_the_rollouts_version_tells(#[case] script: &str, #[case] expected: Option<(usize, usize)>) {
    assert_eq!(passes(false, script), expected);
}

#[rstest]
#[case("E", "a change of its ReplicaSet did not reach the controller")]
#[case("EEs", "none was started with the Rollout as it was then")]
#[case("EES", "one was started and did not end")]
fn says_what_is_missing(#[case] script: &str, #[case] missing: &str) {
    let mut search = search(true);
    log_of(script).into_iter().for_each(|line| assert!(search.read(line).is_none()));
    assert_eq!(search.missing(), missing);
}

#[test]
fn counts_reconciles_of_a_slice() {
    let lines = log_of("SCtdSCSC");
    let raw: String = "SCtdSCSC".chars().map(|c| raw_line(&log_of(&c.to_string())[0])).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(raw.as_bytes()).unwrap();
    let log = Log::open(file.path()).unwrap();
    assert_eq!(log.position().unwrap(), lines[7].end);
    let count = |from, to| reconciles(&log, "ns", "demo", from, to).unwrap();
    assert_eq!(count(0, u64::MAX), 3);
    assert_eq!(count(lines[0].end, lines[6].offset), 1);
    assert_eq!(reconciles(&log, "elsewhere", "demo", 0, u64::MAX).unwrap(), 0);
}

/// The line as it stands in the file, for lines that `log_of` made.
fn raw_line(line: &LogLine) -> String {
    let super::super::log::Content::Entry(entry) = &line.content else { unreachable!("log_of makes entries") };
    let mut fields = entry.fields.clone();
    fields.insert("level".into(), entry.level.clone().into());
    fields.insert("msg".into(), entry.msg.clone().into());
    if let Some(time) = entry.time {
        fields.insert("time".into(), time.to_string().into());
    }
    format!("{}\n", Value::Object(fields))
}

#[test]
fn the_newest_is_that_of_the_highest_revision() {
    let set = |name: &str, revision: &str| json!({"metadata": {"name": name, "annotations": {"rollout.argoproj.io/revision": revision}}});
    assert_eq!(newest(vec![set("a", "9"), set("b", "10"), set("c", "2")]).as_deref(), Some("b"));
    assert_eq!(newest(Vec::new()), None);
}

#[test]
fn a_fence_that_fails_shows_the_log() {
    let error = FenceError::TimedOut {
        namespace: "ns".into(),
        rollout: "demo".into(),
        within: Duration::from_secs(5),
        missing: "one was started and did not end",
        lines: log_of("EeS."),
    };
    insta::assert_snapshot!(error);
}
