//! `proofroll releases`: the scenarios on each release, one release after the other, and the table.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use clap::Args;
use jiff::Timestamp;

use super::{
    args::Running,
    diff,
    exit::{Exit, Fault},
    progress::TerminalProgress,
    run::choose,
    session::Session,
};
use crate::{
    progress::Progress,
    releases::{self, Column, Matrix, Range, table},
    report::{
        self,
        v1::{self, Verdict},
    },
    run::{Listener, News},
    scenario::{Library, Scenario},
};

/// `proofroll releases`
#[derive(Debug, Clone, Args)]
pub struct Releases {
    /// Which releases, as `>=1.7` or `v1.8.5 || v1.10.2`. A controller named by `--controller` is one more column.
    /// With --diff two controllers, each a release, a binary or a checkout.
    #[arg(value_name = "RANGE | A B")]
    pub range: String,
    /// Ids, parts of ids, or files that end in .yaml. Default: all scenarios.
    #[arg(value_name = "FILTER|FILE")]
    pub what: Vec<String>,
    /// Instead of the table, what two controllers do differently: `releases A B --diff [FILTER]`. The exit code is 1
    /// where they differ.
    #[arg(long)]
    pub diff: bool,
    /// With --diff: play each scenario so many times on each side, by turns; and once more so often what then seems to
    /// differ.
    #[arg(long, default_value_t = 5, value_name = "K", requires = "diff", value_parser = super::diff::runs)]
    pub runs: usize,
    /// So many scenarios side by side; the releases come one after the other.
    #[arg(short, long, default_value_t = 8, value_name = "N")]
    pub jobs: usize,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// `proofroll releases`
///
/// # Errors
/// When no release lies in the range, a filter finds nothing, or somebody interrupts.
pub(super) fn run(arguments: &Releases) -> Result<Exit, Fault> {
    if arguments.diff {
        return diff::releases(arguments);
    }
    let Releases { range, what, jobs, running, .. } = arguments;
    let range: Range = range.parse().map_err(Fault::input)?;
    let (started, began) = (Timestamp::now().to_string(), Instant::now());
    let library = Library::open(running.fixtures.as_deref()).map_err(Fault::input)?;
    let scenarios: Vec<_> = choose(&library, what)?.into_iter().flat_map(|family| family.scenarios).collect();
    let mut labels: Vec<String> =
        range.chosen().map_err(Fault::input)?.iter().map(|release| format!("v{release}")).collect();
    if let Some(other) = &running.controller
        && !labels.contains(other)
    {
        labels.push(other.clone());
    }
    let columns = labels.into_iter().map(|label| column(label, &scenarios, *jobs, running));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = scenarios.iter().map(|scenario| scenario.id.clone()).collect();
    let mut matrix = Matrix::new(started, began.elapsed().as_secs_f64(), &ids, columns);
    matrix.vectors = releases::vector::vectors(&matrix, &scenarios);
    shown(&matrix, "releases", running)
}

/// Shows the table, writes it where that is asked for, and says how it ended.
pub(super) fn shown(matrix: &Matrix, columns: &str, running: &Running) -> Result<Exit, Fault> {
    anstream::print!("{}", table::render(matrix, columns));
    if let Some(file) = &running.report {
        report::write(matrix, file).map_err(Fault::infra)?;
    }
    Ok(exit(matrix))
}

/// Only what is not expected makes it 1; trouble of the infrastructure is no word about a controller.
fn exit(matrix: &Matrix) -> Exit {
    match (matrix.count(Verdict::Fail), matrix.count(Verdict::Error)) {
        (1.., _) => Exit::Conformance,
        (0, 1..) => Exit::Infra,
        (0, 0) => Exit::Passed,
    }
}

/// All scenarios on one release. A plane or a controller that is not to be had is that column's trouble.
fn column(label: String, scenarios: &[Scenario], jobs: usize, running: &Running) -> Result<Column, Fault> {
    let by_path = running.controller.as_ref() == Some(&label);
    let running = Running {
        controller: Some(label.clone()),
        as_version: running.as_version.clone().filter(|_| by_path),
        ..running.clone()
    };
    let session = Session::counted(scenarios.to_vec(), jobs, running);
    let ticker = Ticker::new(&label, scenarios.len());
    let outcome = session.report_to(&ticker);
    ticker.clear();
    into_column(label, outcome)
}

/// A run that could not take place is a column without a report, unless what was asked for was wrong.
pub(super) fn into_column(label: String, outcome: Result<v1::Report, Fault>) -> Result<Column, Fault> {
    match outcome {
        Ok(report) => Ok(Column { label, trouble: None, report: Some(report) }),
        Err(fault) if fault.exit() == Exit::Infra => {
            Ok(Column { label, trouble: Some(fault.to_string()), report: None })
        }
        Err(fault) => Err(fault),
    }
}

/// Says how far a release is, and at once what is not as expected.
pub(super) struct Ticker<'a> {
    progress: TerminalProgress,
    label: &'a str,
    ended: AtomicUsize,
    all: usize,
}

impl<'a> Ticker<'a> {
    /// For a column of so many scenarios.
    pub(super) fn new(label: &'a str, all: usize) -> Self {
        Self { progress: TerminalProgress::new(), label, ended: AtomicUsize::new(0), all }
    }

    /// Removes what is redrawn.
    pub(super) fn clear(&self) {
        self.progress.clear();
    }
}

impl Listener for Ticker<'_> {
    fn hear(&self, id: &str, news: News<'_>) {
        let News::Ended(report) = news else { return };
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if matches!(report.verdict, Verdict::Fail | Verdict::Error) {
            self.progress.say(&format!("{}: {} {id}", self.label, table::word(report.verdict)));
        }
        self.progress.update(&format!("{}: {ended} of {} scenarios", self.label, self.all));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_no_failure() {
        let ids = ["a/b".to_owned()];
        let trouble = Column { label: "v1".into(), trouble: Some("no plane".into()), report: None };
        assert_eq!(exit(&Matrix::new(String::new(), 0.0, &ids, vec![trouble])), Exit::Infra);
        assert_eq!(exit(&Matrix::new(String::new(), 0.0, &ids, vec![])), Exit::Passed);
    }
}
