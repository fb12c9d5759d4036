//! The preflight of somebody's own Rollouts, driven as a person drives it.
//!
//! What differs by release needs v1.8.5 and v1.9.3 (`proofroll parts fetch --releases ">=1.8"`): where they are not built
//! yet these tests are ignored, and the list says so.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output},
};

use libtest_mimic::{Arguments, Trial};
use proofroll::{
    parts::{PartName, PartState, Parts},
    upgrade::fleet::{
        Effect, FleetReport,
        report::{CellVerdict, RolloutReport},
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let arguments = Arguments::from_args();
    let missing = ["1.8.5", "1.9.3", "1.10.0"].into_iter().filter(|release| !is_built(release)).collect::<Vec<_>>();
    if !missing.is_empty() && (arguments.list || !arguments.exact) {
        eprintln!("ignored: what differs by release: not built: {}", missing.join(", "));
    }
    let of_releases = |name, test| trial(name, test).with_ignored_flag(!missing.is_empty());
    let trials = vec![
        trial("bad_input_is_named", bad_input_is_named),
        trial("the_same_release_touches_nothing", the_same_release_touches_nothing),
        of_releases("who_would_be_touched_is_found_and_blamed", who_would_be_touched_is_found_and_blamed),
        of_releases("a_live_export_is_untouched_by_a_patch", a_live_export_is_untouched_by_a_patch),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn(&Bench)) -> Trial {
    Trial::test(name, move || {
        test(&Bench { dir: tempfile::tempdir()? });
        Ok(())
    })
}

fn is_built(release: &str) -> bool {
    let name = PartName::RolloutsController(release.parse().unwrap());
    let state = Parts::from_env().unwrap().status(&name).unwrap().state;
    matches!(state, PartState::Cached { .. } | PartState::Given { .. })
}

struct Bench {
    dir: TempDir,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn upgrade(&self, from: &str, to: &str, with: &Path) -> Output {
        // nextest says where the program is; the path from the compiler serves `cargo test`.
        let program = std::env::var_os("NEXTEST_BIN_EXE_proofroll");
        let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_proofroll").into()));
        for variable in ["CONTROLLER", "AS_VERSION", "CLUSTER"] {
            command.env_remove(format!("PROOFROLL_{variable}"));
        }
        command.args(["upgrade", from, to, "--report"]).arg(self.path("report.json")).arg("--with").arg(with);
        command.current_dir(self.dir.path()).output().unwrap()
    }

    fn report(&self) -> FleetReport {
        serde_json::from_slice(&std::fs::read(self.path("report.json")).unwrap()).unwrap()
    }

    fn write(&self, objects: &[Value]) -> PathBuf {
        let path = self.path("fleet.json");
        std::fs::write(&path, json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()).unwrap();
        path
    }
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A canary as it is on many clusters; `more` goes into its strategy.
fn canary(namespace: &str, name: &str, more: Value) -> Value {
    let mut canary =
        json!({"steps": [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}]});
    let more = more.as_object().cloned().unwrap_or_default();
    more.into_iter().for_each(|(key, value)| canary[key] = value);
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"canary": canary},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": "app", "image": "registry.example/app:1",
                    "resources": {"requests": {"cpu": "100m", "memory": "32Mi"}},
                }]},
            },
        },
    })
}

fn of<'a>(report: &'a FleetReport, name: &str) -> &'a RolloutReport {
    report.rollouts.iter().find(|rollout| rollout.name == name).unwrap()
}

fn bad_input_is_named(bench: &Bench) {
    let file = bench.path("fleet.yaml");
    let with = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = bench.upgrade("v1.10.2", "v1.10.2", &file);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let text = with("apiVersion: v1\nkind: List\nitems:\n- apiVersion: argoproj.io/v1alpha1\n  kind: Rollout\n");
    assert!(text.contains("fleet.yaml:4:3: this is no Kubernetes object: `metadata.name` is missing"), "{text}");
    assert!(with("a: [b\n").contains("fleet.yaml:1:4: unclosed bracket"));
    assert!(with("{apiVersion: v1, kind: Service, metadata: {name: s}}\n").contains("there is no Rollout in"));
}

