//! Actions, controller and fence on a real control plane: the one that all tests share.

use std::{net::TcpListener, os::unix::process::ExitStatusExt, process::ExitCode, time::Duration};

use kube::Client;
use libtest_mimic::{Arguments, Trial};
use proofroll::{
    act::{ActError, Actor, Compared, Kinds},
    cluster::Plane,
    controller::{Controller, ControllerConfig, ControllerError, Fence, FenceError, fence},
    parts::Manifests,
    progress::Silent,
    run::{provision, wish::Wish},
    scenario::model::{Delete, Promote, Restart, Scale, SetImage, Undo},
};
use serde_json::{Value, json};

mod act {
    pub mod pods;
}

const NAME: &str = "demo";
const SOON: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let trials = vec![
        trial("a_rollout_is_driven_through_its_life", a_rollout_is_driven_through_its_life),
        trial("an_end_that_was_not_asked_for_is_noticed", an_end_that_was_not_asked_for_is_noticed),
        trial("a_controller_that_does_not_come_up_says_why", a_controller_that_does_not_come_up_says_why),
        trial("a_fence_fails_without_a_controller", a_fence_fails_without_a_controller),
        trial("two_revisions_never_share_a_second", two_revisions_never_share_a_second),
        trial("secrets_are_for_the_owner_alone", secrets_are_for_the_owner_alone),
        trial("pods_are_changed_and_stay_so", act::pods::pods_are_changed_and_stay_so),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<F: Future<Output = ()> + 'static>(name: &str, test: fn() -> F) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(test());
        Ok(())
    })
}

struct Bench {
    plane: Plane,
    client: Client,
    namespace: String,
    actor: Actor,
    dir: tempfile::TempDir,
    config: ControllerConfig,
}

impl Bench {
    async fn new() -> Self {
        let provisions = provision::provide(&Wish::default(), &Silent).unwrap();
        let plane = provision::acquire(&provisions, "the tests of act and controller", &Silent).await.unwrap();
        let namespace = plane.create_namespace("act").await.unwrap();
        let client = plane.client();
        let dir = tempfile::tempdir().unwrap();
        let build = provisions.release.build(Manifests::namespace_install).unwrap();
        let on_plane = ControllerConfig::on(&plane, &namespace, build, Duration::from_secs(30));
        let config = ControllerConfig { dir: dir.path().to_owned(), ..on_plane };
        let actor = Actor::new(client.clone(), &namespace, Kinds::new());
        Self { plane, client, namespace, actor, dir, config }
    }

    /// Polls for a state of the Rollout that knows its spec.
    async fn rollout(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let rollout = self.actor.rollout(NAME).await.unwrap();
                let observed = rollout["status"]["observedGeneration"].as_str().and_then(|g| g.parse::<i64>().ok());
                if observed.is_some()
                    && observed == rollout["metadata"]["generation"].as_i64()
                    && wanted(&rollout["status"])
                {
                    return rollout;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(SOON, look).await {
            Ok(rollout) => rollout,
            Err(_) => panic!("not {what}: {:#}", self.actor.rollout(NAME).await.unwrap()["status"]),
        }
    }

    async fn healthy(&self) -> Value {
        self.rollout("healthy", |status| status["phase"] == "Healthy").await
    }

    async fn paused(&self) -> Value {
        self.rollout("paused", |status| status["message"] == "CanaryPauseStep").await
    }

    /// The keeper deletes the namespace, and stops the plane unless somebody else uses it.
    async fn end(self) {
        self.plane.delete_namespace(&self.namespace).unwrap();
        self.plane.release(false).await.unwrap();
    }
}

fn rollout(image: &str) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": NAME}, "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": NAME}},
        "strategy": {"canary": {"stableService": "stable", "canaryService": "canary",
            "steps": [{"setWeight": 50}, {"pause": {}}]}},
        "template": {"metadata": {"labels": {"app": NAME}},
            // The controller writes empty `resources` back where there are none: without them here,
            // a second apply would change the list (kubectl's too).
            "spec": {"containers": [{"name": "app", "image": image, "resources": {}}]}}}})
}

fn service(name: &str, ports: &[u16]) -> Value {
    let ports: Vec<_> = ports.iter().map(|port| json!({"port": port, "name": format!("p{port}")})).collect();
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": NAME}, "ports": ports}})
}

fn image(image: &str) -> SetImage {
    SetImage { container: "app".into(), image: image.into() }
}

