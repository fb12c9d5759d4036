//! A real cluster: kind makes it as a person would, and from then on it is somebody else's.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use kube::config::{KubeConfigOptions, Kubeconfig};
use proofroll::{
    controller::{ControllerSpec, deployed},
    images,
    parts::{PartName, Parts},
    progress::Silent,
};
use rustix::process::{Signal, kill_process};
use serde_json::json;

use super::{arena::Arena, host::Owner};
use crate::common::{
    docker::docker,
    node_image::NODE_IMAGE,
    patience::eventually,
    paused::{LONG, SMALL},
    user::User,
};

/// `--install` and the controller that is installed: tested, killed, and left as they were.
pub fn a_real_cluster(arena: &Arena) -> Result<()> {
    let cluster = Cluster::create(arena)?;
    cluster.owner.allows()?;
    let bare = cluster.owner.sees()?;
    installed_for_the_time_of_the_tests(arena, &cluster, &bare).context("--install")?;

    cluster.installs_a_controller(arena)?;
    let before = cluster.owner.sees()?;
    ensure!(bare.is_subset(&before) && before.contains("namespace argo-rollouts"), "{before:?}");
    installed_by_others(arena, &cluster, &before).context("the installed controller")?;

    let name = cluster.name.clone();
    drop(cluster);
    let left =
        docker(&["ps", "--all", "--format", "{{.Names}}"])? + &docker(&["network", "ls", "--format", "{{.Name}}"])?;
    ensure!(!left.contains(&name), "{left}");
    Ok(())
}

fn installed_for_the_time_of_the_tests(arena: &Arena, cluster: &Cluster, before: &BTreeSet<String>) -> Result<()> {
    cluster.run(arena, &["run", SMALL, "--quiet", "--install"])?.ends_with(
        &[0],
        &["all as expected: 1 passed", "Deployment argo-rollouts", "CustomResourceDefinition analysisruns.argoproj.io"],
    )?;
    cluster.owner.sees_again(before, arena).context("after a run")?;

    let mut user = cluster.running(arena, &["--install"])?;
    // Somebody else's proofroll does not touch what this one has installed.
    let mut other = arena.proofroll(&cluster.kubeconfig, &["run", SMALL, "--install"])?;
    fs::create_dir(arena.path("state/other"))?;
    other.args(cluster.arguments()).env("PROOFROLL_STATE_DIR", arena.path("state/other"));
    arena.start(other)?.ends_with(&[2], &["only where nothing of it is", "made by a proofroll with --install"])?;
    fs::remove_dir(arena.path("state/other"))?;
    kill_process(arena.process("--proofroll-keeper")?, Signal::KILL)?;
    user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    cluster.owner.sees_again(before, arena).context("after a killed keeper")?;

    let mut user = cluster.running(arena, &["--install"])?;
    user.signal(Signal::KILL)?;
    user.wait()?;
    arena.plane_goes()?;
    cluster.owner.sees_again(before, arena).context("after a killed user")
}

fn installed_by_others(arena: &Arena, cluster: &Cluster, before: &BTreeSet<String>) -> Result<()> {
    cluster.run(arena, &["run", SMALL, "--install"])?.ends_with(
        &[2],
        &["only where nothing of it is", "without --install a controller that is installed is tested"],
    )?;
    cluster
        .run(
            arena,
            &["guide", "--quiet", "--controller", "installed", "--has", "kubelet", "--probe-image", &cluster.probe],
        )?
        .ends_with(&[0], &["all as expected: 3 passed", "controller argo-rollouts/argo-rollouts (v1.10.2)"])?;
    cluster.owner.sees_again(before, arena)?;

    // Of two replicas one leads; which one is nobody's affair.
    let path = "/apis/apps/v1/namespaces/argo-rollouts/deployments/argo-rollouts";
    cluster.owner.patch(path, &json!([{"op": "replace", "path": "/spec/replicas", "value": 2}]))?;
    eventually("two replicas", || {
        let deployment = cluster.owner.request("GET", path, &json!({}))?;
        ensure!(deployment["status"]["availableReplicas"] == 2, "{}", deployment["status"]);
        Ok(())
    })?;
    cluster.run(arena, &["run", SMALL, "--quiet"])?.ends_with(&[0], &["all as expected: 1 passed"])?;

    let mut user = cluster.running(arena, &[])?;
    kill_process(arena.process("--proofroll-keeper")?, Signal::KILL)?;
    user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    cluster.owner.sees_again(before, arena).context("after a killed keeper")
}

