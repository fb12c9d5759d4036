//! `proofroll figures`: what a plane's start and the guide cost, measured in one run, as ratios.

use std::io::stdout;

use super::{
    args::{Figures, Guide, Running},
    exit::{Exit, Fault},
    plane,
    progress::TerminalProgress,
    run::guide_session,
};
use crate::{
    cluster::state::StateRoot,
    report::v1::Report,
    run::{provision, wish::Wish},
};

/// The timed pauses of the guide, seconds.
const PAUSES: f64 = 30.0;

/// Runs both and prints the figures.
pub(super) fn run(arguments: &Figures) -> Result<Exit, Fault> {
    let progress = TerminalProgress::new();
    let provisions = provision::provide(&Wish::default(), &progress)?;
    let request = provision::request(&provisions, "figures");
    anstream::println!(
        "plane: start to a Running pod, installed and with prepared data, against etcd and kube-apiserver alone to /readyz"
    );
    let measured = plane::bench(&StateRoot::find(), &request, arguments.rounds, &progress, &mut stdout());
    progress.clear();
    measured.map_err(Fault::infra)?;
    let quiet = Running { quiet: true, ..Running::default() };
    let report = guide_session(&Guide { running: quiet, junit: None })?.report()?;
    anstream::print!("\n{}", guide(&report));
    Ok(if report.totals.passed == 1 { Exit::Passed } else { Exit::Conformance })
}

fn guide(report: &Report) -> String {
    let seconds = report.scenarios.first().map_or(0.0, |scenario| scenario.seconds);
    let cost = report.harness;
    let all = cost.cpu_seconds + cost.controllers_cpu_seconds + cost.plane_cpu_seconds;
    format!(
        "guide: first apply to verdict {seconds:.1} s, {:.2} of its {PAUSES} s of pauses\n\
         harness: {:.2} s of CPU, {:.1}% of the {all:.1} s that the run took (controller {:.1} s, plane {:.1} s); {:.0} MB at most\n",
        seconds / PAUSES,
        cost.cpu_seconds,
        100.0 * cost.cpu_seconds / all,
        cost.controllers_cpu_seconds,
        cost.plane_cpu_seconds,
        megabytes(cost.peak_memory),
    )
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
