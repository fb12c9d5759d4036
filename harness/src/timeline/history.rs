//! The completed part of the log: every write that the namespace saw, in the order in which the
//! API server accepted them. One write is one step from a state to the next.

use std::{ops::ControlFlow, sync::Arc};

use jiff::Timestamp;

use super::{kind::Kind, object::Object, stream::Gap, world::World};

/// One write, as it was seen.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its resourceVersion: its place in the order.
    pub rv: u64,
    /// When it arrived here, by this machine's clock; later than the write itself.
    pub arrived: Timestamp,
    /// The object after the write, or before its deletion.
    pub object: Arc<Object>,
    /// The write deleted it.
    pub deleted: bool,
}

impl Entry {
    /// The kind of its object.
    pub fn kind(&self) -> Kind {
        self.object.kind
    }
}

/// A state in the history: the one that `self.0` writes have led to. Point 0 is the empty namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Point(pub usize);

impl Point {
    /// The state one write later.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Every how many writes a state is kept, so that a walk need not begin at the beginning.
const CHECKPOINT: usize = 64;

/// The ordered writes, complete up to [`History::complete_to`].
#[derive(Debug, Default)]
pub struct History {
    entries: Vec<Entry>,
    /// The states at points 0, CHECKPOINT, 2 x CHECKPOINT, ...
    checkpoints: Vec<World>,
    last: World,
    complete_to: u64,
    gaps: Vec<Gap>,
}

impl History {
    /// Appends writes that all lie beyond [`History::complete_to`], after which the history is
    /// complete up to `complete_to`.
    pub(super) fn append(&mut self, mut entries: Vec<Entry>, complete_to: u64) {
        entries.sort_by_key(|entry| entry.rv);
        if self.checkpoints.is_empty() {
            self.checkpoints.push(World::default());
        }
        for entry in entries {
            debug_assert!(entry.rv > self.complete_to, "a write arrived behind a barrier");
            self.last.apply(&entry);
            self.entries.push(entry);
            if self.entries.len().is_multiple_of(CHECKPOINT) {
                self.checkpoints.push(self.last.clone());
            }
        }
        self.complete_to = self.complete_to.max(complete_to);
    }

    pub(super) fn add_gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// All writes, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The write that leads to `point`; none for the first point.
    pub fn entry(&self, point: Point) -> Option<&Entry> {
        self.entries.get(point.0.checked_sub(1)?)
    }

    /// Up to this resourceVersion nothing is missing, but for the gaps.
    pub fn complete_to(&self) -> u64 {
        self.complete_to
    }

    /// The newest point.
    pub fn end(&self) -> Point {
        Point(self.entries.len())
    }

    /// The newest state.
    pub fn last(&self) -> &World {
        &self.last
    }

    /// The resourceVersion of the write that leads to `point`; 0 for the first point.
    pub fn rv(&self, point: Point) -> u64 {
        self.entry(point).map_or(0, |entry| entry.rv)
    }

    /// The first point whose write has this resourceVersion or a later one; one past the end if
    /// there is none yet.
    pub fn at_rv(&self, rv: u64) -> Point {
        Point(self.entries.partition_point(|entry| entry.rv < rv) + 1)
    }

    /// The gaps that overlap the stretch of resourceVersions from `from` to `to`.
    pub fn gaps_between(&self, from: u64, to: u64) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(move |gap| gap.after < to && gap.until > from)
    }

    /// The state at `point`.
    pub fn world(&self, point: Point) -> World {
        if point >= self.end() {
            return self.last.clone();
        }
        let checkpoint = point.0 / CHECKPOINT;
        let Some(kept) = self.checkpoints.get(checkpoint) else { return World::default() };
        let mut world = kept.clone();
        for entry in &self.entries[checkpoint * CHECKPOINT..point.0] {
            world.apply(entry);
        }
        world
    }

    /// Visits the states from `from` to `to`, both in, in order, until `visit` breaks.
    pub fn walk<B>(&self, from: Point, to: Point, mut visit: impl FnMut(Point, &World) -> ControlFlow<B>) -> Option<B> {
        let to = to.min(self.end());
        if from > to {
            return None;
        }
        let mut world = self.world(from);
        let mut point = from;
        loop {
            if let ControlFlow::Break(value) = visit(point, &world) {
                return Some(value);
            }
            if point >= to {
                return None;
            }
            world.apply(&self.entries[point.0]);
            point = point.next();
        }
    }
}
