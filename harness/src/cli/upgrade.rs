//! `proofroll upgrade`: the scenarios that swap the controller, all at once on one control plane for each pair.

use std::time::Instant;

use clap::Args;
use futures::StreamExt;
use jiff::Timestamp;

use super::{
    args::Running,
    exit::{Exit, Fault},
    fleet::{self, Fleet},
    progress::TerminalProgress,
    releases::{Ticker, into_column, shown},
    run::choose,
    session::{on_plane, options},
};
use crate::{
    act::Kinds,
    cluster::Plane,
    controller::{ControllerSpec, UnderTest},
    parts::{Parts, pin},
    releases::{Column, Matrix},
    report::v1,
    run::{self, Stage, provision::Provisions},
    scenario::{Gate, Library, Scenario, gate},
    upgrade::{How, Pair, Swap, all_pairs},
};

/// `proofroll upgrade`
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// The release before: `v1.8.5`.
    #[arg(value_name = "FROM", required_unless_present = "all", requires = "to")]
    pub from: Option<String>,
    /// The one after: a release, a binary or a checkout.
    #[arg(value_name = "TO")]
    pub to: Option<String>,
    /// Every pinned release to the next one, and the older ones to the newest.
    #[arg(long, conflicts_with = "from")]
    pub all: bool,
    /// And the way back.
    #[arg(long)]
    pub back: bool,
    /// Kill the old controller (-9) before the new one is started, as a node that fails does.
    #[arg(long)]
    pub kill: bool,
    /// Only these: ids, parts of ids, or files that end in .yaml.
    #[arg(long, value_name = "FILTER|FILE")]
    pub only: Vec<String>,
    /// Your own Rollouts.
    #[command(flatten)]
    pub fleet: Fleet,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// `proofroll upgrade`
///
/// # Errors
/// When a release is not to be had, a filter finds nothing, or somebody interrupts.
pub(super) fn run(arguments: &Upgrade) -> Result<Exit, Fault> {
    let Upgrade { from, to, all, back, kill, only, fleet, running } = arguments;
    let how = if *kill { How::Kill } else { How::Rolling };
    if let (Some(from), Some(to)) = (from, to)
        && fleet.is_asked_for()
    {
        let pair = Pair { from: from.clone(), to: to.clone() };
        return fleet::run(fleet, &pair, &new_release(&pair, running)?, how, &under_old_release(&pair, running)?);
    }
    let (started, began) = (Timestamp::now().to_string(), Instant::now());
    let library = Library::open(running.fixtures.as_deref()).map_err(Fault::input)?;
    let chosen = choose(&library, only)?.into_iter().flat_map(|family| family.scenarios);
    let scenarios: Vec<_> = chosen.filter(|scenario| scenario.swap().is_some()).collect();
    let mut pairs = match (from, to) {
        (Some(from), Some(to)) if !all => vec![Pair { from: from.clone(), to: to.clone() }],
        _ => all_pairs(&pin::releases()),
    };
    if *back {
        let returns: Vec<_> =
            pairs.iter().map(|Pair { from, to }| Pair { from: to.clone(), to: from.clone() }).collect();
        pairs.extend(returns);
    }
    let columns = pairs.iter().map(|pair| column(pair, how, &scenarios, running)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = scenarios.iter().map(|scenario| scenario.id.clone()).collect();
    shown(&Matrix::new(started, began.elapsed().as_secs_f64(), &ids, columns), "upgrades", running)
}

/// All scenarios under one pair.
fn column(pair: &Pair, how: How, scenarios: &[Scenario], running: &Running) -> Result<Column, Fault> {
    let to = new_release(pair, running)?;
    let label = pair.to_string();
    let ticker = Ticker::new(&label, scenarios.len());
    let running = under_old_release(pair, running)?;
    let play = async |plane: &Plane, provisions: &Provisions| {
        let release = &provisions.release;
        let capabilities = running.cluster.capabilities();
        let why_not = |scenario: &Scenario| {
            let both = [&release.version, &to.version].map(|version| gate(scenario, &capabilities, version));
            both.into_iter().find_map(|gate| if let Gate::Skip(reason) = gate { Some(reason) } else { None })
        };
        let there = scenarios.iter().filter(|scenario| why_not(scenario).is_none());
        let swap = Swap::new(release.version.clone(), to.clone(), how, there.map(|scenario| scenario.id.clone()));
        let kinds = Kinds::new();
        let options = options(&running, provisions);
        let stage = Stage { plane, kinds, release, listener: &ticker, options, swap: Some(&swap) };
        let one = async |scenario: &Scenario| match why_not(scenario) {
            Some(reason) => run::skipped(scenario, reason, &ticker),
            None => run::run(&stage, scenario).await,
        };
        // All of them at once: they meet at their swaps.
        let reports = futures::stream::iter(scenarios).map(one).buffer_unordered(scenarios.len().max(1));
        (reports.collect::<Vec<v1::Scenario>>().await, ())
    };
    let outcome = on_plane(&running, &label, play).and_then(|played| played.into_report());
    ticker.clear();
    let outcome = outcome.map(|report| v1::Report {
        upgraded_to: Some(v1::Controller {
            version: to.version.to_string(),
            label: to.label.clone(),
            sha256: to.sha256.clone(),
        }),
        ..report
    });
    into_column(label.clone(), outcome)
}

/// The release after, built if need be.
fn new_release(pair: &Pair, running: &Running) -> Result<UnderTest, Fault> {
    let progress = TerminalProgress::new();
    let to = Parts::from_env().and_then(|parts| {
        let spec = ControllerSpec::parse(&pair.to)?;
        let as_version = running.as_version.as_ref().filter(|_| !matches!(spec, ControllerSpec::Release(_)));
        parts.controller(&spec, as_version, &progress)
    });
    progress.clear();
    Ok(to?.into())
}

/// A run under the release before, alone on its plane.
fn under_old_release(pair: &Pair, running: &Running) -> Result<Running, Fault> {
    ControllerSpec::parse(&pair.from)?;
    Ok(Running { alone: true, ..running.under(&pair.from) })
}
