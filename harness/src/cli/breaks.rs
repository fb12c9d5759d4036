//! `proofroll breaks`: makes the breaks of scenarios and looks whether each is noticed where it must be.

use std::{
    fmt::Write as _,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use semver::Version;

use super::{
    args::Breaks,
    exit::{Exit, Fault},
    progress::TerminalProgress,
    run::choose,
    session::Session,
};
use crate::{
    progress::Progress,
    report::{self, v1},
    run::{Listener, News},
    sabotage::{self, Broken, Judged, Outcome, judge},
    scenario::Library,
};

/// `proofroll breaks`
///
/// # Errors
/// When a filter finds nothing, or there is nothing to run on.
pub(super) fn run(arguments: &Breaks) -> Result<Exit, Fault> {
    let Breaks { what, sample, seed, jobs, running } = arguments;
    let library = Library::open(running.fixtures.as_deref()).map_err(Fault::input)?;
    let (mut broken, without) = sabotage::all(&choose(&library, what)?);
    if let Some(sample) = sample {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
        let all = broken.len();
        broken = sabotage::sample(broken, *sample, seed);
        anstream::println!("{} of {all} breaks (--seed {seed})", broken.len());
    }
    if broken.is_empty() {
        anstream::print!("{}", told(&[], &without));
        return Ok(Exit::Passed);
    }
    let scenarios = broken.iter().map(|broken| broken.scenario.clone()).collect();
    let session = Session::counted(scenarios, *jobs, running.clone());
    let count = Count { progress: TerminalProgress::new(), ended: AtomicUsize::new(0), all: broken.len() };
    let report = session.report_to(&count);
    count.progress.clear();
    let report = report?;
    if let Some(file) = &running.report {
        report::write(&report, file).map_err(Fault::infra)?;
    }
    let judged = judged(&broken, &report);
    for (_, judged, report) in judged.iter().filter(|(_, judged, _)| judged.outcome == Outcome::Caught) {
        if let Some(evidence) = &report.evidence {
            tracing::debug!("{}: {}", report.id, judged.detail);
            // As it must be: nobody has to look.
            let _ = std::fs::remove_dir_all(Path::new(evidence));
        }
    }
    let rows: Vec<_> = judged.into_iter().map(|(broken, judged, _)| (broken, judged)).collect();
    anstream::print!("{}", told(&rows, &without));
    Ok(exit(&rows))
}

/// Each break with its verdict, in the order of the scenarios.
fn judged<'a>(broken: &'a [Broken], report: &'a v1::Report) -> Vec<(&'a Broken, Judged, &'a v1::Scenario)> {
    let release: Option<Version> = report.controller.version.parse().ok();
    let one = |broken: &'a Broken| {
        let report = report.scenarios.iter().find(|scenario| scenario.id == broken.scenario.id)?;
        Some((broken, judge(broken, report, release.as_ref()), report))
    };
    broken.iter().filter_map(one).collect()
}

fn exit(rows: &[(&Broken, Judged)]) -> Exit {
    let any = |is: fn(Outcome) -> bool| rows.iter().any(|(_, judged)| is(judged.outcome));
    match (any(Outcome::is_bad), any(|outcome| outcome == Outcome::Error)) {
        (true, _) => Exit::Conformance,
        (false, true) => Exit::Infra,
        (false, false) => Exit::Passed,
    }
}

/// The table, the scenarios that have no break, and the last line.
fn told(rows: &[(&Broken, Judged)], without: &[String]) -> String {
    let mut text = String::new();
    let titles = ["", "SCENARIO", "BREAK", "AT", "SEEN"].map(ToOwned::to_owned);
    let cells = rows.iter().map(|(broken, judged)| {
        let Judged { outcome, detail } = judged;
        [
            outcome.word().to_owned(),
            broken.of.clone(),
            broken.by.name.clone(),
            broken.by.target.to_string(),
            detail.clone(),
        ]
    });
    let cells: Vec<_> = std::iter::once(titles).chain(cells).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for row in cells.iter().filter(|_| !rows.is_empty()) {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}{}", padded.collect::<String>(), row[4]);
    }
    if !without.is_empty() {
        let _ = writeln!(text, "\nwithout a break, so nobody knows what they would notice:");
        without.iter().for_each(|id| text += &format!("  {id}\n"));
    }
    let count = |outcome: Outcome| rows.iter().filter(|(_, judged)| judged.outcome == outcome).count();
    let bad = rows.iter().filter(|(_, judged)| judged.outcome.is_bad()).count();
    let mut last = format!("\n{} of {} breaks caught where they must be", count(Outcome::Caught), rows.len());
    for (number, what) in [
        (bad, "not"),
        (count(Outcome::Skipped), "skipped"),
        (count(Outcome::Error), "with trouble of the infrastructure"),
    ] {
        if number > 0 {
            last += &format!(", {number} {what}");
        }
    }
    let have = if without.len() == 1 { "scenario has" } else { "scenarios have" };
    let _ = writeln!(text, "{last}; {} {have} none", without.len());
    text
}

/// Counts how many have ended.
struct Count {
    progress: TerminalProgress,
    ended: AtomicUsize,
    all: usize,
}

impl Listener for Count {
    fn hear(&self, _: &str, news: News<'_>) {
        if let News::Ended(_) = news {
            let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
            self.progress.update(&format!("{ended} of {} breaks made", self.all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(broken: &Broken, outcome: Outcome, detail: &str) -> (Broken, Judged) {
        (broken.clone(), Judged { outcome, detail: detail.to_owned() })
    }

    #[test]
    fn the_table() {
        let (broken, _) = sabotage::all(&[Library::embedded().family("guide/canary-basic").unwrap()]);
        let rows = [
            row(&broken[0], Outcome::Caught, "expect: weight.set 40 (expected 20)"),
            row(&broken[1], Outcome::Survived, "all as expected"),
            row(&broken[2], Outcome::Elsewhere, "step 1: never[1]: phase was Paused"),
            row(&broken[0], Outcome::Skipped, "#7 is known on this release, and shows first"),
            row(&broken[0], Outcome::Error, "infra: the plane ended"),
        ];
        let rows: Vec<_> = rows.iter().map(|(broken, judged)| (broken, judged.clone())).collect();
        assert_eq!(exit(&rows), Exit::Conformance);
        assert_eq!(exit(&[rows[0].clone(), rows[3].clone()]), Exit::Passed);
        assert_eq!(exit(&rows[4..]), Exit::Infra);
        insta::assert_snapshot!(told(&rows, &["lifecycle/undo".into()]));
    }

    #[test]
    fn no_break_at_all() {
        insta::assert_snapshot!(told(&[], &["lifecycle/undo".into()]), @r"
        without a break, so nobody knows what they would notice:
          lifecycle/undo

        0 of 0 breaks caught where they must be; 1 scenario has none
        ");
    }
}
