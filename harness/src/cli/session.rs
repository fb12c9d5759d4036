//! A run from the command line: provisions, plane, scenarios side by side, report, farewell.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use jiff::Timestamp;

use super::{
    args::Running,
    exit::{Exit, Fault},
    progress::TerminalProgress,
    terminal::{Detail, Terminal},
};
use crate::{
    act::{Driver, Kinds},
    cluster::Plane,
    controller::ControllerSpec,
    process::{interrupt, usage},
    report::{self, v1},
    run::{
        self, Listener, Options, Stage,
        provision::{self, Provisions},
    },
    scenario::{Gate, Scenario, gate},
};

/// What is to be run, and how.
pub struct Session {
    /// The scenarios, each as often as it is to be run.
    pub scenarios: Vec<Scenario>,
    /// What else there is, if a report is to tell.
    pub left_out: Vec<v1::LeftOut>,
    /// It is all of our own suite.
    pub whole: bool,
    /// So many side by side.
    pub jobs: usize,
    /// Begin nothing new once one has failed.
    pub until_fail: bool,
    /// How much is shown.
    pub detail: Detail,
    /// The controller, and the rest.
    pub running: Running,
    /// Where a conformance report goes.
    pub conformance_report: Option<PathBuf>,
    /// Where the results go as JUnit XML.
    pub junit: Option<PathBuf>,
}

impl Running {
    /// The same of this controller; what --as-version says is meant for one that is given by its path.
    pub fn under(&self, controller: &str) -> Self {
        let is_release = matches!(ControllerSpec::parse(controller), Ok(ControllerSpec::Release(_)));
        Self {
            controller: Some(controller.to_owned()),
            as_version: self.as_version.clone().filter(|_| !is_release),
            ..self.clone()
        }
    }
}

impl Session {
    /// Scenarios side by side, of which only how they end is told: somebody else makes a table of it.
    pub fn counted(scenarios: Vec<Scenario>, jobs: usize, running: Running) -> Self {
        Self {
            scenarios,
            left_out: Vec::new(),
            whole: false,
            jobs,
            until_fail: false,
            detail: Detail::Scenarios,
            running,
            conformance_report: None,
            junit: None,
        }
    }

    /// Runs all of it and says how it ended.
    ///
    /// # Errors
    /// When there is nothing to run on, or somebody interrupts; and when all was run, but the report
    /// or what was to be kept could not be.
    pub fn run(self) -> Result<Exit, Fault> {
        let terminal = Terminal::new(self.detail);
        let played = self.play_all(&terminal);
        terminal.clear();
        let played = played.inspect_err(|fault| self.not_run(fault))?;
        let file = self.conformance_report.as_ref();
        let written = file.map_or(Ok(()), |file| report::write_conformance(&played.report, file));
        let junit = self.junit.as_ref().map_or(Ok(()), |file| report::write_junit(&played.report, file));
        let written = written.and(junit);
        let report = played.report.clone();
        let exit = played.end(&self.running);
        written.map_err(Fault::infra)?;
        // Only of our own suite it is known that it must have something for each invariant.
        if self.whole { exit.map(|exit| whole_suite(&report, exit)) } else { exit }
    }

    /// Runs all of it, shows it on the terminal, and reports.
    ///
    /// # Errors
    /// When there is nothing to run on, or somebody interrupts.
    pub fn report(&self) -> Result<v1::Report, Fault> {
        let terminal = Terminal::new(self.detail);
        let report = self.report_to(&terminal);
        terminal.clear();
        report
    }

    /// Runs all of it, and reports; `listener` hears of it.
    ///
    /// # Errors
    /// When there is nothing to run on, or somebody interrupts.
    pub fn report_to(&self, listener: &dyn Listener) -> Result<v1::Report, Fault> {
        self.play_all(listener)?.into_report()
    }

    fn play_all(&self, listener: &dyn Listener) -> Result<Played<()>, Fault> {
        let play = async |plane: &Plane, provisions: &Provisions| (self.play(plane, provisions, listener).await, ());
        let mut played = on_plane(&self.running, &self.purpose(), play)?;
        played.report.left_out.clone_from(&self.left_out);
        Ok(played)
    }

    /// For want of something to run on nothing was run: a CI server that finds no results at all would not say why.
    fn not_run(&self, fault: &Fault) {
        let Some(file) = &self.junit else { return };
        let not_run = |scenario| run::not_run(scenario, v1::Verdict::Error, fault.to_string());
        let report = v1::Report {
            provider: self.running.cluster.cluster.name().into(),
            scenarios: self.scenarios.iter().map(not_run).collect(),
            ..v1::Report::default()
        };
        if let Err(error) = report::write_junit(&report, file) {
            anstream::eprintln!("{error}");
        }
    }

    fn purpose(&self) -> String {
        match self.scenarios.as_slice() {
            [one] => one.id.clone(),
            many => format!("{} scenarios", many.len()),
        }
    }