/// What a controller replaced by itself moves is no upgrade's doing; and what cannot be played is not called safe.
fn the_same_release_touches_nothing(bench: &Bench) {
    let mut somewhere = canary("prod", "somewhere", json!({}));
    let pod = &mut somewhere["spec"]["template"]["spec"];
    pod["nodeSelector"] = json!({"pool": "none"});
    pod["serviceAccountName"] = "somebody".into();
    pod["priorityClassName"] = "high".into();
    pod["containers"][0]["resources"]["requests"]["memory"] = "900Ti".into();
    pod["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    let istio = json!({"canaryService": "c", "stableService": "s", "trafficRouting": {"istio": {"virtualService": {"name": "v"}}},
        "analysis": {"templates": [{"templateName": "success"}]}});
    let mut wrong = canary("test", "wrong", json!({}));
    wrong["spec"]["strategy"]["canary"]["maxSurge"] = 0.into();
    wrong["spec"]["strategy"]["canary"]["maxUnavailable"] = 0.into();
    let rolling = {
        let mut rolling = canary("test", "rolling", json!({}));
        rolling["spec"]["strategy"]["canary"] = json!({"maxSurge": 1});
        rolling
    };
    let fleet = [somewhere, canary("prod", "meshed", istio), rolling, wrong];
    let output = bench.upgrade("v1.10.2", "v1.10.2", &bench.write(&fleet));
    let report = bench.report();
    let words = |name: &str| of(&report, name).cells().map(|(_, cell)| cell.verdict);
    use CellVerdict::{NotCompared, Untouched};
    assert_eq!(words("somewhere"), [Untouched, Untouched], "{}", said(&output));
    assert_eq!(words("meshed"), [Untouched, Untouched], "{}", said(&output));
    assert_eq!(words("rolling"), [Untouched, NotCompared], "{}", said(&output));
    assert_eq!(words("wrong"), [NotCompared, NotCompared], "{}", said(&output));
    assert!(of(&report, "wrong").healthy.reason.as_ref().unwrap().contains("InvalidSpec"), "{}", said(&output));
    assert!(of(&report, "meshed").notes.iter().any(|note| note.contains("trafficRouting (istio)")));
    assert!(of(&report, "meshed").notes.iter().any(|note| note.contains("made up: its AnalysisTemplate, Service")));
    assert_eq!(output.status.code(), Some(2), "one could not be compared: {}", said(&output));
}

fn who_would_be_touched_is_found_and_blamed(bench: &Bench) {
    let anti = json!({"antiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 1}}});
    // v1.9's schema makes maps of lists: findings/listed-twice.md.
    let mut twice = canary("prod", "twice", json!({}));
    twice["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "value": "one"}, {"name": "B", "value": "b"}, {"name": "A", "value": "two"}]);
    let fleet =
        [canary("prod", "plain", json!({})), canary("prod", "anti", anti.clone()), canary("test", "anti", anti), twice];
    let output = bench.upgrade("v1.8.5", "v1.9.3", &bench.write(&fleet));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report = bench.report();
    assert_eq!((report.totals.touched, report.totals.untouched), (3, 1), "{}", said(&output));
    assert_eq!(
        of(&report, "plain").cells().map(|(_, cell)| cell.verdict),
        [CellVerdict::Untouched; 2],
        "{}",
        said(&output)
    );
    for rollout in report.rollouts.iter().filter(|rollout| rollout.name == "anti") {
        let blame = rollout.blame.as_ref().unwrap();
        // An antiAffinity with neither of its forms is no valid spec: the whole of it is what can be taken away.
        assert_eq!(blame.parts, ["spec.strategy.canary.antiAffinity"], "{}", said(&output));
        let words = rollout.paused.effects.iter().map(|effect| effect.words()).collect::<Vec<_>>().join(", ");
        assert!(words.starts_with("spurious revision, pods replaced, pause lost"), "{words}\n{}", said(&output));
    }
    let twice = of(&report, "twice");
    // What is there goes on; only making it is asked for, and once.
    assert_eq!(twice.healthy.effects, [Effect::Rejected], "{}", said(&output));
    assert_eq!(twice.paused.verdict, CellVerdict::Untouched, "{}", said(&output));
    let place = "spec.template.spec.containers[0].env[2]: Duplicate value";
    assert!(twice.healthy.moves.iter().any(|what| what.contains(place)), "{}", said(&output));
}

/// What `kubectl get rollouts,... -A -o yaml` printed on a plane: with status, managedFields, uids.
fn a_live_export_is_untouched_by_a_patch(bench: &Bench) {
    let export = bench.path("live.yaml");
    std::fs::write(&export, include_str!("fleet/live.yaml")).unwrap();
    let output = bench.upgrade("v1.10.0", "v1.10.2", &export);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let totals = bench.report().totals;
    assert_eq!((totals.rollouts, totals.untouched), (3, 3), "{}", said(&output));
}
