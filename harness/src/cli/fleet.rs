//! `proofroll upgrade FROM TO --with FILE|DIR|-`: somebody's own Rollouts instead of our scenarios.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use jiff::Timestamp;

use super::{
    args::Running,
    exit::{Exit, Fault},
    progress::TerminalProgress,
};
use crate::{
    cluster::existing::Context,
    controller::UnderTest,
    process::interrupt,
    progress::Progress,
    report,
    run::{
        provision,
        wish::{self, Provider},
    },
    timeouts::scaled,
    upgrade::{
        How, Pair,
        fleet::{
            self, Cell, Fate, FleetReport, Input, Member, Stage, State,
            blame::{self, Blame},
            report::RolloutReport,
            table,
        },
    },
};

/// How long a cluster may take to tell all that is asked.
const READ_WITHIN: Duration = Duration::from_secs(120);

/// Which Rollouts, and how they are played.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Preflight of your own Rollouts")]
pub struct Fleet {
    /// Your own Rollouts instead of our scenarios: a file, a directory, or - for the standard input. As
    /// `kubectl get rollouts -A -o yaml` prints them, as manifests, or as JSON. Add what they name (Services,
    /// AnalysisTemplates, the Deployment of a workloadRef): what is missing is made up, and said. No cluster is
    /// contacted. Exit code 1 if a Rollout would be touched, 2 if one could not be compared at all.
    #[arg(long, value_name = "FILE|DIR|-", conflicts_with_all = ["all", "back", "only"])]
    pub with: Vec<PathBuf>,
    /// The Rollouts of a cluster, and what they name, read through this context of KUBECONFIG: get and list, nothing
    /// else. It is said before it is done.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["with", "all", "back", "only"])]
    pub from_context: Option<String>,
    /// With --with or --from-context: more replicas than this are played as so many.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_replicas: u32,
    /// With --with or --from-context: don't look for the part of a spec that is to blame (a minute for each cause).
    #[arg(long)]
    pub no_blame: bool,
}

impl Fleet {
    /// Whether somebody's own Rollouts were asked for.
    pub(super) fn is_asked_for(&self) -> bool {
        !self.with.is_empty() || self.from_context.is_some()
    }

    /// Reads what was given.
    fn input(&self, progress: &dyn Progress) -> Result<Input, Fault> {
        match &self.from_context {
            Some(context) => from_context(context, progress),
            None => fleet::read(&self.with).map_err(Fault::input),
        }
    }
}

/// Reads the Rollouts of a cluster; says so before.
fn from_context(name: &str, progress: &dyn Progress) -> Result<Input, Fault> {
    let context = Context::read(&wish::kubeconfig(), Some(name)).map_err(Fault::input)?;
    progress.say(&format!(
        "reading the Rollouts of all namespaces, and the Services, analysis templates and workloads that they name, from \
         {} ({}): get and list, nothing is written",
        context.name(),
        context.server()
    ));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::infra)?;
    let input = runtime.block_on(async {
        let client = context.client().map_err(Fault::infra)?;
        let reading = tokio::time::timeout(scaled(READ_WITHIN), fleet::read_cluster(&client, name, progress));
        tokio::select! {
            read = reading => match read {
                Ok(read) => read.map_err(Fault::infra),
                Err(_) => Err(Fault::infra(Told(format!("{name} could not be read within {READ_WITHIN:?}")))),
            },
            () = interrupt::interrupted() => Err(Fault::interrupted()),
        }
    })?;
    match input.rollouts.is_empty() {
        true => Err(Fault::input(Told(format!("there is no Rollout in {name}")))),
        false => Ok(input),
    }
}

/// Trouble of the plane or a controller, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);

/// Plays somebody's own Rollouts through an upgrade.
///
/// # Errors
/// When they cannot be read, there is nothing to play them on, or somebody interrupts.
pub(super) fn run(asked: &Fleet, pair: &Pair, to: &UnderTest, how: How, running: &Running) -> Result<Exit, Fault> {
    let (started, began) = (Timestamp::now().to_string(), Instant::now());
    if running.cluster.cluster != Provider::Embedded {
        let why =
            "your own Rollouts are played on a control plane of proofroll's own (--cluster embedded), and nowhere else";
        return Err(Fault::input(Told(why.into())));
    }
    let progress = TerminalProgress::new();
    interrupt::listen().map_err(Fault::infra)?;
    let input = asked.input(&progress).inspect_err(|_| progress.clear())?;
    let members = fleet::members(&input, asked.max_replicas);
    let mut wish = running.cluster.wish(running.controller.as_ref(), running.as_version.as_ref());
    wish.alone = true;
    let provisions = provision::provide(&wish, &progress).inspect_err(|_| progress.clear())?;
    progress.say(&format!("{} Rollouts, {pair}: each is played healthy and paused in an update", members.len()));
    let from = &provisions.release;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let play = async |purpose: &str, cells: &[Cell]| {
        let acquired = provision::acquire_unless(&provisions, purpose, &progress, interrupt::interrupted()).await;
        let plane = acquired.map_err(Fault::infra)?.ok_or_else(Fault::interrupted)?;
        let stage = Stage { plane: &plane, from, to, how, progress: &progress };
        let fates = tokio::select! {
            fates = fleet::play(&stage, cells) => fates.map_err(|trouble| Fault::infra(Told(trouble.text().to_owned()))),
            () = interrupt::interrupted() => Err(Fault::interrupted()),
        };
        let released = plane.release(true).await.map_err(Fault::infra);
        let fates = fates?;
        released.map(|()| fates)
    };
    let outcome = runtime.map_err(Fault::infra)?.block_on(judge(&members, asked.no_blame, &progress, play));
    progress.clear();
    let report = FleetReport::new(started, began.elapsed().as_secs_f64(), from, to, outcome?);
    anstream::print!("{}", table::render(&report));
    if let Some(file) = &running.report {
        report::write(&report, file).map_err(Fault::infra)?;
    }
    Ok(exit(&report))
}