async fn a_rollout_is_driven_through_its_life() {
    let bench = Bench::new().await;
    let controller = Controller::start(bench.config.clone()).await.unwrap();
    let (actor, files) = (&bench.actor, ["all.yaml".to_owned()]);
    let fence = Fence::new(actor, controller.log(), &bench.namespace);

    // The Rollout is written first and applied last; its Services are there when it comes.
    let manifests = [rollout("demo:1"), service("stable", &[80, 81]), service("canary", &[80])];
    let done = actor.apply(&files, &manifests).await.unwrap();
    assert_eq!(done.objects.iter().map(|o| o.kind.as_str()).collect::<Vec<_>>(), ["Service", "Service", "Rollout"]);
    assert!(done.changed);
    bench.healthy().await;

    // A fence is passed, and was a reconcile.
    let before = controller.log().position().unwrap();
    let fenced = fence.pass(NAME, SOON).await.unwrap();
    let count = fence::reconciles(controller.log(), &bench.namespace, NAME, before, fenced.completed.end).unwrap();
    assert!(count >= 1, "{count}");

    // Re-applied: nothing changes, and the hash that the controller wrote into the selector stays.
    let again = actor.apply(&files, &manifests[..1]).await.unwrap();
    assert!(!again.changed);
    let done = actor.apply(&files, &[service("stable", &[80])]).await.unwrap();
    assert!(done.changed);
    let get = http::Request::get(format!("/api/v1/namespaces/{}/services/stable", bench.namespace));
    let stable: Value = bench.client.request(get.body(Vec::new()).unwrap()).await.unwrap();
    assert!(stable["spec"]["selector"]["rollouts-pod-template-hash"].is_string(), "{stable:#}");
    assert_eq!(stable["spec"]["ports"].as_array().unwrap().len(), 1);

    // An update, aborted, retried, promoted.
    actor.wait_for_new_second(NAME, Compared::Revisions).await.unwrap();
    let done = actor.set_image(NAME, &image("demo:2")).await.unwrap();
    assert_eq!(done.command, "kubectl argo rollouts set image demo app=demo:2");
    assert_eq!(done.object("Rollout", NAME).unwrap().generation, 2);
    bench.paused().await;
    let aborted = actor.abort(NAME).await.unwrap();
    assert!(aborted.changed);
    // At rest: one fence says nothing about pods that still come and go.
    let at_rest = |status: &Value| {
        status["replicas"] == 2 && status["availableReplicas"] == 2 && status["updatedReplicas"].is_null()
    };
    bench.rollout("aborted", |status| status["phase"] == "Degraded" && at_rest(status)).await;
    fence.pass(NAME, SOON).await.unwrap();
    let again = actor.abort(NAME).await.unwrap();
    let settled = actor.rollout(NAME).await.unwrap();
    assert!(!again.changed);
    assert_eq!(again.objects[0].resource_version.to_string(), settled["metadata"]["resourceVersion"]);
    actor.retry(NAME).await.unwrap();
    bench.paused().await;
    assert!(actor.promote(NAME, &Promote::default()).await.unwrap().changed);
    bench.healthy().await;
    fence.pass(NAME, SOON).await.unwrap();
    assert!(!actor.promote(NAME, &Promote { full: true, skip: None }).await.unwrap().changed);

    // Back to the first template; again is nothing.
    actor.wait_for_new_second(NAME, Compared::Revisions).await.unwrap();
    assert!(actor.undo(NAME, &Undo { to_revision: Some(1) }).await.unwrap().changed);
    let undone = actor.rollout(NAME).await.unwrap();
    assert_eq!(undone["spec"]["template"], rollout_template(&bench.actor, "demo:1").await);
    bench.paused().await;
    assert!(!actor.undo(NAME, &Undo { to_revision: Some(3) }).await.unwrap().changed);
    actor.promote(NAME, &Promote { full: true, skip: None }).await.unwrap();
    bench.healthy().await;

    // The rest.
    assert!(!actor.scale(NAME, &Scale { replicas: 2 }).await.unwrap().changed);
    assert!(actor.scale(NAME, &Scale { replicas: 3 }).await.unwrap().changed);
    assert!(actor.pause(NAME).await.unwrap().changed);
    assert!(!actor.pause(NAME).await.unwrap().changed);
    assert!(actor.resume(NAME).await.unwrap().changed);
    assert!(actor.restart(NAME, &Restart::default()).await.unwrap().changed);
    let gone = actor.set_image(NAME, &SetImage { container: "nobody".into(), image: "x".into() }).await;
    assert!(matches!(gone, Err(ActError::Refused(_))), "{gone:?}");
    let old = Delete { revision: Some(2), ..Delete::default() };
    assert_eq!(actor.delete(NAME, &old).await.unwrap().objects[0].kind, "ReplicaSet");
    actor.delete(NAME, &Delete::default()).await.unwrap();
    let gone = actor.delete(NAME, &Delete::default()).await;
    assert!(matches!(gone, Err(ActError::Rejected { status: 404, .. })), "{gone:?}");
    drop(controller);
    bench.end().await;
}

