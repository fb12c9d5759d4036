//! A controller that runs outside of the cluster, known by its log.

use std::fs::{self, File};

use anyhow::{Context, Result, ensure};

use super::{
    arena::{Arena, FAKE},
    host::{CONTEXT, Host},
};
use crate::common::{
    patience::eventually,
    paused::{self, LONG, SMALL},
    user::User,
};

pub const EXISTING: [&str; 4] = ["--cluster", "existing", "--context", CONTEXT];

/// The arguments of a run that is judged by this log.
pub fn judged_by<'a>(log: &'a str, scenario: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", scenario, "--quiet", "--controller-log", log], &EXISTING[..], more].concat()
}

/// Two runs share one keeper; all that they made is gone, and nothing else.
pub fn a_controller_outside_is_tested_by_its_log(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let kubeconfig = host.kubeconfig()?;
    let _controller = host.controller(&arena.path("controller.log"))?;
    let arguments = judged_by("./controller.log", SMALL, &[]);
    let mut users = [arena.user(&kubeconfig, &arguments)?, arena.user(&kubeconfig, &arguments)?];
    for user in &mut users {
        user.ends_with(&[0], &["all as expected: 1 passed, 0 failed", "a namespace for each scenario, NAME-xxxxxxxx"])?;
        let said = user.said();
        let (announced, begun) = (said.find("made there"), said.find("small: deploy").or(said.find("1/2")));
        ensure!(announced.is_some() && announced < begun, "what is made is said first: {said}");
        ensure!(!said.contains("no process that may be seen from here"), "it is seen: {said}");
    }
    host.owner.sees_again(&before, arena)?;
    // What its nodes can do, the cluster's owner knows.
    let with = |more: &[&'static str]| judged_by("./controller.log", FAKE, more);
    arena
        .user(&kubeconfig, &with(&[]))?
        .ends_with(&[0], &["0 passed, 0 failed, 1 skipped", "needs fake-pods, which the provider existing has not"])?;
    arena.user(&kubeconfig, &with(&["--has", "fake-pods,kubelet"]))?.ends_with(&[0], &["1 passed, 0 failed;"])?;
    host.owner.sees_again(&before, arena)
}

/// A failure is the controller's (exit code 1), and what is kept of it is all that is left.
pub fn a_failure_leaves_nothing_but_its_evidence(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let log = arena.path("controller.log");
    fs::write(&log, "words of a controller of long ago\n")?;
    let _controller = host.controller(&log)?;
    paused::make_it_wrong(arena.place())?;
    let mut user = arena.user(&host.kubeconfig()?, &judged_by("./controller.log", SMALL, &[]))?;
    user.ends_with(&[1], &["✖ phase", "NOT as expected"])?;
    host.owner.sees_again(&before, arena)?;
    let said = user.said();
    let evidence = said.split("evidence: ").nth(1).and_then(|rest| rest.lines().next()).context("its place")?;
    let kept = fs::read_to_string(format!("{evidence}/controller.log"))?;
    let (all, ours) = (kept.lines().count(), kept.lines().filter(|line| line.contains("namespace=small-")).count());
    ensure!(ours > 0 && !kept.contains("long ago") && !kept.contains("starting"), "{ours} of {all} lines: {kept}");
    Ok(())
}

/// No controller, or the log of another one: said at once, and not blamed on a controller.
pub fn what_does_not_reconcile_is_told_before(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let kubeconfig = host.kubeconfig()?;
    let run = || arena.user(&kubeconfig, &judged_by("./other.log", SMALL, &[]));
    File::create(arena.path("other.log"))?;
    run()?.ends_with(
        &[3],
        &["no controller has reconciled a Rollout in a namespace of ours", "no process that may be seen from here"],
    )?;
    host.owner.sees_again(&before, arena)?;
    let _controller = host.controller(&arena.path("controller.log"))?;
    run()?.ends_with(
        &[3],
        &["but its log does not show it", "no scenario is played", "--controller-log FILE names the right one"],
    )?;
    host.owner.sees_again(&before, arena)
}

/// What `--keep` leaves, `down` removes.
pub fn kept_and_taken_down(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    let kubeconfig = host.kubeconfig()?;
    let _controller = host.controller(&arena.path("controller.log"))?;
    let mut user = arena.user(&kubeconfig, &judged_by("./controller.log", SMALL, &["--keep"]))?;
    user.ends_with(&[0], &["kept: namespace small-", "the controller runs outside of the cluster", "proofroll down"])?;
    let said = user.said();
    let copy = said.split("export KUBECONFIG=").nth(1).and_then(|rest| rest.lines().next()).context("a kubeconfig")?;
    ensure!(fs::read_to_string(copy)?.contains("\"current-context\": \"proofroll\""), "{copy}");
    let namespace = said.split("kept: namespace ").nth(1).and_then(|rest| rest.lines().next()).context("a name")?;
    ensure!(host.owner.sees()?.contains(&format!("namespace {namespace}")), "{namespace} is gone");
    arena.user(&kubeconfig, &["status"])?.ends_with(&[0], &["--keep small-"])?;
    arena.user(&kubeconfig, &["down"])?.ends_with(&[0], &["stopped"])?;
    host.owner.sees_again(&before, arena)
}

/// A run that holds in its second step.
pub fn running(arena: &Arena, host: &Host) -> Result<User> {
    let mut user = arena.user(&host.kubeconfig()?, &judged_by("./controller.log", LONG, &[]))?;
    eventually("a namespace with an updated Rollout", || {
        if let Some(status) = user.ended()? {
            return Ok(Err(anyhow::anyhow!("{status}: {}", user.said())));
        }
        let list = host.owner.request("GET", "/apis/argoproj.io/v1alpha1/rollouts", &serde_json::json!({}))?;
        let rollouts = list["items"].as_array().context("a list")?;
        let paused = rollouts.iter().any(|rollout| rollout["status"]["phase"] == "Paused");
        ensure!(paused, "{}", user.said());
        Ok(Ok(()))
    })??;
    Ok(user)
}
