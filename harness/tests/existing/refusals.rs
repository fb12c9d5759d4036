//! What is refused: exit code 2, a message that says what to do, and nothing done.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use super::{
    arena::Arena,
    host::{CONTEXT, Host},
};
use crate::common::{patience::eventually, paused::SMALL};

pub fn without_leave_or_sense_nothing_is_done(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    let before = host.owner.sees()?;
    let kubeconfig = host.kubeconfig()?;
    let refused = |kubeconfig: &Path, arguments: &[&str], words: &[&str]| {
        let all = [&["run", SMALL, "--cluster", "existing"], arguments].concat();
        arena.user(kubeconfig, &all)?.ends_with(&[2], words).map(drop).with_context(|| arguments.join(" "))
    };
    let named = ["--context", CONTEXT];
    refused(&kubeconfig, &[], &["only if its context is named: --context NAME", CONTEXT])?;
    refused(&kubeconfig, &["--context", "other"], &["there is no context `other`", CONTEXT])?;
    refused(Path::new("/nowhere/config"), &named, &["there is none in /nowhere/config"])?;
    let leave = format!("kubectl --context {CONTEXT} create namespace proofroll-allowed");
    refused(&kubeconfig, &named, &["has no namespace `proofroll-allowed`", &leave])?;
    refused(&kubeconfig, &[&named[..], &["--install"]].concat(), &[&leave])?;

    host.owner.allows()?;
    let none = ["no controller is installed in the cluster", "--install", "--controller-log FILE"];
    refused(&kubeconfig, &named, &none)?;
    refused(&kubeconfig, &[&named[..], &["--controller", "v1.10.2"]].concat(), &["--install installs a release"])?;
    refused(
        &kubeconfig,
        &[&named[..], &["--install", "--controller", "/bin/true"]].concat(),
        &["of a binary or a checkout there is none"],
    )?;
    refused(&kubeconfig, &[&named[..], &["--has", "own-cluster"]].concat(), &["`own-cluster` cannot be said of"])?;
    refused(&kubeconfig, &[&named[..], &["--controller-log", "/nowhere"]].concat(), &["--controller-log /nowhere"])?;
    let here = arena.path("config");
    fs::copy(&kubeconfig, &here)?;
    let broken = arena.path("broken");
    fs::write(&broken, "contexts: 1")?;
    let both = std::env::join_paths([&here, &broken])?;
    refused(Path::new(&both), &named, &[&format!("the kubeconfig {} cannot be used", broken.display())])?;
    arena
        .user(&kubeconfig, &["run", SMALL, "--context", CONTEXT])?
        .ends_with(&[2], &["--context is for a cluster that is there already"])?;
    installed(arena, &host, &refused)?;
    host.owner.forbids()?;
    eventually("the cluster as it was", || host.owner.sees_again(&before, arena))?;
    ensure!(!arena.path("out").exists(), "evidence of a run that never was");
    Ok(())
}

/// Runs with a kubeconfig and arguments, and looks for words of the refusal.
type Refused<'a> = dyn Fn(&Path, &[&str], &[&str]) -> Result<()> + 'a;

/// Refusals by what is installed.
fn installed(arena: &Arena, host: &Host, refused: &Refused<'_>) -> Result<()> {
    let kubeconfig = host.kubeconfig()?;
    let named = ["--context", CONTEXT];
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let deploy = |name: &str, image: &str, arguments: &[&str]| {
        host.owner.request("POST", path, &deployment(name, image, arguments)).map(drop)
    };
    let remove = |name: &str| host.owner.request("DELETE", &format!("{path}/{name}"), &serde_json::json!({})).map(drop);

    // Custom resources without a controller. (Nodes that are fake would be refused before that.)
    host.calls_its_nodes_real()?;
    let there = ["only where nothing of it is", "the custom resource analysisruns.argoproj.io"];
    refused(&kubeconfig, &[&named[..], &["--install"]].concat(), &there)?;
    // (Controllers of nodes that are fake are refused later than by their looks: none of these runs.)
    deploy("one", "quay.io/argoproj/argo-rollouts:latest", &[])?;
    refused(&kubeconfig, &named, &["names no release in its tag: --as-version"])?;
    deploy("two", "quay.io/argoproj/argo-rollouts:v1.9.3", &[])?;
    refused(&kubeconfig, &named, &["2 controllers are installed", "default/one, default/two"])?;
    remove("one")?;
    remove("two")?;
    deploy("narrow", "quay.io/argoproj/argo-rollouts:v1.10.2", &["--namespaced"])?;
    refused(&kubeconfig, &named, &["default/narrow", "it watches the namespace default only"])?;
    remove("narrow")?;
    deploy("blue", "quay.io/argoproj/argo-rollouts:v1.10.2", &["--instance-id", "blue"])?;
    refused(&kubeconfig, &named, &["controller-instance-id=blue"])?;
    let scale = serde_json::json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]);
    remove("blue")?;
    deploy("off", "quay.io/argoproj/argo-rollouts:v1.10.2", &[])?;
    host.owner.patch(&format!("{path}/off"), &scale)?;
    refused(&kubeconfig, &named, &["default/off", "it is scaled to 0"])?;
    remove("off")?;
    ensure!(arena.plane().is_err(), "a plane was begun");
    Ok(())
}

fn deployment(name: &str, image: &str, arguments: &[&str]) -> serde_json::Value {
    let labels = serde_json::json!({"app.kubernetes.io/name": "argo-rollouts", "one": name});
    serde_json::json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "argo-rollouts", "image": image, "args": arguments}]},
            },
        },
    })
}