/// A cluster that kind made. It is deleted with this value.
struct Cluster {
    owner: Owner,
    kubeconfig: PathBuf,
    name: String,
    kind: PathBuf,
    /// The image of the load generator, which its node has.
    probe: String,
}

impl Cluster {
    fn create(arena: &Arena) -> Result<Self> {
        let parts = Parts::from_env()?;
        let kind = parts.find(&PartName::Kind, &Silent)?.path;
        let place = arena.path("").display().to_string();
        let name = format!("proofroll-hand{}", place.rsplit('-').next().unwrap_or_default().trim_end_matches('/'));
        let name = name.to_ascii_lowercase();
        let kubeconfig = arena.path("kubeconfig");
        let image = std::env::var(NODE_IMAGE)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let made = Made { kind: kind.clone(), name: name.clone() };
        run(kind_command(&kind, &name)
            .args(["create", "cluster", "--wait", "3m", "--name", &name, "--image", &image, "--kubeconfig"])
            .arg(&kubeconfig))?;
        let controller = parts.controller(&ControllerSpec::default(), None, &Silent)?;
        let demo = images::demo(&parts, &Silent)?;
        for archive in [images::controller(&parts, &controller, &Silent)?.archive, demo.archive] {
            run(kind_command(&kind, &name).args(["load", "image-archive", "--name", &name]).arg(&archive.path))?;
        }
        let client = runtime.block_on(async {
            let read = Kubeconfig::read_from(&kubeconfig)?;
            let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
            anyhow::Ok(kube::Client::try_from(config)?)
        })?;
        std::mem::forget(made);
        Ok(Self { owner: Owner { runtime, client }, kubeconfig, name, kind, probe: demo.probe })
    }

    /// What an owner does with `kubectl apply -f install.yaml` of the published release.
    fn installs_a_controller(&self, arena: &Arena) -> Result<()> {
        let parts = Parts::from_env()?;
        let release = parts.controller(&ControllerSpec::default(), None, &Silent)?;
        let text = fs::read_to_string(release.manifests.install())?;
        let text = text.replace("argo-rollouts:latest", &format!("argo-rollouts:v{}", release.version));
        let path = arena.path("install.yaml");
        fs::write(&path, text.replace("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent"))?;
        let installing = async {
            let installed = deployed::install(&self.owner.client, &path, None).await?;
            deployed::available(&self.owner.client, &installed).await?;
            anyhow::Ok(())
        };
        self.owner.runtime.block_on(installing)
    }

    fn arguments(&self) -> [String; 4] {
        ["--cluster", "existing", "--context", &format!("kind-{}", self.name)].map(str::to_owned)
    }

    fn run(&self, arena: &Arena, arguments: &[&str]) -> Result<User> {
        let mut command = arena.proofroll(&self.kubeconfig, arguments)?;
        command.args(self.arguments());
        arena.start(command)
    }

    /// A run that holds in its second step.
    fn running(&self, arena: &Arena, arguments: &[&str]) -> Result<User> {
        let mut user = self.run(arena, &[&["run", LONG, "--quiet"], arguments].concat())?;
        eventually("an updated Rollout", || {
            if let Ok(Some(status)) = user.ended() {
                return Ok(Err(anyhow::anyhow!("{status}: {}", user.said())));
            }
            let list = self.owner.request("GET", "/apis/argoproj.io/v1alpha1/rollouts", &json!({}))?;
            let rollouts = list["items"].as_array().context("a list")?;
            ensure!(rollouts.iter().any(|rollout| rollout["status"]["phase"] == "Paused"), "{}", user.said());
            Ok(Ok(()))
        })??;
        Ok(user)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(Made { kind: self.kind.clone(), name: self.name.clone() });
    }
}

/// A cluster that is there, or half of it.
struct Made {
    kind: PathBuf,
    name: String,
}

impl Drop for Made {
    fn drop(&mut self) {
        // Whoever looks finds what is left.
        let _ = run(kind_command(&self.kind, &self.name).args(["delete", "cluster", "--name", &self.name]));
        let _ = run(Command::new("docker").args(["network", "rm", &self.name]));
    }
}

/// kind, with a network of the cluster's own that goes with it.
fn kind_command(kind: &Path, name: &str) -> Command {
    let mut command = Command::new(kind);
    command.env("KIND_EXPERIMENTAL_DOCKER_NETWORK", name).env("KUBECONFIG", "/nowhere/config");
    command
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}", said.trim());
    Ok(())
}
