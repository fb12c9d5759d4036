//! Machines and processes that break: exit code 3, at once, and the message names what broke.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    bench::Bench,
    conformance::reason,
    process::{Ended, Running, kill, run},
    texts::assert_reads,
};

/// "At once": far below the 10 minutes that the step may take.
const AT_ONCE: Duration = Duration::from_secs(20);

/// One ends at once, one runs and never serves.
pub fn a_controller_that_never_starts(bench: &Bench) {
    let start = |name: &str, body: &str| {
        let (controller, report) = (bench.script(name, body).display().to_string(), format!("{name}.json"));
        let arguments = ["guide", "--controller", &controller, "--report", &report];
        Running::start(bench.proofroll(&arguments).env("PROOFROLL_TIMEOUT_SCALE", "0.1"))
    };
    let exits = start("exits", "echo 'unknown flag' >&2; exit 7");
    let hangs = start("hangs", "echo 'waiting for Godot'; exec sleep 600");
    for (name, running) in [("exits", exits), ("hangs", hangs)] {
        let ended = running.end().expect(3);
        assert_last_line(&ended);
        let report = bench.report(&format!("{name}.json"));
        assert_reads(bench, name, reason(&report["scenarios"][0]));
        let evidence = report["scenarios"][0]["evidence"].as_str().unwrap();
        let log = std::fs::read_to_string(format!("{evidence}/controller.log")).unwrap();
        assert!(["unknown flag\n", "waiting for Godot\n"].contains(&log.as_str()), "{log}");
    }
}

/// In the middle of a promotion, between two weights.
pub fn a_controller_killed_by_an_outsider(bench: &Bench) {
    let mut running = long_promotion(bench);
    running.until("weight 50/50");
    kill(running.child_with("--namespaced"));
    let killed = Instant::now();
    let ended = running.end().expect(3);
    assert!(ended.at - killed < AT_ONCE);
    assert_last_line(&ended);
    assert_message(bench, "controller_killed");
}

pub fn a_killed_api_server(bench: &Bench) {
    let mut running = long_promotion(bench);
    running.until("weight 50/50");
    let pid = bench.plane()["processes"]["kube-apiserver"].as_u64().unwrap();
    kill(u32::try_from(pid).unwrap());
    let killed = Instant::now();
    let ended = running.end().expect(3);
    assert!(ended.at - killed < AT_ONCE);
    assert_last_line(&ended);
    // Ready, and then nothing: what the clients think of it helps nobody.
    assert!(ended.stderr.trim_end().lines().last().unwrap().starts_with("control plane"), "{}", ended.stderr);
    assert_message(bench, "api_server_killed");
}

pub fn directories_that_cannot_be_written(bench: &Bench) {
    let file = bench.write("a-file", "");
    for (name, variable) in [("state_dir", "PROOFROLL_STATE_DIR"), ("cache_dir", "PROOFROLL_CACHE_DIR")] {
        // Not even root can make a directory below a file.
        let ended =
            run(bench.proofroll(&["guide"]).env(variable, file.join("below")).env_remove("PROOFROLL_PARTS_DIR"));
        let ended = ended.expect(3);
        assert!(ended.stderr.contains(variable), "{}", ended.stderr);
        // What is said before differs with the machine.
        let message = ended.stderr.split_at(ended.stderr.find("infra: ").unwrap()).1;
        assert_reads(bench, name, message);
    }
}

/// Where results go: that they cannot be written must not hide how the run ended.
pub fn results_that_cannot_be_written(bench: &Bench) {
    let file = bench.write("a-file", "");
    let controller = bench.script("exits", "exit 7").display().to_string();
    let mut command = bench.proofroll(&["guide", "--controller", &controller, "--report", "a-file/report.json"]);
    let ended = run(command.env("PROOFROLL_OUT", file.join("below"))).expect(3);
    assert_last_line(&ended);
    let message = ended.stdout.split_at(ended.stdout.find("infra: ").unwrap()).1;
    let message = message.split_once("\ninfrastructure trouble").unwrap().0;
    assert_reads(bench, "no_evidence", message);
    assert_reads(bench, "no_report", ended.stderr.lines().last().unwrap());
}

/// The port that a person asks for.
pub fn a_taken_port(bench: &Bench) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(&mut bench.proofroll(&["up", "--port", &port])).expect(3);
    let message = ended.stderr.split_at(ended.stderr.find("infra: ").unwrap()).1;
    assert_reads(bench, "taken_port", &message.replace(&port, "[PORT]"));
}

/// Half of the ports that planes and controllers choose from are somebody else's.
pub fn busy_ports_are_passed_over(bench: &Bench) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let range = proofroll::process::ports::RANGE;
    let listeners: Vec<_> = range.step_by(2).filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).collect();
    assert!(listeners.len() > 1000, "only {} ports could be taken", listeners.len());
    bench.write("small.rollout.yaml", ROLLOUT);
    let small = SCENARIO.split_once("  - name: update").unwrap().0;
    bench.write("small.yaml", small);
    run(&mut bench.proofroll(&["run", "small.yaml"])).expect(0);
}

fn long_promotion(bench: &Bench) -> Running {
    bench.write("small.rollout.yaml", ROLLOUT);
    bench.write("small.yaml", SCENARIO);
    Running::start(&mut bench.proofroll(&["run", "small.yaml", "--report", "report.json"]))
}

fn assert_message(bench: &Bench, name: &str) {
    let report = bench.report("report.json");
    let scenario = &report["scenarios"][0];
    let verdicts: Vec<_> = scenario["steps"].as_array().unwrap().iter().map(|step| &step["verdict"]).collect();
    assert_eq!(verdicts, ["pass", "pass", "error"]);
    assert_reads(bench, name, reason(scenario));
}

fn assert_last_line(ended: &Ended) {
    let last = ended.stdout.trim_end().lines().last().unwrap();
    assert!(last.starts_with("infrastructure trouble: 0 passed, 0 failed, 1 error;"), "{last}");
}

const ROLLOUT: &str = r#"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: small}
spec:
  replicas: 4
  selector: {matchLabels: {app: small}}
  strategy:
    canary:
      steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {duration: 300}}, {setWeight: 75}]
  template:
    metadata: {labels: {app: small}}
    spec: {containers: [{name: app, image: "example/app:blue"}]}
"#;

const SCENARIO: &str = r#"title: A promotion that takes long
must: The promotion MUST go on
steps:
  - name: deploy
    apply: small.rollout.yaml
    expect: {phase: Healthy}
  - name: update
    set-image: {container: app, image: "example/app:yellow"}
    expect: {phase: Paused, step: 1/5}
  - name: promote
    promote: {}
    expect: {phase: Healthy}
    within: 10m
"#;
