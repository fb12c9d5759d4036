//! Brings Rollouts to their states under one release, replaces the controller, and compares.
//!
//! One controller serves all of them, as in a cluster. Each Rollout has a history: it is deployed, updated and promoted
//! (a live Rollout has been updated at some time, and that is what an upgrade may trip over); those that are to stand
//! paused are updated once more. Then the controller is replaced twice: by itself first, which must move nothing (what
//! moves by that is not the upgrade's doing), and then by the new release.

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    binder::Binder,
    cell::{Cell, Fate, State},
    compare::{Effect, Touch},
    hand::Hand,
    replace::{AFTERMATH, EVENTS},
    setting::{Bin, Stage, controller, open},
    settle::{Seen, Want, state_of},
    stub::METRIC,
};
use crate::{
    act::{ActError, Kinds, wait_for_new_second},
    controller::Controller,
    metrics::{MetricServer, placeholder},
    parts::Manifests,
    rollout::Rollout,
    run::{Trouble, trouble::chain},
    scenario::model::Answer,
    timeline::World,
    timeouts::scaled,
    upgrade::swap,
};

/// So many requests at a time.
pub(super) const AT_ONCE: usize = 24;
/// How often it is looked how far all are.
pub(super) const INTERVAL: Duration = Duration::from_millis(250);
/// When nothing has changed anywhere for so long, nothing is to come.
const QUIET: Duration = Duration::from_secs(12);
/// When no further Rollout has come to its state for so long, none will.
const NO_MORE: Duration = Duration::from_secs(90);

/// Plays all cells at once; answers the fate of each.
///
/// # Errors
/// When the plane or a controller cannot do its job.
pub async fn play(stage: &Stage<'_>, cells: &[Cell]) -> Result<Vec<Fate>, Trouble> {
    let infra = |error: &dyn std::error::Error| Trouble::Infra(chain(error));
    let metrics = MetricServer::start().await.map_err(|error| infra(&error))?;
    let succeeds = Answer { value: Some(1.into()), status: None, delay: None, times: None };
    metrics.script(METRIC, &[succeeds]);
    let hand = Hand { client: stage.plane.client(), kinds: Kinds::new() };
    let setting_up = async { tokio::try_join!(open(stage, cells), controller(stage, cells.len())) };
    let (bins, controller) = tokio::select! {
        set_up = setting_up => set_up?,
        why = stage.plane.broken() => return Err(Trouble::Infra(why)),
    };
    let _binder = Binder::start(hand.clone());
    let mut fleet = Fleet::new(stage, cells, bins, &controller, hand, metrics.url());
    let outcome = tokio::select! {
        outcome = fleet.play() => outcome,
        error = controller.exited() => Err(infra(&error)),
        why = stage.plane.broken() => Err(Trouble::Infra(why)),
    };
    if let Err(trouble) = outcome {
        let broken = stage.plane.soon_broken().await;
        return Err(broken.map_or(trouble, Trouble::Infra));
    }
    Ok(fleet.fates.into_iter().map(|fate| fate.unwrap_or(Fate::Untouched)).collect())
}

/// All that is played at once.
pub(super) struct Fleet<'a> {
    pub stage: &'a Stage<'a>,
    pub cells: &'a [Cell],
    pub bins: Vec<Bin>,
    /// In which bin each cell is.
    place: Vec<usize>,
    pub controller: &'a Controller,
    pub hand: Hand,
    metrics: String,
    /// None as long as nothing is known.
    pub fates: Vec<Option<Fate>>,
    /// The hash of the pod template of the last revision that is over.
    pub hashes: Vec<String>,
}

impl<'a> Fleet<'a> {
    fn new(
        stage: &'a Stage<'a>,
        cells: &'a [Cell],
        bins: Vec<Bin>,
        controller: &'a Controller,
        hand: Hand,
        metrics: String,
    ) -> Self {
        let mut place = vec![0; cells.len()];
        bins.iter().enumerate().for_each(|(bin, content)| content.cells.iter().for_each(|cell| place[*cell] = bin));
        let (fates, hashes) = (vec![None; cells.len()], vec![String::new(); cells.len()]);
        Self { stage, cells, bins, place, controller, hand, metrics, fates, hashes }
    }

