//! A controller that runs outside of the cluster, known by its log.

use std::fs::{self, File};

use anyhow::{Context, Result, ensure};

use super::{
    arena::{Arena, FAKE, LONG, SMALL, eventually},
    host::{CONTEXT, Host},
};

const EXISTING: [&str; 4] = ["--cluster", "existing", "--context", CONTEXT];

/// Two runs share one keeper; all that they made is gone, and nothing else.
pub fn a_controller_outside_is_tested_by_its_log(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let (kubeconfig, log) = (host.kubeconfig()?, arena.path("controller.log"));
    let _controller = host.controller(&log)?;
    let arguments = [&["run", SMALL, "--quiet", "--controller-log", "./controller.log"], &EXISTING[..]].concat();
    let mut users = [arena.user(&kubeconfig, &arguments)?, arena.user(&kubeconfig, &arguments)?];
    for user in &mut users {
        user.ends_with(0, &["all as expected: 1 passed, 0 failed", "a namespace for each scenario, NAME-xxxxxxxx"])?;
        let said = user.said();
        let (announced, begun) = (said.find("made there"), said.find("small: deploy").or(said.find("1/2")));
        ensure!(announced.is_some() && announced < begun, "what is made is said first: {said}");
    }
    // What its nodes can do, the cluster's owner knows.
    let with = |more: &[&'static str]| {
        [&["run", FAKE, "--quiet", "--controller-log", "./controller.log"], &EXISTING[..], more].concat()
    };
    arena
        .user(&kubeconfig, &with(&[]))?
        .ends_with(0, &["0 passed, 0 failed, 1 skipped", "needs fake-pods, which the provider existing has not"])?;
    arena.user(&kubeconfig, &with(&["--has", "fake-pods,kubelet"]))?.ends_with(0, &["1 passed, 0 failed;"])?;
    host.owner.sees_again(&before)
}

/// No controller, or the log of another one: said at once, and not blamed on a controller.
pub fn what_does_not_reconcile_is_told_before(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let kubeconfig = host.kubeconfig()?;
    let run = |log: &str| {
        let arguments = [&["run", SMALL, "--quiet", "--controller-log", log], &EXISTING[..]].concat();
        arena.user(&kubeconfig, &arguments)
    };
    File::create(arena.path("other.log"))?;
    run("./other.log")?.ends_with(3, &["no controller has reconciled a Rollout in a namespace of ours"])?;
    let _controller = host.controller(&arena.path("controller.log"))?;
    run("./other.log")?.ends_with(
        3,
        &["but its log does not show it", "no scenario is played", "--controller-log FILE names the right one"],
    )?;
    host.owner.sees_again(&before)
}

/// What `--keep` leaves, `down` removes.
pub fn kept_and_taken_down(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let (kubeconfig, log) = (host.kubeconfig()?, arena.path("controller.log"));
    let _controller = host.controller(&log)?;
    let arguments =
        [&["run", SMALL, "--quiet", "--keep", "--controller-log", "./controller.log"], &EXISTING[..]].concat();
    let mut user = arena.user(&kubeconfig, &arguments)?;
    user.ends_with(0, &["kept: namespace small-", "the controller runs outside of the cluster", "proofroll down"])?;
    let said = user.said();
    let copy = said.split("export KUBECONFIG=").nth(1).and_then(|rest| rest.lines().next()).context("a kubeconfig")?;
    ensure!(fs::read_to_string(copy)?.contains("\"current-context\": \"proofroll\""), "{copy}");
    let namespace = said.split("kept: namespace ").nth(1).and_then(|rest| rest.lines().next()).context("a name")?;
    ensure!(host.owner.sees()?.contains(&format!("namespace {namespace}")), "{namespace} is gone");
    arena.user(&kubeconfig, &["status"])?.ends_with(0, &["--keep small-"])?;
    arena.user(&kubeconfig, &["down"])?.ends_with(0, &["stopped"])?;
    host.owner.sees_again(&before)
}

/// A run that holds in its second step.
pub fn running(arena: &Arena, host: &Host) -> Result<super::arena::User> {
    let arguments = [&["run", LONG, "--quiet", "--controller-log", "./controller.log"], &EXISTING[..]].concat();
    let user = arena.user(&host.kubeconfig()?, &arguments)?;
    eventually("a namespace with an updated Rollout", || {
        let list = host.owner.request("GET", "/apis/argoproj.io/v1alpha1/rollouts", &serde_json::json!({}))?;
        let rollouts = list["items"].as_array().context("a list")?;
        let paused = rollouts.iter().any(|rollout| rollout["status"]["phase"] == "Paused");
        ensure!(paused, "{}", user.said());
        Ok(())
    })?;
    Ok(user)
}
