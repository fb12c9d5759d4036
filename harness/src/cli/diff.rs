//! `proofroll diff` and `proofroll releases A B --diff`: what two controllers do differently.

use std::{collections::BTreeSet, path::PathBuf, thread};

use clap::Args;
use tokio::sync::{Mutex, watch};

use super::{
    args::Running,
    exit::{Exit, Fault},
    releases::{Releases, Ticker},
    run::choose,
    session::{Session, on_plane},
};
use crate::{
    behaviour::{self, Comparison, Side},
    cluster::Plane,
    report::{self, v1},
    run::provision::Provisions,
    scenario::{Library, Scenario},
};

/// `proofroll diff`
#[derive(Debug, Clone, Args)]
pub struct Diff {
    /// A report of `run --repeat 5 --report FILE`, or a directory with several of one controller.
    #[arg(value_name = "RUN_A")]
    pub a: PathBuf,
    /// The same of the other side.
    #[arg(value_name = "RUN_B")]
    pub b: PathBuf,
    /// Compare only the scenarios that have one of these in their ids.
    #[arg(value_name = "FILTER")]
    pub what: Vec<String>,
    /// Do not compare scenarios of which a side has fewer runs: with few of them races look like differences.
    #[arg(long, default_value_t = 5, value_name = "K", value_parser = runs)]
    pub runs: usize,
    /// Write what was found (JSON) to this file.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// A number of runs: at least one.
pub(super) fn runs(written: &str) -> Result<usize, String> {
    match written.parse() {
        Ok(0) => Err("there is nothing to compare without runs".into()),
        Ok(runs) => Ok(runs),
        Err(error) => Err(format!("{error}")),
    }
}

/// Nothing was compared.
#[derive(Debug, thiserror::Error)]
#[error("no scenario could be compared: none has {needed} runs on both sides (`run --repeat {needed}` makes them)")]
struct Nothing {
    needed: usize,
}

/// `proofroll diff`
///
/// # Errors
/// When a report can't be read, or nothing can be compared.
pub(super) fn run(arguments: &Diff) -> Result<Exit, Fault> {
    let read = |path: &PathBuf| -> Result<Side, Fault> {
        let mut side = Side::read(path).map_err(Fault::input)?;
        let what = &arguments.what;
        side.runs.retain(|id, _| what.is_empty() || what.iter().any(|part| id.contains(part.as_str())));
        Ok(side)
    };
    let comparison = behaviour::compare(&read(&arguments.a)?, &read(&arguments.b)?, arguments.runs);
    told(&comparison, arguments.report.as_ref())
}

/// Shows what was found, and says how it ended.
fn told(comparison: &Comparison, report: Option<&PathBuf>) -> Result<Exit, Fault> {
    anstream::print!("{}", behaviour::render(comparison));
    if let Some(file) = report {
        report::write(comparison, file).map_err(Fault::infra)?;
    }
    match (comparison.differences(), comparison.has_trouble(), comparison.scenarios.is_empty()) {
        (1.., ..) => Ok(Exit::Conformance),
        (0, true, _) => Ok(Exit::Infra),
        (0, false, true) => Err(Fault::input(Nothing { needed: comparison.needed })),
        (0, false, false) => Ok(Exit::Passed),
    }
}

/// `A B --diff` without B.
#[derive(Debug, thiserror::Error)]
#[error("--diff compares two controllers: proofroll releases A B --diff [FILTER]")]
struct NoOther;

/// `proofroll releases A B --diff`
///
/// # Errors
/// When a controller is not to be had, a filter finds nothing, or somebody interrupts.
pub(super) fn releases(arguments: &Releases) -> Result<Exit, Fault> {
    let Releases { range: a, what, jobs, runs, running, .. } = arguments;
    let Some((b, what)) = what.split_first() else { return Err(Fault::input(NoOther)) };
    let library = Library::open(running.fixtures.as_deref()).map_err(Fault::input)?;
    let mut scenarios: Vec<_> = choose(&library, what)?.into_iter().flat_map(|family| family.scenarios).collect();
    let play = |scenarios: &[Scenario]| both([a, b], scenarios, *jobs, *runs, running);
    let [of_a, of_b] = play(&scenarios)?;
    let (mut a, mut b) = (Side::of(&of_a), Side::of(&of_b));
    // A race that falls the same way in all runs of one side, and the other way in all of the other, is rare, but there
    // are many races. Twice in a row it is not met.
    let first = behaviour::compare(&a, &b, *runs);
    let differ = first.scenarios.iter().filter(|scenario| !scenario.differences.is_empty());
    let differ: BTreeSet<&String> = differ.map(|scenario| &scenario.id).collect();
    scenarios.retain(|scenario| differ.contains(&scenario.id));
    if !scenarios.is_empty() {
        anstream::eprintln!("{} scenarios seem to differ, and are played {runs} times more", scenarios.len());
        let [of_a, of_b] = play(&scenarios)?;
        a.add(&of_a);
        b.add(&of_b);
    }
    told(&behaviour::compare(&a, &b, *runs), running.report.as_ref())
}

/// Plays the scenarios on two controllers, by turns, so that a machine that becomes slower does so for both.
fn both(
    labels: [&String; 2],
    scenarios: &[Scenario],
    jobs: usize,
    rounds: usize,
    running: &Running,
) -> Result<[v1::Report; 2], Fault> {
    let together = Together { turn: Mutex::new(()), state: watch::Sender::new(State::default()) };
    let play = |label: &String| {
        let session = Session::counted(scenarios.to_vec(), jobs, running.under(label));
        let early = EndsEarly(&together.state);
        let played = together.play(label, &session, rounds)?;
        std::mem::forget(early);
        Ok(played)
    };
    let play: &(dyn Fn(&String) -> Result<v1::Report, Fault> + Sync) = &play;
    let [a, b] = thread::scope(|scope| {
        labels
            .map(|label| scope.spawn(move || play(label)))
            .map(|side| side.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    Ok([a?, b?])
}

/// Two sides that play by turns.
struct Together {
    /// Whose turn it is: given in the order in which it is asked for.
    turn: Mutex<()>,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    /// How many have a plane to play on.
    ready: usize,
    /// One of them has ended early: the other one need not play.
    given_up: bool,
}

/// Dropped by a side that ends before it has played everything, however that comes.
struct EndsEarly<'a>(&'a watch::Sender<State>);

impl Drop for EndsEarly<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.given_up = true);
    }
}

impl Together {
    /// Plays all rounds of one side; the first one when the other side is ready, too.
    fn play(&self, label: &str, session: &Session, rounds: usize) -> Result<v1::Report, Fault> {
        let ticker = Ticker::new(label, session.scenarios.len() * rounds);
        let play = async |plane: &Plane, provisions: &Provisions| {
            let mut reports = Vec::new();
            self.state.send_modify(|state| state.ready += 1);
            let both = |state: &State| state.ready == 2 || state.given_up;
            // It cannot fail: the sender lives as long as we.
            let _ = self.state.subscribe().wait_for(both).await;
            for _ in 0..rounds {
                let _turn = self.turn.lock().await;
                if self.state.borrow().given_up {
                    break;
                }
                reports.extend(session.play(plane, provisions, &ticker).await);
            }
            (reports, ())
        };
        let played = on_plane(&session.running, label, play);
        ticker.clear();
        played?.into_report()
    }
}
