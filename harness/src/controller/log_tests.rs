use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// Lines of a real controller (v1.10.2), shortened where they are long.
const REAL: &str = r#"{"healthzPort":30530,"instanceID":"","level":"info","metricsPort":20619,"msg":"Argo Rollouts controller starting","namespace":"demo","time":"2026-11-23T06:06:06Z","version":{"Version":"v1.10.2","GoVersion":"go1.26.10"}}
{"level":"warning","msg":"Controller is running.","time":"2026-11-23T06:06:06Z"}
{"generation":1,"level":"info","msg":"Started syncing rollout","namespace":"demo","resourceVersion":"447","rollout":"rollouts-demo","time":"2026-11-23T06:03:20Z"}
{"event-reason":"RolloutUpdated","level":"info","msg":"Rollout updated to revision 1","namespace":"demo","rollout":"rollouts-demo","time":"2026-11-23T06:03:20Z"}
{"generation":1,"level":"info","msg":"Reconciliation completed","namespace":"demo","resourceVersion":"447","rollout":"rollouts-demo","time":"2026-11-23T06:03:20Z","time_ms":1.381389}
{"Kind":"replicasets","level":"warning","msg":"Unable to Process Create request: invalid character 'k' looking for beginning of value","time":"2026-11-23T06:06:07Z"}
{"level":"error","msg":"rollout syncHandler error: queueKeys\nand a second line","namespace":"demo","rollout":"rollouts-demo","time":"2026-11-23T06:06:07Z"}
I1123 06:06:06.962087   29240 envvar.go:172] "Feature gate default state" feature="WatchListClient" enabled=false
SIGQUIT: quit
PC=0x4973a1 m=0 sigcode=0

goroutine 0 gp=0x5ed5980 m=0 mp=0x5ed7a00 [idle]:
"#;

fn written(text: &[u8]) -> (tempfile::NamedTempFile, Log) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let log = Log::open(file.path()).unwrap();
    (file, log)
}

#[test]
fn real_lines_for_people() {
    let (_file, log) = written(REAL.as_bytes());
    insta::assert_snapshot!(render(&log.slice(0, u64::MAX).unwrap()));
    assert_eq!(render(&[]), "(nothing)\n");
}

#[test]
fn fields_are_found() {
    let (_file, log) = written(REAL.as_bytes());
    let lines = log.slice(0, u64::MAX).unwrap();
    assert!(lines[2].is_about("demo", "rollouts-demo"));
    assert!(!lines[2].is_about("demo", "other"));
    assert_eq!((lines[2].msg(), lines[2].field("resourceVersion")), ("Started syncing rollout", "447"));
    let Content::Entry(entry) = &lines[1].content else { panic!("an entry") };
    assert_eq!((entry.level.as_str(), entry.time), ("warning", "2026-11-23T06:06:06Z".parse().ok()));
    assert_eq!(lines[8].content, Content::Raw("SIGQUIT: quit".into()));
}

#[test]
fn slices_go_by_where_a_line_begins() {
    let (_file, log) = written(b"one\ntwo\nthree\n");
    let texts = |from, to| log.slice(from, to).unwrap().iter().map(|l| l.msg().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(0, 4), ["one"]);
    assert_eq!(texts(4, 9), ["two", "three"]);
    assert_eq!(texts(8, 8), [""; 0]);
    assert_eq!(texts(99, 200), [""; 0]);
    assert_eq!(log.last(2).unwrap().iter().map(LogLine::msg).collect::<Vec<_>>(), ["two", "three"]);
    assert_eq!(log.last(9).unwrap().len(), 3);
}

