//! Which controllers are found, and which of them can be tested.

use rstest::rstest;
use serde_json::json;

use super::*;

fn deployment(name: &str, container: Value) -> Value {
    json!({
        "metadata": {"namespace": "argo", "name": name, "labels": {"app.kubernetes.io/name": "argo-rollouts"}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [container]}},
        },
    })
}

fn controller(name: &str, arguments: &[&str]) -> FoundController {
    let container = json!({"name": "c", "image": "quay.io/argoproj/argo-rollouts:v1.10.2", "args": arguments});
    FoundController::of(&deployment(name, container)).unwrap()
}

fn seen(controllers: Vec<FoundController>) -> Look {
    let resources = RESOURCES.into_iter().map(|name| (name.to_owned(), None)).collect();
    Look { context: "ctx".into(), kubernetes: "v1.34.4".into(), resources, controllers, namespaces: BTreeMap::new() }
}

#[rstest]
#[case("quay.io/argoproj/argo-rollouts:v1.10.2", Some("1.10.2"))]
#[case("argo-rollouts:1.9.0-rc1", Some("1.9.0-rc1"))]
#[case("registry:5000/argo-rollouts", None)]
#[case("registry:5000/argo-rollouts:v1.8.3@sha256:aa", Some("1.8.3"))]
#[case("quay.io/argoproj/argo-rollouts@sha256:aa", None)]
#[case("quay.io/argoproj/argo-rollouts:latest", None)]
fn the_version_is_the_images_tag(#[case] image: &str, #[case] version: Option<&str>) {
    let found = FoundController::of(&deployment("a", json!({"name": "c", "image": image}))).unwrap();
    assert_eq!(found.version().map(|version| version.to_string()).as_deref(), version);
}

#[test]
fn a_dashboard_is_no_controller() {
    let dashboard = json!({"name": "c", "image": "quay.io/argoproj/kubectl-argo-rollouts:v1.10.2"});
    assert_eq!(FoundController::of(&deployment("dashboard", dashboard)), None);
    let mut own = deployment("own", json!({"name": "c", "image": "example.com/my-build:1"}));
    own["metadata"]["labels"]["app.kubernetes.io/component"] = "rollouts-controller".into();
    assert!(FoundController::of(&own).is_some());
}

#[rstest]
#[case(&["--loglevel", "debug", "--namespaced=false"], "instance-id", None)]
#[case(&["--instance-id=x"], "instance-id", Some("x"))]
#[case(&["--instance-id", "x", "--namespaced"], "instance-id", Some("x"))]
#[case(&["--instance-id", "x", "--namespaced"], "namespaced", Some(""))]
#[case(&["--namespaced", "--leader-elect"], "namespaced", Some(""))]
fn flags(#[case] words: &[&str], #[case] name: &str, #[case] value: Option<&str>) {
    assert_eq!(controller("a", words).argument(name), value);
}

#[test]
fn one_that_can_be_tested_is_found() {
    let mut down = controller("down", &["--namespaced"]);
    down.replicas = 0;
    let look = seen(vec![controller("a", &["--namespaced=false", "--loglevel", "debug"]), down.clone()]);
    assert_eq!(look.installed().unwrap().name(), "argo/a");
    assert_eq!(seen(vec![]).installed_or_elsewhere().unwrap(), None);
}

#[test]
fn what_cannot_be_tested_is_said() {
    let mut down = controller("down", &[]);
    down.replicas = 0;
    let mut bare = seen(vec![controller("a", &[])]);
    bare.resources.remove("rollouts.argoproj.io");
    let told: Vec<String> = [
        seen(vec![]),
        seen(vec![controller("a", &[]), controller("b", &[])]),
        seen(vec![down]),
        seen(vec![controller("a", &["--namespaced"])]),
        seen(vec![controller("a", &["--namespaced=true", "--namespace=mine"])]),
        seen(vec![controller("a", &["--instance-id", "blue"])]),
        seen(vec![controller("a", &["--loglevel=warn"])]),
        bare,
    ]
    .iter()
    .map(|look| look.installed().unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn an_installation_goes_only_where_nothing_is() {
    let nothing = Look { resources: BTreeMap::new(), ..seen(vec![]) };
    nothing.is_free().unwrap();
    let mut ours = controller("argo-rollouts", &[]);
    ours.installation = Some("0011".into());
    let told: Vec<String> =
        [seen(vec![]), seen(vec![ours])].iter().map(|look| look.is_free().unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn what_another_machine_has_made_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let root = StateRoot::at(dir.path());
    let mut look = seen(vec![]);
    look.namespaces.insert("0011".into(), vec!["small-1".into(), "small-2".into()]);
    insta::assert_snapshot!(look.strangers(&root).join("\n"), @"small-1, small-2 (if that run is dead: kubectl --context ctx delete namespaces -l proofroll.dev/plane=0011)");
    let plane = root.plane("key");
    std::fs::create_dir_all(plane.path()).unwrap();
    let order = json!({
        "id": "0011", "crds": [], "release_label": "v1", "linger_ms": 1,
        "source": {"provider": "existing", "kubeconfig": [], "context": "ctx", "server": "s", "subject": "installed"},
    });
    std::fs::write(plane.order(), order.to_string()).unwrap();
    assert_eq!(look.strangers(&root), [""; 0]);
}