    async fn play(&mut self) -> Result<(), Trouble> {
        let from = self.stage.from.label.clone();
        self.deploy().await?;
        let deployed = self.settle(&self.open(None), Want::Healthy, &format!("{from}: deployed")).await?;
        self.leave_out(&deployed, "did not become healthy");
        self.update("proofroll.dev/first-update", None).await?;
        let all = self.open(None);
        let standing = self.settle(&all, Want::HealthyOrPaused, &format!("{from}: updated")).await?;
        self.promote(&standing).await?;
        let promoted = self.settle(&self.open(None), Want::Healthy, &format!("{from}: promoted")).await?;
        self.leave_out(&promoted, "did not become healthy again after an update");
        self.update("proofroll.dev/second-update", Some(State::Paused)).await?;
        let paused = self.open(Some(State::Paused));
        let paused = self.settle(&paused, Want::Paused, &format!("{from}: paused")).await?;
        self.leave_out(&paused, "did not come to a pause");

        let admitted = self.admitted().await?;
        self.fences(2).await?;
        self.calm(EVENTS).await?;
        self.all_stand();
        let before = self.points();
        self.swap(None).await?;
        self.fences(2).await?;
        self.calm(EVENTS).await?;
        for (cell, touch) in self.moves(&before) {
            let what = touch.moves.into_iter().next().unwrap_or_default();
            self.end(cell, Fate::NotCompared(format!("a restart of {from} alone moves it: {what}")));
        }
        let before = self.points();
        self.say(&format!("{from} -> {}: the controller is replaced", self.stage.to.label));
        let applied = swap::apply_crds(&self.hand.client, self.stage.to).await;
        applied.map_err(|error| Trouble::Infra(chain(&error)))?;
        let renewed = self.renew().await?;
        let to = self.stage.to.build(Manifests::install);
        self.swap(to).await?;
        let unreached = self.fences(2).await?;
        let mut touched = self.moves(&before);
        if !touched.is_empty() {
            self.calm(AFTERMATH).await?;
            touched = self.moves(&before);
        }
        let mut touched: BTreeMap<usize, Touch> = touched.into_iter().collect();
        for (cell, why) in unreached {
            let what = format!("{} has not reconciled it: {why}", self.stage.to.label);
            touched.entry(cell).or_default().add(Touch::of(Effect::NotReconciled, what));
        }
        for (cell, touch) in self.refused(&admitted).await? {
            touched.entry(cell).or_default().add(touch);
        }
        touched.into_iter().for_each(|(cell, touch)| self.end(cell, Fate::Touched(touch)));
        self.gaps(&renewed);
        Ok(())
    }

    /// The cells whose fate is open.
    pub(super) fn open(&self, state: Option<State>) -> Vec<usize> {
        let fits =
            |cell: &usize| self.fates[*cell].is_none() && state.is_none_or(|state| self.cells[*cell].state == state);
        (0..self.cells.len()).filter(fits).collect()
    }

    pub(super) fn end(&mut self, cell: usize, fate: Fate) {
        self.fates[cell].get_or_insert(fate);
    }

    fn leave_out(&mut self, seen: &BTreeMap<usize, Seen>, why: &str) {
        for (cell, seen) in seen.iter().filter(|(_, seen)| !seen.reached) {
            let reason = format!("it {why} under {}: {}", self.stage.from.label, seen.words);
            self.end(*cell, Fate::NotCompared(reason));
        }
    }

    pub(super) fn say(&self, line: &str) {
        self.stage.progress.update(line);
    }

    pub(super) fn bin(&self, cell: usize) -> &Bin {
        &self.bins[self.place[cell]]
    }

    async fn deploy(&mut self) -> Result<(), Trouble> {
        let mut shared: Vec<&Value> = Vec::new();
        let mut companions: Vec<(&str, &Value)> = Vec::new();
        for (cell, content) in self.cells.iter().enumerate() {
            let namespace = self.bins[self.place[cell]].namespace.as_str();
            shared
                .extend(content.companions.shared.iter().filter(|object| !shared.contains(object)).collect::<Vec<_>>());
            for object in &content.companions.namespaced {
                if !companions.contains(&(namespace, object)) {
                    companions.push((namespace, object));
                }
            }
        }
        let made = shared.into_iter().map(|object| ("", object)).chain(companions);
        let one = async |(namespace, object): (&str, &Value)| {
            let filled = placeholder::fill_in(object, &self.metrics);
            (namespace.to_owned(), object.clone(), self.hand.make(namespace, &filled).await)
        };
        let outcomes: Vec<_> = futures::stream::iter(made).map(one).buffer_unordered(AT_ONCE).collect().await;
        for (namespace, object, outcome) in outcomes {
            let Some(error) = refusal(outcome)? else { continue };
            let brings = |cell: &usize| {
                let companions = &self.cells[*cell].companions;
                companions.shared.contains(&object)
                    || self.bin(*cell).namespace == namespace && companions.namespaced.contains(&object)
            };
            let those: Vec<usize> = (0..self.cells.len()).filter(brings).collect();
            those.into_iter().for_each(|cell| self.end(cell, Fate::NotCompared(error.clone())));
        }
        let one =
            async |cell: usize| (cell, self.hand.make(&self.bin(cell).namespace, &self.cells[cell].rollout).await);
        let outcomes: Vec<_> =
            futures::stream::iter(self.open(None)).map(one).buffer_unordered(AT_ONCE).collect().await;
        self.refusals(outcomes)
    }

