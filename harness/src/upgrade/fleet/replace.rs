//! The two replacements of the controller, and what is compared around them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::{StreamExt, TryStreamExt};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    cell::{Cell, Fate, State},
    compare::{Effect, Touch, by_rollout, dropped},
    play::{AT_ONCE, Fleet, INTERVAL},
    settle::{Want, state_of},
};
use crate::{
    controller::{Build, Fenceable, pass_all},
    run::{Trouble, trouble::chain},
    timeline::Point,
    timeouts::scaled,
    upgrade::{How, moved},
};

/// How long what an upgrade has set off may take, to be told whole.
pub(super) const AFTERMATH: Duration = Duration::from_secs(20);
/// How long the events of all Rollouts may take to be told.
pub(super) const EVENTS: Duration = Duration::from_secs(180);
/// When nothing was written for so long, nothing is on its way.
const CALM: Duration = Duration::from_secs(3);
/// How long a fence may take: for all, and more for each.
const FENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(100));

impl Fleet<'_> {
    /// What the custom resources of the old release make of each.
    pub(super) async fn admitted(&self) -> Result<BTreeMap<usize, Value>, Trouble> {
        let kept = self.asked().await?.into_iter().filter_map(|(cell, answer)| Some((cell, answer.ok()?)));
        Ok(kept.collect())
    }

    /// What those of the new one make of it.
    pub(super) async fn refused(&self, before: &BTreeMap<usize, Value>) -> Result<Vec<(usize, Touch)>, Trouble> {
        let judge = |(cell, answer): (usize, Result<Value, String>)| {
            let before = before.get(&cell)?;
            match answer {
                Ok(after) => dropped(before, &after).map(|touch| (cell, touch)),
                Err(error) => Some((cell, Touch::of(Effect::Rejected, error))),
            }
        };
        Ok(self.asked().await?.into_iter().filter_map(judge).collect())
    }

    pub(super) async fn asked(&self) -> Result<Vec<(usize, Result<Value, String>)>, Trouble> {
        let asked = self.open(None).into_iter().filter_map(|cell| Some((cell, self.cells[cell].admission.as_ref()?)));
        let one =
            async |(cell, rollout): (usize, &Value)| match self.hand.admitted(&self.bin(cell).namespace, rollout).await
            {
                Ok(kept) => Ok((cell, Ok(kept))),
                Err(error) if error.is_infrastructure() => Err(Trouble::from(error)),
                Err(error) => Ok((cell, Err(error.to_string()))),
            };
        futures::stream::iter(asked).map(one).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Lets so many fences pass for each; answers those that were not reconciled. Under the old release they are left out.
    pub(super) async fn fences(&mut self, times: usize) -> Result<Vec<(usize, &'static str)>, Trouble> {
        let mut late = BTreeMap::new();
        for _ in 0..times {
            self.barriers().await?;
            let cells = self.open(None);
            let fenceable = cells.iter().filter_map(|cell| Some((*cell, self.fenceable(*cell)?)));
            let (cells, fenceable): (Vec<usize>, Vec<Fenceable>) = fenceable.unzip();
            self.say(&format!("a fence for {} Rollouts", cells.len()));
            let within = scaled(FENCE.0 + FENCE.1 * u32::try_from(cells.len()).unwrap_or(u32::MAX));
            let passed = pass_all(&self.hand.client, self.controller.log(), &fenceable, within).await;
            let passed = passed.map_err(Trouble::Infra)?;
            late.extend(cells.into_iter().zip(passed).filter_map(|(cell, late)| Some((cell, late?))));
        }
        self.barriers().await?;
        Ok(late.into_iter().collect())
    }

    pub(super) fn fenceable(&self, cell: usize) -> Option<Fenceable> {
        let bin = self.bin(cell);
        let log = bin.timeline.log();
        let world = log.history().last();
        let rollout = world.rollout(self.cells[cell].name())?;
        let newest = world.replica_sets(&rollout.metadata.uid).max_by_key(|set| set.revision());
        Some(Fenceable {
            namespace: bin.namespace.clone(),
            rollout: rollout.metadata.name.clone(),
            resource_version: rollout.metadata.resource_version.parse().unwrap_or(0),
            newest: newest.map(|set| set.metadata.name.clone()),
        })
    }

    pub(super) async fn barriers(&self) -> Result<(), Trouble> {
        let all = futures::stream::iter(&self.bins).map(|bin| bin.timeline.barrier()).buffer_unordered(8);
        all.try_for_each(|_| std::future::ready(Ok(()))).await.map_err(Trouble::from)
    }

    pub(super) fn points(&self) -> Vec<Point> {
        self.bins.iter().map(|bin| bin.timeline.log().history().end()).collect()
    }

    /// Leaves out whoever has left its state since it was last seen in it.
    pub(super) fn all_stand(&mut self) {
        for cell in self.open(None) {
            let want = if self.cells[cell].state == State::Healthy { Want::Healthy } else { Want::Paused };
            let stands = {
                let log = self.bin(cell).timeline.log();
                let world = log.history().last();
                let rollout = world.rollout(self.cells[cell].name());
                rollout.map(|rollout| state_of(rollout, world, want, &self.hashes[cell]))
            };
            let stands = stands.unwrap_or_default();
            if !stands.reached {
                let why = format!("it does not stay at rest under {}: {}", self.stage.from.label, stands.words);
                self.end(cell, Fate::NotCompared(why));
            }
        }
    }

    pub(super) async fn swap(&self, to: Option<Build>) -> Result<(), Trouble> {
        let label = to.as_ref().map_or(&self.stage.from.label, |_| &self.stage.to.label).clone();
        let kill = self.stage.how == How::Kill;
        self.controller.swap(to, kill).await.map_err(|error| Trouble::Infra(format!("{label}: {}", chain(&error))))
    }

    /// What has moved since `before`, by cell; of those whose fate is open.
    pub(super) fn moves(&self, before: &[Point]) -> Vec<(usize, Touch)> {
        let mut touched = Vec::new();
        for (bin, before) in self.bins.iter().zip(before) {
            let log = bin.timeline.log();
            let history = log.history();
            let moves = moved(history, *before, history.end(), &BTreeSet::new());
            if moves.is_empty() {
                continue;
            }
            let paused: Vec<&str> = bin
                .cells
                .iter()
                .map(|cell| &self.cells[*cell])
                .filter(|cell| cell.state == State::Paused)
                .map(Cell::name)
                .collect();
            let (mut by_name, of_nobody) = by_rollout(history, moves, &|name| paused.contains(&name));
            for moved in of_nobody {
                // A Service, say: of all that have brought it along.
                let brings = |cell: &&usize| {
                    let named = |object: &Value| {
                        object["kind"] == moved.kind.name() && object["metadata"]["name"] == *moved.name
                    };
                    self.cells[**cell].companions.namespaced.iter().any(named)
                };
                let whose: Vec<&usize> = bin.cells.iter().filter(brings).collect();
                // What nobody has brought along is everybody's trouble: nothing is passed over.
                let whose = if whose.is_empty() { bin.cells.iter().collect() } else { whose };
                for cell in whose {
                    let touch = Touch::of(Effect::Other, moved.what.clone());
                    by_name.entry(self.cells[*cell].name().to_owned()).or_default().add(touch);
                }
            }
            for cell in bin.cells.iter().filter(|cell| self.fates[**cell].is_none()) {
                touched.extend(by_name.remove(self.cells[*cell].name()).map(|touch| (*cell, touch)));
            }
        }
        touched
    }

    /// Waits until nothing more is written, or long enough. A controller tells its events late, one after the other, and
    /// of hundreds of Rollouts there are thousands: they must not be taken for what comes after.
    pub(super) async fn calm(&self, within: Duration) -> Result<(), Trouble> {
        self.say("waiting until all events are told");
        let until = Instant::now() + scaled(within);
        let arrivals = || self.bins.iter().map(|bin| bin.timeline.log().arrivals()).sum::<u64>();
        let (mut last, mut since) = (arrivals(), Instant::now());
        while Instant::now() < until && since.elapsed() < scaled(CALM) {
            tokio::time::sleep(INTERVAL).await;
            let now = arrivals();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        self.barriers().await
    }

    /// Takes the watches on what was defined anew up anew: what is lost by that is lost before the new controller is
    /// there. Answers up to where each bin is complete then.
    pub(super) async fn renew(&self) -> Result<Vec<u64>, Trouble> {
        let all = self.bins.iter().map(|bin| bin.timeline.renew());
        futures::future::try_join_all(all).await.map_err(Trouble::from)
    }

    /// Where a watch has lost states since then it is not known that nothing has moved.
    pub(super) fn gaps(&mut self, since: &[u64]) {
        let gaps: Vec<(Vec<usize>, String)> = self
            .bins
            .iter()
            .zip(since)
            .filter_map(|(bin, since)| {
                let log = bin.timeline.log();
                let history = log.history();
                let gap = history.gaps_between(*since, history.complete_to()).next()?;
                Some((bin.cells.clone(), format!("the watch on {} lost states", gap.kind)))
            })
            .collect();
        for (cells, why) in gaps {
            cells.into_iter().for_each(|cell| self.end(cell, Fate::NotCompared(why.clone())));
        }
    }
}
