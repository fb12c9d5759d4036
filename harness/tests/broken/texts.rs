//! Compares what people read with what was agreed on, without what differs from run to run.

use super::bench::Bench;

/// Compares `text` with the snapshot `name`.
pub fn assert_reads(bench: &Bench, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let root = regex::escape(&bench.root().display().to_string());
    for (what, instead) in [
        (root.as_str(), "[BENCH]"),
        // A controller's log: that it is there, not what it says.
        (r"(?m)^(\d\d:\d\d:\d\d \w+ .*\n)+", "[LOG]\n"),
        (r"(?m)^( {4}[IWEF]\d{4} .*(\n|$))+", "    [LOG]\n"),
        (r"(?m)^( {4}\{.level.*(\n|$))+", "    [LOG]\n"),
        (r"proofroll-\d+/planes", "proofroll-[UID]/planes"),
        (r"locks/[\w.-]+", "locks/[PART]"),
        (r"out/[\w-]+-\d{8}-\d{6}-\w+", "out/[RUN]"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
        (r"\b\d+\.\d+ s\b", "[SECONDS] s"),
        (r" +(\[SECONDS\])", " $1"),
        (r"resourceVersion \d+", "resourceVersion [RV]"),
        (r"\brv \d+", "rv [RV]"),
        (r"(rollouts-demo-)[0-9a-f]{6,10}-\w{5} *", "$1[HASH]-[POD]  "),
        (r"(rollouts-demo-)[0-9a-f]{6,10} *", "$1[HASH]  "),
        (r"(canary-basic|image|weight)-[0-9a-f]{8}\b", "$1-[ID]"),
        (r"(ReplicaSet|Pod|Rollout)( +[✔॥◌✖⚠•] \w+ +)\d+s", "$1$2[AGE]"),
    ] {
        settings.add_filter(what, instead);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}