    async fn update(&mut self, image: &str, state: Option<State>) -> Result<(), Trouble> {
        let cells = self.open(state);
        if cells.is_empty() {
            return Ok(());
        }
        for cell in &cells {
            let hash = self.look(*cell, |rollout, _| rollout.status.current_pod_hash.clone());
            self.hashes[*cell] = hash.unwrap_or_default();
        }
        let now = wait_for_new_second(&self.hand.client, Some(jiff::Timestamp::now())).await;
        now.map_err(Trouble::from)?;
        let one = async |cell: usize| {
            let content = &self.cells[cell];
            let object = content.workload().unwrap_or(&content.rollout);
            (cell, self.hand.set_image(&self.bin(cell).namespace, object, image).await)
        };
        let outcomes: Vec<_> = futures::stream::iter(cells).map(one).buffer_unordered(AT_ONCE).collect().await;
        self.refusals(outcomes)
    }

    /// Whatever is not through with its update by itself.
    async fn promote(&mut self, standing: &BTreeMap<usize, Seen>) -> Result<(), Trouble> {
        let waiting: Vec<usize> = standing.iter().filter(|(_, seen)| !seen.healthy).map(|(cell, _)| *cell).collect();
        let one = async |cell: usize| {
            (cell, self.hand.promote_fully(&self.bin(cell).namespace, self.cells[cell].name()).await)
        };
        let outcomes: Vec<_> = futures::stream::iter(waiting).map(one).buffer_unordered(AT_ONCE).collect().await;
        self.refusals(outcomes)
    }

    fn refusals(&mut self, outcomes: Vec<(usize, Result<(), ActError>)>) -> Result<(), Trouble> {
        for (cell, outcome) in outcomes {
            if let Some(error) = refusal(outcome)? {
                self.end(cell, Fate::NotCompared(format!("under {}: {error}", self.stage.from.label)));
            }
        }
        Ok(())
    }

    /// Reads something of a Rollout as it is just now.
    fn look<T>(&self, cell: usize, read: impl FnOnce(&Rollout, &World) -> T) -> Option<T> {
        let log = self.bin(cell).timeline.log();
        let world = log.live();
        world.rollout(self.cells[cell].name()).map(|rollout| read(rollout, world))
    }

    /// Waits until all `cells` are where they shall be, or nothing is to come any more.
    async fn settle(&self, cells: &[usize], want: Want, doing: &str) -> Result<BTreeMap<usize, Seen>, Trouble> {
        let mut seen: BTreeMap<usize, Seen> = BTreeMap::new();
        let (mut changed, mut advanced) = (Instant::now(), Instant::now());
        loop {
            let mut reached = 0;
            for cell in cells {
                let now = self.look(*cell, |rollout, world| state_of(rollout, world, want, &self.hashes[*cell]));
                let now = now.unwrap_or_default();
                if seen.get(cell) != Some(&now) {
                    changed = Instant::now();
                    if now.reached && !seen.get(cell).is_some_and(|before| before.reached) {
                        advanced = changed;
                    }
                }
                reached += usize::from(now.reached || now.hopeless);
                seen.insert(*cell, now);
            }
            self.say(&format!("{doing} {reached} of {}", cells.len()));
            let over = changed.elapsed() > scaled(QUIET) || advanced.elapsed() > scaled(NO_MORE);
            if reached == cells.len() || over {
                return Ok(seen);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// What the API server did not want, in words.
fn refusal(outcome: Result<(), ActError>) -> Result<Option<String>, Trouble> {
    match outcome {
        Ok(()) => Ok(None),
        Err(error) if error.is_infrastructure() => Err(Trouble::from(error)),
        Err(error) => Ok(Some(error.to_string())),
    }
}