    /// Plays all of it on a plane that is there.
    pub(super) async fn play(
        &self,
        plane: &Plane,
        provisions: &Provisions,
        listener: &dyn Listener,
    ) -> Vec<v1::Scenario> {
        let (release, options) = (&provisions.release, options(&self.running, provisions));
        let stage = Stage { plane, kinds: Kinds::new(), release, listener, options, swap: None };
        let capabilities = self.running.cluster.capabilities();
        let failed = std::sync::atomic::AtomicBool::new(false);
        let one = async |scenario: &Scenario| {
            if self.until_fail && failed.load(std::sync::atomic::Ordering::Relaxed) {
                return None;
            }
            let report = match gate(scenario, &capabilities, &release.version) {
                Gate::Skip(reason) => run::skipped(scenario, reason, listener),
                Gate::Run => run::run(&stage, scenario).await,
            };
            if matches!(report.verdict, v1::Verdict::Fail | v1::Verdict::Error) {
                failed.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            Some(report)
        };
        let reports = futures::stream::iter(&self.scenarios).map(one).buffer_unordered(self.jobs.max(1));
        reports.filter_map(std::future::ready).collect().await
    }
}

/// Provides a controller and a plane, lets `play` play on it, and leaves it. `play` answers with the
/// reports of what it played, and whatever else came of it.
///
/// # Errors
/// When there is nothing to run on, or somebody interrupts.
pub(super) fn on_plane<T>(
    running: &Running,
    purpose: &str,
    play: impl AsyncFnOnce(&Plane, &Provisions) -> (Vec<v1::Scenario>, T),
) -> Result<Played<T>, Fault> {
    let began = (Timestamp::now(), std::time::Instant::now());
    let (own_before, children_before) = (usage::of_this_process().cpu_seconds, usage::of_ended_children());
    let progress = TerminalProgress::new();
    interrupt::listen().map_err(Fault::infra)?;
    let mut wish = running.cluster.wish(running.controller.as_ref(), running.as_version.as_ref());
    wish.alone = running.alone;
    (wish.driver, wish.plugin) = (running.driver, running.plugin.clone());
    let provisions = provision::provide(&wish, &progress);
    let provisions = provisions.inspect_err(|_| progress.clear())?;
    // Controllers are children of the threads that start them: these live as long as the runtime.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Fault::infra)?;
    let outcome = runtime.block_on(async {
        let acquired = provision::acquire_unless(&provisions, purpose, &progress, interrupt::interrupted()).await;
        progress.clear();
        let plane = acquired.map_err(Fault::infra)?.ok_or_else(Fault::interrupted)?;
        let outcome = tokio::select! {
            played = play(&plane, &provisions) => Ok(played),
            () = interrupt::interrupted() => Err(Fault::interrupted()),
        };
        let record = plane.record();
        let found = (record.kubernetes.clone(), record.public_image.clone());
        // A keeper that this process started is a child of it, with the plane below: ended, it would be counted twice.
        let controllers_cpu = usage::of_ended_children() - children_before;
        let plane_cpu = record.processes.values().chain([&record.keeper]).map(|pid| usage::of_process(*pid)).sum();
        // What goes wrong from here on must not hide how the scenarios ended.
        let kept = match running.keep {
            true => keep(&plane, outcome.as_ref().map_or(&[], |(reports, _)| reports.as_slice())),
            false => Ok(()),
        };
        // Nothing of ours lingers: what was kept has a lease of its own.
        let released = plane.release(true).await.map_err(Fault::infra);
        if let (Err(_), Err(left)) = (&outcome, &released) {
            anstream::eprintln!("{left}");
        }
        outcome.map(|played| (played, found, (controllers_cpu, plane_cpu), kept.and(released)))
    });
    let ((scenarios, more), (kubernetes, public_image), (controllers_cpu_seconds, plane_cpu_seconds), left) = outcome?;
    let usage = usage::of_this_process();
    let report = v1::Report {
        api_version: "proofroll.dev/v1".into(),
        proofroll: env!("CARGO_PKG_VERSION").into(),
        started: began.0.to_string(),
        seconds: began.1.elapsed().as_secs_f64(),
        provider: wish.provider.name().into(),
        kubernetes,
        controller: v1::Controller {
            version: provisions.release.version.to_string(),
            label: provisions.release.label.clone(),
            sha256: public_image.unwrap_or_else(|| provisions.release.sha256.clone()),
        },
        upgraded_to: None,
        driver: driver(&provisions.driver),
        harness: v1::Harness {
            cpu_seconds: usage.cpu_seconds - own_before,
            peak_memory: usage.peak_memory,
            controllers_cpu_seconds,
            plane_cpu_seconds,
        },
        totals: totals(&scenarios),
        invariants: report::invariants::totals(&scenarios),
        left_out: Vec::new(),
        scenarios,
    };
    Ok(Played { report, more, left })
}

fn keep(plane: &Plane, reports: &[v1::Scenario]) -> Result<(), Fault> {
    for namespace in reports.iter().filter_map(|report| report.namespace.as_ref()) {
        plane.keep(namespace, None).map_err(Fault::infra)?;
        anstream::println!("kept: namespace {namespace}");
    }
    anstream::println!("  export KUBECONFIG={}", plane.dir().kubeconfig().display());
    let more = match &plane.record().deployed {
        Some(controller) => format!(
            "  kubectl argo rollouts get rollout NAME -n NAMESPACE    (the controller runs {controller}; `proofroll down` {})",
            match plane.record().kind {
                Some(_) => "deletes the cluster",
                None => "removes all that was made in the cluster",
            }
        ),
        None => "  (the controllers have ended; `proofroll down` stops the cluster)".to_owned(),
    };
    anstream::println!("{more}");
    Ok(())
}

/// What was played, and whether the farewell to the plane went well.
pub(super) struct Played<T> {
    /// The report of all of it.
    pub report: v1::Report,
    /// Whatever else came of it.
    pub more: T,
    left: Result<(), Fault>,
}

impl<T> Played<T> {
    /// The report.
    ///
    /// # Errors
    /// When the farewell to the plane did not go well.
    pub fn into_report(self) -> Result<v1::Report, Fault> {
        self.left.map(|()| self.report)
    }

