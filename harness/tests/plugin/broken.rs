//! Plugins that do not do what they must: each has to be found out, with words that say what it did.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use proofroll::{
    progress::Silent,
    report::v1::Verdict,
    run::{
        provision,
        wish::{DriverName, Wish},
    },
    scenario::{Library, Scenario},
};

use super::stage;
use crate::{common::small, reason};

/// A deployment, and an update that stops at a pause: what the plugin does is in the second step.
fn scenario(place: &Path) -> Result<Scenario> {
    let end = "expect: {phase: Paused, step: 1/2, replicas: {available: 2}}";
    small::write(place, "small", "[{setWeight: 50}, {pause: {}}]", end, "20s")?;
    let family = Library::open(None)?.load_file(&place.join("small.yaml"))?;
    family.scenarios.into_iter().next().context("a scenario")
}

/// Runs it with this script as the plugin; why it did not pass.
fn failed(body: &str, views: bool) -> Result<String> {
    let place = tempfile::tempdir()?;
    let script = stage::script(place.path(), body)?;
    let report = stage::run(&scenario(place.path())?, Some(&script), views)?;
    ensure!(report.verdict == Verdict::Fail, "{:?}: {:?}", report.verdict, report.reason);
    reason(report)
}

/// The reason has all these words.
fn says(reason: &str, words: &[&str]) -> Result<()> {
    words.iter().try_for_each(|words| {
        ensure!(reason.contains(words), "{words:?} is missing in:\n{reason}");
        Ok(())
    })
}

pub fn a_plugin_that_says_nothing() -> Result<()> {
    let reason = failed("exit 0", false)?;
    let says_then = "did not say `rollout \"small\" image updated`; it said: nothing";
    says(&reason, &["conformance: small, step 2 of 2 `update`", says_then])?;
    let reason = failed("echo 'Error: not today' >&2; exit 1", false)?;
    says(
        &reason,
        &["conformance: small, step 2 of 2 `update`", "set image app=argoproj/rollouts-demo:yellow: not today"],
    )
}

pub fn a_plugin_that_only_says_it() -> Result<()> {
    let reason = failed(r#"echo 'rollout "small" image updated'"#, false)?;
    says(
        &reason,
        &[
            "conformance: small, step 2 of 2 `update`",
            "said `rollout \"small\" image updated`, but of the 0 writes of the Rollout between resourceVersion",
        ],
    )
}

/// The real one, with another word in its tree.
pub fn a_plugin_that_shows_something_else() -> Result<()> {
    let wish = Wish { driver: DriverName::Plugin, ..Wish::default() };
    let provisions = provision::provide(&wish, &Silent)?;
    let real = provisions.driver.plugin().context("a plugin")?.program.display().to_string();
    let reason = failed(&format!(r#"'{real}' "$@" | sed 's/Desired: /Wished:  /'"#), true)?;
    says(
        &reason,
        &[
            "conformance: small, step 1 of 2 `deploy`",
            "the plugin shows something else than is drawn here (ages aside)",
            "plugin  |  Wished:        2|",
            "here    |  Desired:       2|",
        ],
    )?;
    let reason = failed(&format!(r#"'{real}' "$@" | sed '/^NAME  *STRATEGY/{{n;s/ $//}}'"#), true)?;
    says(&reason, &["the plugin shows something else than is drawn here"])
}

pub fn a_plugin_that_is_not_there() -> Result<()> {
    let wish = Wish { driver: DriverName::Plugin, plugin: Some("/nonexistent/plugin".into()), ..Wish::default() };
    let error = provision::provide(&wish, &Silent).err().context("it was found")?;
    ensure!(error.is_bad_input(), "{error}");
    says(&error.to_string(), &["PROOFROLL_PLUGIN", "/nonexistent/plugin", "No such file"])
}

/// That is no fault of the controller's.
pub fn a_plugin_that_reaches_nobody() -> Result<()> {
    let words = r#"Error: Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused"#;
    let place = tempfile::tempdir()?;
    let script = stage::script(place.path(), &format!("echo '{words}' >&2; exit 1"))?;
    let report = stage::run(&scenario(place.path())?, Some(&script), false)?;
    ensure!(report.verdict == Verdict::Error, "{:?}: {:?}", report.verdict, report.reason);
    says(&reason(report)?, &["infra: small, step 2 of 2 `update`", "connection refused"])
}