/// The template of this image, as the Rollout had it; it takes the defaults from a dry sibling.
async fn rollout_template(actor: &Actor, image: &str) -> Value {
    let sets = actor.replica_sets(&actor.rollout(NAME).await.unwrap()).await.unwrap();
    let is = |rs: &&Value| rs["spec"]["template"]["spec"]["containers"][0]["image"] == image;
    let mut template = sets.iter().find(is).unwrap()["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut().unwrap().shift_remove("rollouts-pod-template-hash");
    template
}

async fn an_end_that_was_not_asked_for_is_noticed() {
    let bench = Bench::new().await;
    let controller = Controller::start(bench.config.clone()).await.unwrap();
    // Let it work before it is ended: see `ControllerError::DidNotEnd`.
    let manifests = [service("stable", &[80]), service("canary", &[80]), rollout("demo:1")];
    bench.actor.apply(&[], &manifests).await.unwrap();
    bench.healthy().await;
    // Asked for: no failure.
    controller.term().await.unwrap();
    assert!(controller.pid().is_none());
    controller.run().await.unwrap();
    controller.restart().await.unwrap();
    let dump = controller.dump().await.unwrap();
    assert!(dump.iter().any(|line| line.msg().starts_with("goroutine ")), "{} lines", dump.len());
    controller.run().await.unwrap();
    let quiet = tokio::time::timeout(Duration::from_millis(200), controller.exited()).await;
    assert!(quiet.is_err(), "{}", quiet.unwrap());

    // Not asked for.
    let pid = controller.pid().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let error = tokio::time::timeout(SOON, controller.exited()).await.unwrap();
    let ControllerError::Exited { status, last_lines } = &error else { panic!("{error}") };
    assert_eq!(status.signal(), Some(9));
    assert!(!last_lines.is_empty());
    // And it can be started again.
    controller.run().await.unwrap();
    drop(controller);
    bench.end().await;
}

async fn a_controller_that_does_not_come_up_says_why() {
    let bench = Bench::new().await;
    let start = async |change: &dyn Fn(&mut ControllerConfig)| {
        let mut config = bench.config.clone();
        change(&mut config);
        Controller::start(config).await.map(drop).unwrap_err()
    };
    let error = start(&|config| config.build.binary = "/nonexistent/controller".into()).await;
    assert!(matches!(error, ControllerError::Spawn { .. }), "{error}");
    let error = start(&|config| config.build.binary = "/bin/false".into()).await;
    assert!(matches!(&error, ControllerError::Exited { status, .. } if status.code() == Some(1)), "{error}");
    let error = start(&|config| config.extra_args = vec!["--no-such-flag".into()]).await;
    assert!(error.to_string().contains("unknown flag: --no-such-flag"), "{error}");
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = start(&|config| config.extra_args = vec![format!("--metricsport={port}")]).await;
    assert!(error.to_string().contains("address already in use"), "{error}");
    // It cannot sync what its RBAC does not let it see.
    let error = start(&|config| {
        config.extra_args = vec!["--namespace=default".into()];
        config.up_within = Duration::from_secs(2);
    })
    .await;
    let ControllerError::NotUp { missing, .. } = &error else { panic!("{error}") };
    assert!(missing.iter().any(|line| line.contains("Started rollout workers")), "{error}");
    assert!(error.to_string().contains("forbidden"), "{error}");
    let error = start(&|config| config.build.manifest = config.dir.join("none.yaml")).await;
    assert!(error.to_string().starts_with("cannot read the release's manifest"), "{error}");
    bench.end().await;
}

async fn a_fence_fails_without_a_controller() {
    let bench = Bench::new().await;
    let controller = Controller::start(bench.config.clone()).await.unwrap();
    let services = [service("stable", &[80]), service("canary", &[80]), rollout("demo:1")];
    bench.actor.apply(&[], &services).await.unwrap();
    bench.healthy().await;
    controller.kill().await;
    let fence = Fence::new(&bench.actor, controller.log(), &bench.namespace);
    let error = fence.pass(NAME, Duration::from_millis(500)).await.unwrap_err();
    assert!(matches!(error, FenceError::TimedOut { .. }), "{error}");
    // A new controller passes it.
    controller.run().await.unwrap();
    fence.pass(NAME, SOON).await.unwrap();
    drop(controller);
    bench.end().await;
}

async fn two_revisions_never_share_a_second() {
    let bench = Bench::new().await;
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let mut last = None;
    for n in 0..4 {
        let name = format!("c{n}");
        bench.actor.apply(&[], &[map(&name)]).await.unwrap();
        let get = http::Request::get(format!("/api/v1/namespaces/{}/configmaps/{name}", bench.namespace));
        let object: Value = bench.client.request(get.body(Vec::new()).unwrap()).await.unwrap();
        let created: jiff::Timestamp = object["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
        assert!(last < Some(created), "{last:?} {created}");
        last = Some(created);
        let begun = std::time::Instant::now();
        proofroll::act::wait_for_new_second(&bench.client, last).await.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(1200), "{:?}", begun.elapsed());
    }
    bench.end().await;
}

async fn secrets_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new().await;
    let _controller = Controller::start(bench.config.clone()).await.unwrap();
    for file in ["kubeconfig", "token"] {
        let mode = std::fs::metadata(bench.dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    bench.end().await;
}