    /// Says how it ended, and writes the report if it was asked for.
    ///
    /// # Errors
    /// When the report, or what was to be kept, could not be.
    pub fn end(self, running: &Running) -> Result<Exit, Fault> {
        let written = running.report.as_ref().map_or(Ok(()), |file| report::write(&self.report, file));
        // First how it ended: nothing that goes wrong afterwards may hide that.
        let exit = farewell(&self.report);
        written.map_err(Fault::infra)?;
        self.left?;
        Ok(exit)
    }
}

/// The last line, and the exit code.
fn farewell(report: &v1::Report) -> Exit {
    let totals = report.totals;
    // Infrastructure trouble is no statement about the controller; a failure is one.
    let (word, exit) = match totals {
        v1::Totals { failed: 1.., .. } => ("NOT as expected", Exit::Conformance),
        v1::Totals { errors: 1.., .. } => ("infrastructure trouble", Exit::Infra),
        _ => ("all as expected", Exit::Passed),
    };
    let mut counts = format!("{} passed, {} failed", totals.passed, totals.failed);
    if totals.known > 0 {
        counts += &format!(", {} known", totals.known);
    }
    if totals.errors > 0 {
        counts += &format!(", {} {}", totals.errors, if totals.errors == 1 { "error" } else { "errors" });
    }
    if totals.skipped > 0 {
        counts += &format!(", {} skipped", totals.skipped);
    }
    let steps = report.scenarios.iter().flat_map(|scenario| &scenario.steps);
    let expectations = |step: &v1::Step| step.checks.len() + step.through.len() + step.claims.len() + step.pauses.len();
    anstream::println!(
        "\n{word}: {counts}; {} steps, {} expectations; controller {}, {}Kubernetes {}; {:.1} s in all",
        steps.clone().count(),
        steps.map(expectations).sum::<usize>(),
        report.controller.label,
        report.driver.label.as_ref().map_or_else(String::new, |label| format!("driven by the plugin {label}, ")),
        report.kubernetes,
        report.seconds
    );
    exit
}

/// What the whole suite says of the invariants: how much each judged. One that judged nothing is red.
fn whole_suite(report: &v1::Report, exit: Exit) -> Exit {
    let judged = report.invariants.iter().map(|total| format!("{} {}", total.name, total.judged));
    anstream::println!("invariants judged: {}", judged.collect::<Vec<_>>().join(", "));
    let idle = report::invariants::idle(report);
    for name in &idle {
        anstream::println!(
            "the invariant `{name}` had nothing to judge in the whole suite: a scenario is missing, or its precondition is wrong"
        );
    }
    if exit == Exit::Passed && !idle.is_empty() { Exit::Conformance } else { exit }
}

fn totals(scenarios: &[v1::Scenario]) -> v1::Totals {
    let mut totals = v1::Totals::default();
    for scenario in scenarios {
        match scenario.verdict {
            v1::Verdict::Pass => totals.passed += 1,
            v1::Verdict::Fail => totals.failed += 1,
            v1::Verdict::Known => totals.known += 1,
            v1::Verdict::Skip => totals.skipped += 1,
            v1::Verdict::Error => totals.errors += 1,
        }
    }
    totals
}

/// The driver, as it is reported.
fn driver(driver: &Driver) -> v1::Driver {
    let plugin = driver.plugin();
    v1::Driver {
        name: driver.name().into(),
        label: plugin.map(|plugin| plugin.label.clone()),
        sha256: plugin.map(|plugin| plugin.sha256.clone()),
    }
}

/// How scenarios are run.
pub(super) fn options(running: &Running, provisions: &Provisions) -> Options {
    Options {
        driver: provisions.driver.clone(),
        views: running.views,
        keep_going: running.keep_going,
        keep: running.keep,
        pause_on_failure: running.pause_on_failure,
        evidence: evidence_root(running.out.as_deref()),
    }
}

/// Where evidence goes unless it is said: below a Cargo project's `target`, else `proofroll-out`.
pub(super) fn evidence_root(asked: Option<&Path>) -> PathBuf {
    match asked {
        Some(asked) => asked.to_owned(),
        None if Path::new("target").is_dir() => Path::new("target").join("proofroll"),
        None => PathBuf::from("proofroll-out"),
    }
}
