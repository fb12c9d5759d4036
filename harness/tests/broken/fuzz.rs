//! `proofroll fuzz` against controllers that are known to be wrong: it must find that, make it small, and
//! leave a file that shows it. And against one that does not come up: that is no finding.

use std::{fs, path::PathBuf};

use super::{
    bench::Bench,
    fake,
    process::{Ended, Running, run},
};

/// The real controller, and a case that runs into a known finding: 75% of 4 pods is fine, of the 2 to
/// which they are scaled it is half a pod below all. What is left is an update at 75% of 2.
pub fn what_is_found_is_made_small_and_kept(bench: &Bench) {
    let arguments =
        ["fuzz", "--seed", "19", "--case", "7", "--known", "--jobs", "4", "--shrink", "24", "--keep-failures", "kept"];
    let ended = run(bench.proofroll(&arguments).env("PROOFROLL_TIMEOUT_SCALE", "0.2")).expect(1);
    let told = |what: &str| assert!(ended.stdout.contains(what), "no {what:?} in:\n{}", ended.stdout);
    told("\nseed 19, case 7: replicas.model; failed 3 of 3 times again\n");
    told("    # fails in the same way\n");

    let read = |name: &str| fs::read_to_string(bench.path("kept").join(name)).unwrap();
    let (found, small) = (read("seed-19-case-7-as-found.yaml"), read("seed-19-case-7.yaml"));
    assert_eq!((actions(&found), actions(&small)), (4, 2), "{small}");
    assert!(small.contains("set-image:") && !small.contains("full: true"), "{small}");
    let rollout = read("seed-19-case-7.rollout.yaml");
    assert!(rollout.contains("replicas: 2\n") && rollout.contains("setWeight: 75\n"), "{rollout}");
    assert!(!rollout.contains("minReadySeconds"), "{rollout}");

    let again = run(bench
        .proofroll(&["run", "kept/seed-19-case-7.yaml", "--report", "again.json"])
        .env("PROOFROLL_TIMEOUT_SCALE", "0.2"))
    .expect(1);
    assert!(again.stdout.contains("✖ replicas.model"), "{}", again.stdout);
    let report = bench.report("again.json");
    assert_eq!(report["scenarios"][0]["steps"][1]["verdict"], "fail");
}

/// One controller that does nothing and one that says that all is well: each fails at the first step of
/// every case, and nothing but that step is left.
pub fn fake_controllers_are_found_out(bench: &Bench) {
    let start = |role: &str| {
        let (controller, kept) = (bench.fake(role).display().to_string(), format!("kept-{role}"));
        let arguments = [
            "fuzz",
            "--seed",
            "1",
            "--count",
            "2",
            "--shrink",
            "10",
            "--controller",
            &controller,
            "--keep-failures",
            &kept,
        ];
        Running::start(bench.proofroll(&arguments).env("PROOFROLL_TIMEOUT_SCALE", "0.2"))
    };
    let running = [fake::IDLE, fake::LIAR].map(|role| (role, start(role)));
    for (role, running) in running {
        let ended = running.end().expect(1);
        assert!(ended.stdout.contains("NOT as expected: 0 passed, 2 failed"), "{}", ended.stdout);
        let small = smallest(&bench.path(&format!("kept-{role}")), &ended);
        assert_eq!(actions(&small), 1, "{small}");
    }
}

/// Infrastructure: exit code 3, nothing is shrunk, nothing is kept.
pub fn a_controller_that_never_starts_is_no_finding(bench: &Bench) {
    let controller = bench.script("exits", "exit 7").display().to_string();
    let arguments = ["fuzz", "--seed", "1", "--count", "2", "--controller", &controller, "--keep-failures", "kept"];
    let ended = run(bench.proofroll(&arguments).env("PROOFROLL_TIMEOUT_SCALE", "0.1")).expect(3);
    assert!(ended.stdout.contains("infrastructure trouble: 0 passed, 0 failed, 2 errors"), "{}", ended.stdout);
    assert!(!bench.path("kept").exists());
}

/// How many actions a scenario file has, the deploy among them.
fn actions(scenario: &str) -> usize {
    scenario.lines().filter(|line| line.starts_with("  - ")).count()
}

/// The scenario that was made small; beside it is the one as it was found.
fn smallest(kept: &PathBuf, ended: &Ended) -> String {
    let names = fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut small: Vec<_> = names.filter(|name| name.matches('.').count() == 1 && !name.contains("as-found")).collect();
    small.sort();
    let small = small.first().unwrap_or_else(|| panic!("nothing was made small:\n{}\n{}", ended.stdout, ended.stderr));
    fs::read_to_string(kept.join(small)).unwrap()
}
