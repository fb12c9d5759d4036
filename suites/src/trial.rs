//! One scenario as a test: gets a controller and a plane, runs it, and passes or says why not.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use proofroll::{
    act::Kinds,
    process::lifeline::ended,
    progress::Progress,
    report::v1::Verdict,
    run::{self, Listener, News, Options, Stage, provision, trouble::chain, wish::Wish},
    scenario::{Gate, Scenario, gate},
};

/// Runs `scenario` on the shared plane.
pub fn run(scenario: &Scenario, wish: &Wish) -> Result<(), Failed> {
    let infra = |error: &dyn std::error::Error| Failed::from(format!("infra: {}", chain(error)));
    let provisions = provision::provide(wish, &Stderr).map_err(|error| match error.is_bad_input() {
        true => Failed::from(format!("input: {}", chain(&error))),
        false => infra(&error),
    })?;
    // Tests are listed without a look at the cluster: the controller in it may be of another release.
    let release = &provisions.release.version;
    if let Gate::Skip(reason) = gate(scenario, &wish.capabilities(), release) {
        let hint = format!("set PROOFROLL_AS_VERSION={release}, and it is listed as skipped");
        return Err(format!("input: this scenario is not for the controller in the cluster: {reason} ({hint})").into());
    }
    let paused = std::env::var_os("PROOFROLL_PAUSE_ON_FAILURE").is_some_and(|value| !value.is_empty());
    // One thread: it lives as long as the controller that it starts, and a scenario needs no more.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| infra(&e))?;
    let report = runtime.block_on(async {
        let plane = provision::acquire(&provisions, &scenario.id, &Stderr).await.map_err(|e| infra(&e))?;
        let options = Options {
            driver: provisions.driver.clone(),
            views: false,
            keep_going: false,
            keep: false,
            pause_on_failure: paused,
            evidence: evidence_root(),
        };
        let stage = Stage {
            plane: &plane,
            kinds: Kinds::new(),
            release: &provisions.release,
            listener: &Stderr,
            options,
            swap: None,
        };
        let report = tokio::select! {
            report = run::run(&stage, scenario) => report,
            why = runner_gone() => return Err(why.into()),
        };
        plane.release(false).await.map_err(|e| infra(&e))?;
        Ok::<_, Failed>(report)
    })?;
    match report.verdict {
        Verdict::Pass | Verdict::Skip => Ok(()),
        Verdict::Known => {
            eprintln!("{}", report.reason.unwrap_or_default());
            Ok(())
        }
        Verdict::Fail | Verdict::Error => Err(report.reason.unwrap_or_default().into()),
    }
}

/// Resolves when nextest, which started this process, has ended (killed: it waits for its tests else).
/// Nobody would read a verdict then, and nothing is to be left. Others that start a test are no such
/// proof: the shell behind `conformance &` ends at once.
async fn runner_gone() -> String {
    let runner = std::env::var_os("NEXTEST").and_then(|_| rustix::process::getppid());
    match runner {
        Some(runner) if ended(runner).await.is_ok() => "infra: the test runner has ended".into(),
        _ => std::future::pending().await,
    }
}

/// Below the target directory of the workspace that is tested, or where PROOFROLL_OUT says.
fn evidence_root() -> PathBuf {
    if let Some(out) = std::env::var_os("PROOFROLL_OUT") {
        return out.into();
    }
    let root = std::env::var_os("NEXTEST_WORKSPACE_ROOT").map(PathBuf::from);
    // Without nextest a test runs in its package's directory.
    let root = root.unwrap_or_else(|| if Path::new("../target").is_dir() { "..".into() } else { ".".into() });
    root.join("target").join("proofroll")
}

/// Says on stderr what takes long: the runner shows it when a test fails, or with `--no-capture`.
struct Stderr;

impl Progress for Stderr {
    fn say(&self, line: &str) {
        eprintln!("{line}");
    }

    fn update(&self, _: &str) {}
}

impl Listener for Stderr {
    fn hear(&self, _: &str, news: News<'_>) {
        // All else is in the message of a failure.
        if let News::Paused { text } = news {
            eprintln!("{text}");
        }
    }
}