/// What of a fleet is not known must not pass for safe.
fn exit(report: &FleetReport) -> Exit {
    match (report.totals.touched, report.totals.not_compared) {
        (1.., _) => Exit::Conformance,
        (0, 1..) => Exit::Input,
        (0, 0) => Exit::Passed,
    }
}

/// The fate of each in both states, and what is to blame.
async fn judge(
    members: &[Member],
    no_blame: bool,
    progress: &TerminalProgress,
    mut play: impl AsyncFnMut(&str, &[Cell]) -> Result<Vec<Fate>, Fault>,
) -> Result<Vec<RolloutReport>, Fault> {
    let states = [State::Healthy, State::Paused];
    let played: Vec<(usize, State, Cell)> = members
        .iter()
        .enumerate()
        .flat_map(|(index, member)| states.map(|state| member.cell(state).map(|cell| (index, state, cell))))
        .flatten()
        .collect();
    let cells: Vec<Cell> = played.iter().map(|(_, _, cell)| cell.clone()).collect();
    let fates = play(&format!("a fleet of {} Rollouts", members.len()), &cells).await?;
    let mut rows: Vec<[Fate; 2]> = members
        .iter()
        .map(|member| {
            let never = member.never_pauses.clone().unwrap_or_default();
            [Fate::NotCompared("it was not played".into()), Fate::NotCompared(never)]
        })
        .collect();
    let mut touched: Vec<(usize, Cell)> = Vec::new();
    for ((index, state, cell), fate) in played.into_iter().zip(fates) {
        // What a definition refuses it names itself, and one state of a Rollout is enough to look for the rest.
        let moves = matches!(&fate, Fate::Touched(touch) if touch.effects.iter().any(|effect| !effect.is_named()));
        if moves && touched.last().is_none_or(|(last, _)| *last != index) {
            touched.push((index, cell));
        }
        rows[index][usize::from(state == State::Paused)] = fate;
    }
    let mut blames: Vec<Option<Blame>> = vec![None; members.len()];
    if !no_blame && !touched.is_empty() {
        progress.say(&format!("{} would be touched: looking for what is to blame", touched.len()));
        let cells: Vec<Cell> = touched.iter().map(|(_, cell)| cell.clone()).collect();
        let told = async |what: &str, cells: &[Cell]| {
            progress.say(&format!("  {what}"));
            play(what, cells).await
        };
        let found = blame::search(&cells, told).await?;
        touched.iter().zip(found).for_each(|((index, _), blame)| blames[*index] = Some(blame));
    }
    let report =
        |((member, fates), blame): ((&Member, [Fate; 2]), _)| RolloutReport::of(member, &fates[0], &fates[1], blame);
    Ok(members.iter().zip(rows).zip(blames).map(report).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upgrade::fleet::{Effect, Touch};

    const ROLLOUT: &str = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a}, spec: {strategy: {canary: \
                           {antiAffinity: {required: {}}, steps: [{pause: {}}]}}}}";

    fn played(rollout: &str, fate: fn(&Cell) -> Fate) -> (Exit, Vec<RolloutReport>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("fleet.yaml");
        std::fs::write(&file, rollout).unwrap();
        let members = fleet::members(&fleet::read(&[file]).unwrap(), 3);
        let play = async |_: &str, cells: &[Cell]| Ok(cells.iter().map(fate).collect());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let rows = runtime.block_on(judge(&members, false, &TerminalProgress::new(), play)).unwrap();
        let release = UnderTest {
            version: semver::Version::new(1, 8, 5),
            label: "v1.8.5".into(),
            sha256: String::new(),
            files: None,
        };
        let report = FleetReport::new(String::new(), 0.0, &release, &release, rows);
        (exit(&report), report.rollouts)
    }

    #[test]
    fn who_is_touched_makes_it_one_and_is_looked_into() {
        let (exit, rows) = played(ROLLOUT, |cell| match &cell.rollout["spec"]["strategy"]["canary"]["antiAffinity"] {
            serde_json::Value::Null => Fate::Untouched,
            _ => Fate::Touched(Touch::of(Effect::SpuriousRevision, "moved".into())),
        });
        assert_eq!(exit, Exit::Conformance);
        assert_eq!(rows[0].blame.as_ref().unwrap().parts, ["spec.strategy.canary.antiAffinity"]);
    }

    #[test]
    fn who_could_not_be_compared_does_not_pass_for_safe() {
        assert_eq!(played(ROLLOUT, |_| Fate::Untouched).0, Exit::Passed);
        assert_eq!(played(ROLLOUT, |_| Fate::NotCompared("why".into())).0, Exit::Input);
        let half = |cell: &Cell| match cell.state {
            State::Healthy => Fate::Untouched,
            State::Paused => Fate::NotCompared("why".into()),
        };
        assert_eq!(played(ROLLOUT, half).0, Exit::Passed);
    }
}
