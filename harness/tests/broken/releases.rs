//! Controllers and custom resources that are no good, under the commands that play several releases: an error with its
//! log, never a failure of the controller's, never a hang.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{
    bench::Bench,
    process::{Ended, run},
};

/// The release that is played by somebody else.
const RELEASE: &str = "v1.10.2";
const INSTEAD: &str = "PROOFROLL_PART_ROLLOUTS_CONTROLLER_V1_10_2";
/// The one that it takes the place of.
const BEFORE: &str = "v1.9.3";

const HANGS: &str = "echo 'waiting for Godot'; exec sleep 600";

/// Ends at its first start, and is as good as the real one from then on. What is asked for its flags starts nothing.
fn crashes_once(real: &Path, mark: &Path) -> String {
    let (real, mark) = (real.display(), mark.display());
    format!(
        "[ \"$1\" != --help ] && mkdir '{mark}' 2>/dev/null && echo 'struck by lightning' && exit 7\nexec '{real}' \"$@\""
    )
}

pub fn releases_that_do_not_come_up(bench: &Bench) {
    let files = ["one.yaml", "two.yaml"];
    files.iter().for_each(|name| drop(bench.write(name, SCENARIO)));
    bench.write("small.rollout.yaml", ROLLOUT);
    let releases = ["releases", RELEASE, "one.yaml", "two.yaml", "--jobs", "1", "--report", "report.json"];

    let hangs = bench.script("hangs", HANGS);
    let ended = run(bench.proofroll(&releases).env(INSTEAD, &hangs).env("PROOFROLL_TIMEOUT_SCALE", "0.1"));
    assert_errors(
        bench,
        &ended.expect(3),
        &["error", "error"],
        "the controller was not up within",
        "waiting for Godot",
    );

    let once = bench.script("once", &crashes_once(&real(bench), &bench.path("crashed")));
    let ended = run(bench.proofroll(&releases).env(INSTEAD, &once));
    assert_errors(bench, &ended.expect(3), &["error", "pass"], "the controller's process ended", "struck by lightning");

    let ended = run(with_bad_crds(bench, &mut bench.proofroll(&releases)));
    let ended = ended.expect(3);
    let report = bench.report("report.json");
    let trouble = report["columns"][0]["trouble"].as_str().unwrap();
    assert!(trouble.starts_with("infra: ") && trouble.contains("rollouts.argoproj.io"), "{trouble}");
    assert_eq!(verdicts(&report), ["error", "error"]);
    assert!(ended.stdout.contains("v1.10.2: nothing was run: infra: "), "{}", ended.stdout);
}

pub fn upgrades_to_what_does_not_come_up(bench: &Bench) {
    let swap = "  - name: swap\n    controller: swap\n    expect: {phase: Healthy}\n";
    bench.write("small.rollout.yaml", ROLLOUT);
    bench.write("swap.yaml", &format!("{SCENARIO}{swap}"));
    let upgrade = ["upgrade", BEFORE, RELEASE, "--only", "swap.yaml", "--report", "report.json"];

    let hangs = bench.script("hangs", HANGS);
    let ended = run(bench.proofroll(&upgrade).env(INSTEAD, &hangs).env("PROOFROLL_TIMEOUT_SCALE", "0.3"));
    assert_errors(bench, &ended.expect(3), &["error"], "the controller was not up within", "waiting for Godot");

    let once = bench.script("once", &crashes_once(&real(bench), &bench.path("crashed")));
    let ended = run(bench.proofroll(&upgrade).env(INSTEAD, &once));
    assert_errors(bench, &ended.expect(3), &["error"], "the controller's process ended", "struck by lightning");

    let ended = run(with_bad_crds(bench, &mut bench.proofroll(&upgrade)));
    assert_errors(bench, &ended.expect(3), &["error"], "rollouts.argoproj.io", "");
}

/// Each scenario's verdict; the first reason says `why` and has the log's `words`, and so has the evidence.
#[track_caller]
fn assert_errors(bench: &Bench, ended: &Ended, expected: &[&str], why: &str, words: &str) {
    let report = bench.report("report.json");
    assert_eq!(verdicts(&report), expected, "{}", ended.stdout);
    let cell = &report["rows"][0]["cells"][0];
    let reason = cell["reason"].as_str().unwrap();
    assert!(reason.contains(why) && reason.contains(words), "{reason}");
    let log = PathBuf::from(cell["evidence"].as_str().unwrap()).join("controller.log");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains(words), "{log}");
}

fn verdicts(report: &Value) -> Vec<&str> {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().map(|row| row["cells"][0]["verdict"].as_str().unwrap()).collect()
}

fn path(bench: &Bench, part: &str) -> PathBuf {
    let ended = run(&mut bench.proofroll(&["parts", "path", part])).expect(0);
    PathBuf::from(ended.stdout.trim())
}

/// The real controller.
fn real(bench: &Bench) -> PathBuf {
    path(bench, "rollouts-controller")
}

/// A cache like the real one, but that the release's custom resource for Rollouts is none that an API server takes.
fn with_bad_crds<'a>(bench: &Bench, command: &'a mut Command) -> &'a mut Command {
    let controller = real(bench);
    let entry = controller.parent().unwrap();
    let (parts, own) = (entry.parent().unwrap(), bench.path("cache/parts"));
    let like = own.join(entry.file_name().unwrap());
    if !own.exists() {
        fs::create_dir_all(&own).unwrap();
        for other in fs::read_dir(parts).unwrap().map(|other| other.unwrap().path()).filter(|other| other != entry) {
            symlink(&other, own.join(other.file_name().unwrap())).unwrap();
        }
        let manifests = like.join("manifests");
        fs::create_dir_all(manifests.join("crds")).unwrap();
        for file in ["install.yaml", "namespace-install.yaml"] {
            fs::copy(entry.join("manifests").join(file), manifests.join(file)).unwrap();
        }
        for file in fs::read_dir(entry.join("manifests/crds")).unwrap().map(|file| file.unwrap()) {
            let text = fs::read_to_string(file.path()).unwrap();
            let text = match file.file_name().to_str() {
                Some("rollout-crd.yaml") => text.replacen("scope: Namespaced", "scope: Everywhere", 1),
                _ => text,
            };
            fs::write(manifests.join("crds").join(file.file_name()), text).unwrap();
        }
    }
    command.env("PROOFROLL_CACHE_DIR", bench.path("cache")).env(INSTEAD, controller)
}

const ROLLOUT: &str = r#"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: small}
spec:
  replicas: 1
  selector: {matchLabels: {app: small}}
  strategy: {canary: {}}
  template:
    metadata: {labels: {app: small}}
    spec: {containers: [{name: app, image: "example/app:blue"}]}
"#;

const SCENARIO: &str = r#"title: A small one
must: It MUST become healthy
steps:
  - name: deploy
    apply: small.rollout.yaml
    expect: {phase: Healthy}
"#;
