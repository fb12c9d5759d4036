//! Input that cannot be meant: exit code 2, one clear error, and nothing is started.

use super::{
    bench::Bench,
    process::{Ended, run},
    texts::assert_reads,
};

pub fn broken_yaml(bench: &Bench) {
    for (name, text) in [
        (
            "yaml_syntax",
            "title: x\nmust: It MUST\nsteps:\n  - name: [deploy\n    apply: x.yaml\n    expect: {phase: Healthy}\n",
        ),
        ("yaml_unknown_key", "title: x\nmust: It MUST\nsteps:\n  - name: deploy\n    aply: x.yaml\n"),
        (
            "yaml_wrong_type",
            "title: x\nmust: It MUST\nsteps:\n  - name: wait\n    observe: {}\n    expect: {phase: Healthy}\n    within: soon\n",
        ),
        (
            "yaml_no_manifest",
            "title: x\nmust: It MUST\nsteps:\n  - name: deploy\n    apply: missing.yaml\n    expect: {phase: Healthy}\n",
        ),
    ] {
        let file = format!("{name}.yaml");
        bench.write(&file, text);
        let ended = refused(bench, name, &["run", &file]);
        assert!(ended.stderr.contains(&format!("{name}.yaml:")), "{}", ended.stderr);
    }
}

pub fn an_unknown_id(bench: &Bench) {
    let ended = refused(bench, "unknown_id", &["run", "guide/canary-basik"]);
    assert!(ended.stderr.contains("did you mean `guide/canary-basic`"), "{}", ended.stderr);
}

pub fn an_unknown_release(bench: &Bench) {
    refused(bench, "unknown_release", &["guide", "--controller", "v9.9.9"]);
    refused(bench, "unknown_controller", &["guide", "--controller", "./no/such/file"]);
}

pub fn an_unknown_kubernetes(bench: &Bench) {
    refused(bench, "unknown_kubernetes", &["guide", "--kubernetes", "1.2"]);
    refused(bench, "kubernetes_of_kind", &["guide", "--cluster", "kind", "--kubernetes", "1.30"]);
}

pub fn a_wrong_timeout_scale(bench: &Bench) {
    let ended = run(bench.proofroll(&["guide"]).env("PROOFROLL_TIMEOUT_SCALE", "fast")).expect(2);
    assert_reads(bench, "timeout_scale", &ended.stderr);
}

#[track_caller]
fn refused(bench: &Bench, name: &str, arguments: &[&str]) -> Ended {
    let ended = run(&mut bench.proofroll(arguments)).expect(2);
    assert_eq!(ended.stdout, "");
    assert_reads(bench, name, &ended.stderr);
    ended
}
