//! The real kubectl-argo-rollouts on a real control plane (the one that all tests share): it drives the guide and
//! shows what is drawn here; its texts and exit codes; and plugins that do not do what they must.
//!
//! Needs the parts, and the plugin (`proofroll parts build embedded kubectl-argo-rollouts`).

#[path = "common"]
mod common {
    pub mod small;
    pub mod trial;
}
mod plugin {
    pub mod broken;
    pub mod lint;
    pub mod stage;
    pub mod texts;
}

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Arguments;
use proofroll::{
    report::v1::{Outcome, Scenario, Verdict},
    scenario::Library,
};

use common::trial::trial;
use plugin::{broken, lint, stage, texts};

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let trials = vec![
        trial("the_guide_is_driven_and_shown", || shown("guide/canary-basic")),
        trial("a_blue_green_rollout_is_driven_and_shown", || shown("blue-green/fast-rollback")),
        trial("what_it_says_and_how_it_ends", || stage::on_plane(texts::what_it_says_and_how_it_ends)),
        trial("what_it_says_of_files", || stage::on_plane(lint::what_it_says_of_files)),
        trial("a_plugin_that_says_nothing", broken::a_plugin_that_says_nothing),
        trial("a_plugin_that_only_says_it", broken::a_plugin_that_only_says_it),
        trial("a_plugin_that_shows_something_else", broken::a_plugin_that_shows_something_else),
        trial("a_plugin_that_is_not_there", broken::a_plugin_that_is_not_there),
        trial("a_plugin_that_reaches_nobody", broken::a_plugin_that_reaches_nobody),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A scenario passes with the plugin as its driver, and after each step it shows what is drawn here.
fn shown(id: &str) -> Result<()> {
    let report = stage::run(&Library::open(None)?.load(id)?, None, true)?;
    ensure!(report.verdict == Verdict::Pass, "{}", report.reason.unwrap_or_default());
    ensure!(!report.steps.is_empty());
    report.steps.iter().try_for_each(|step| {
        let claim = step.claims.iter().find(|claim| claim.name == "views");
        let claim = claim.with_context(|| format!("step {}: nothing was compared", step.name))?;
        ensure!(claim.outcome == Outcome::Held, "step {}: {}", step.name, claim.detail);
        Ok(())
    })
}

/// Why a scenario did not pass.
fn reason(report: Scenario) -> Result<String> {
    ensure!(report.verdict != Verdict::Pass, "it passed");
    report.reason.context("no reason")
}