#[test]
fn a_tail_waits_for_the_end_of_a_line() {
    let (mut file, log) = written(b"one\ntw");
    let mut tail = log.tail(0);
    assert_eq!(tail.next_lines().unwrap().len(), 1);
    assert_eq!(tail.next_lines().unwrap(), []);
    file.write_all(b"o\n\xff\xfe!\nfour").unwrap();
    let lines = tail.next_lines().unwrap();
    assert_eq!(lines.iter().map(LogLine::msg).collect::<Vec<_>>(), ["two", "\u{fffd}\u{fffd}!"]);
    // Offsets are those of the file, whatever was made of its bytes.
    assert_eq!(lines.iter().map(|l| (l.offset, l.end)).collect::<Vec<_>>(), [(4, 8), (8, 12)]);
}

/// The log of a controller that serves many, opened when a namespace was made.
fn shared() -> (tempfile::NamedTempFile, Log) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"old words of ns-1, and\nwords of months\n").unwrap();
    let log = Log::of_namespace(file.path(), "ns-1").unwrap();
    file.write_all(b"one of ns-1\nof ns-2\n\xff of ns-1").unwrap();
    (file, log)
}

#[test]
fn what_is_said_of_a_namespace_is_copied_even_when_the_file_has_gone() {
    let (file, log) = shared();
    let copy = tempfile::tempdir().unwrap();
    let copy = copy.path().join("copy");
    drop(file);
    log.copy_to(&copy).unwrap();
    assert_eq!(fs::read(&copy).unwrap(), b"one of ns-1\n\xff of ns-1");
    let (_file, log) = written(b"one\ntw");
    log.copy_to(&copy).unwrap();
    assert_eq!(fs::read(&copy).unwrap(), b"one\ntw");
}

#[test]
fn a_log_that_somebody_rotates_is_told() {
    let (file, log) = shared();
    let mut tail = log.tail(log.position().unwrap());
    assert_eq!(tail.next_lines().unwrap(), []);
    file.as_file().set_len(3).unwrap();
    let cut = tail.next_lines().unwrap_err().to_string();
    assert!(cut.contains("was cut (rotated?)"), "{cut}");

    let (file, log) = shared();
    let mut tail = log.tail(0);
    assert_eq!(tail.next_lines().unwrap().len(), 2);
    let path = file.path().to_owned();
    let _moved = file.persist(path.with_extension("1")).unwrap();
    fs::write(&path, "").unwrap();
    let replaced = tail.next_lines().unwrap_err().to_string();
    assert!(replaced.contains("was replaced by another file"), "{replaced}");
    fs::remove_file(&path).unwrap();
    fs::remove_file(path.with_extension("1")).unwrap();
    assert_eq!(tail.next_lines().unwrap(), [], "the plane's directory is gone: nobody has rotated anything");
}

proptest! {
    /// However a file grows, its lines are read once each, in order.
    #[test]
    fn nothing_is_lost_or_read_twice(lines in proptest::collection::vec("[a-z{}\":,]{0,12}", 0..20), cuts in proptest::collection::vec(0usize..300, 0..6)) {
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        let mut cuts: Vec<_> = cuts.into_iter().map(|c| c.min(text.len())).chain([text.len()]).collect();
        cuts.sort_unstable();
        let (mut file, log) = written(b"");
        let mut tail = log.tail(0);
        let (mut at, mut read) = (0, Vec::new());
        for cut in cuts {
            file.write_all(&text.as_bytes()[at..cut]).unwrap();
            at = cut;
            read.extend(tail.next_lines().unwrap());
        }
        prop_assert_eq!(read.iter().map(|l| l.msg().to_owned()).collect::<Vec<_>>(), lines);
        let ends: Vec<_> = read.iter().map(|l| l.end).collect();
        let begins: Vec<_> = read.iter().map(|l| l.offset).skip(1).collect();
        prop_assert_eq!(&ends[..ends.len().saturating_sub(1)], &begins[..]);
    }

    #[test]
    fn any_line_is_taken(text in "\\PC{0,80}") {
        let line = LogLine::parse(7, &text);
        let _ = line.to_string();
        prop_assert_eq!(line.offset, 7);
    }
}
