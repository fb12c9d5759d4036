//! `--install` in clusters in which no controller can run.

use anyhow::{Result, ensure};
use serde_json::json;

use rustix::process::Signal;

use super::{
    arena::Arena,
    host::{CONTEXT, Host},
};
use crate::common::{patience::eventually, paused::SMALL, user::User};

fn install(arena: &Arena, host: &Host) -> Result<User> {
    let arguments = ["run", SMALL, "--quiet", "--cluster", "existing", "--context", CONTEXT, "--install"];
    let mut command = arena.proofroll(&host.kubeconfig()?, &arguments)?;
    // What does not come would be waited for.
    command.env("PROOFROLL_TIMEOUT_SCALE", "0.5");
    arena.start(command)
}

/// Fake nodes are refused at once; where their look deceives, the message says what is missing, and what
/// was installed goes again.
pub fn an_installation_that_does_not_work_is_removed(arena: &Arena) -> Result<()> {
    let host = Host::bare(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let fake = ["--install needs nodes that run containers", "are fake (kwok)", "--controller-log FILE"];
    install(arena, &host)?.ends_with(&[2], &fake)?;
    ensure!(host.owner.sees()? == before, "something was made");
    host.calls_its_nodes_real()?;
    let mut user = install(arena, &host)?;
    user.ends_with(
        &[3],
        &[
            "CustomResourceDefinition analysisruns.argoproj.io, ",
            "ClusterRoleBinding argo-rollouts",
            "the controller did not begin to work within",
            "its log cannot be read",
        ],
    )?;
    host.owner.sees_again(&before, arena)
}

/// Ctrl-C while objects are created, and while the controller is waited for.
pub fn an_interrupted_installation_is_removed(arena: &Arena) -> Result<()> {
    let host = Host::bare(arena)?;
    host.owner.allows()?;
    host.calls_its_nodes_real()?;
    let before = host.owner.sees()?;
    for sign in ["crd ", "clusterrolebinding argo-rollouts"] {
        let mut user = install(arena, &host)?;
        eventually(sign, || {
            let now = host.owner.sees()?;
            ensure!(now.difference(&before).any(|made| made.starts_with(sign)), "{now:?}: {}", user.said());
            Ok(())
        })?;
        user.signal(Signal::INT)?;
        user.ends_with(&[130], &["interrupted"])?;
        host.owner.sees_again(&before, arena)?;
    }
    Ok(())
}

/// Somebody makes a Rollout of his own while our definitions are there: it would go with them.
pub fn definitions_that_others_use_stay(arena: &Arena) -> Result<()> {
    let host = Host::bare(arena)?;
    host.owner.allows()?;
    host.calls_its_nodes_real()?;
    let before = host.owner.sees()?;
    let mut user = install(arena, &host)?;
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts";
    let theirs = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "theirs"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "theirs"}}, "strategy": {"canary": {}},
                 "template": {"metadata": {"labels": {"app": "theirs"}}, "spec": {"containers": []}}},
    });
    eventually("the definition", || host.owner.request("POST", path, &theirs))?;
    let told = "rollouts.argoproj.io was made by this proofroll, but others have objects of it by now (default/theirs)";
    user.ends_with(&[3], &["the controller did not begin to work", told])?;
    let kubeconfig = host.kubeconfig()?;
    arena.user(&kubeconfig, &["gc"])?.ends_with(&[3], &[told])?;
    let now = host.owner.sees()?;
    ensure!(now.contains("crd rollouts.argoproj.io") && !now.contains("namespace argo-rollouts"), "{now:?}");
    host.owner.request("DELETE", &format!("{path}/theirs"), &json!({}))?;
    arena.user(&kubeconfig, &["gc"])?.ends_with(&[0], &["removed"])?;
    host.owner.sees_again(&before, arena)
}
