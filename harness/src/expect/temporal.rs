//! Claims over time: the first state that satisfies `expect`, the states that are passed on the
//! way (`through`), and what must never or always be (`never`, `always`, `hold`) over a span.

use std::ops::ControlFlow;

use super::{
    event,
    matcher::{Check, Subject, compare, compare_throughout, satisfied},
};
use crate::{
    scenario::model::StateMatch,
    timeline::{Gap, History, Point, World},
};

/// The first point from `from` on at which all fields hold at once.
pub fn first(history: &History, from: Point, expected: &StateMatch, subject: Subject<'_>) -> Option<Point> {
    history.walk(from, history.end(), |point, world| {
        if satisfied(expected, world, subject) { ControlFlow::Break(point) } else { ControlFlow::Continue(()) }
    })
}

/// How far the states of `through` were met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where each was met, in order; shorter than `through` if one was not.
    pub met: Vec<Point>,
    /// The state that came nearest to the first one that was not met: where it was, and its checks.
    pub nearest: Option<(Point, Vec<Check>)>,
}

/// Finds the states of `through` one after the other, between `from` and `to`.
pub fn passage(history: &History, from: Point, to: Point, through: &[StateMatch], subject: Subject<'_>) -> Passage {
    let mut met: Vec<Point> = Vec::new();
    let mut nearest: Option<(Point, Vec<Check>)> = None;
    history.walk(from, to, |point, world| -> ControlFlow<()> {
        // One state can be the next of several only if they describe the same; then each needs its own.
        let Some(wanted) = through.get(met.len()) else { return ControlFlow::Break(()) };
        let checks = compare(wanted, world, subject);
        if checks.iter().all(|check| check.ok) {
            met.push(point);
            nearest = None;
        } else {
            let failing = |checks: &[Check]| checks.iter().filter(|check| !check.ok).count();
            if nearest.as_ref().is_none_or(|(_, best)| failing(&checks) < failing(best)) {
                nearest = Some((point, checks));
            }
        }
        ControlFlow::Continue(())
    });
    let nearest = if met.len() < through.len() { nearest } else { None };
    Passage { met, nearest }
}

/// What became of a claim over a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It held in each of so many states.
    Held(usize),
    /// It was broken first at this point; there the checks are as given.
    Broken(Point, Vec<Check>),
    /// Nothing can be said.
    NotJudged(Why),
}

/// Why nothing can be said of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// States of the span were missed.
    Gap(Gap),
    /// So many events were seen that the controller's client library may have dropped others.
    Events(u64),
}

/// That no state from `from` to `to` (both in) satisfies `forbidden`.
pub fn never(history: &History, from: Point, to: Point, forbidden: &StateMatch, subject: Subject<'_>) -> Claim {
    over(
        history,
        from,
        to,
        |world| {
            let checks = compare(forbidden, world, subject);
            (!checks.iter().all(|check| check.ok), checks)
        },
        forbidden,
        subject,
    )
}

/// That each state from `from` to `to` (both in) satisfies `required`.
pub fn always(history: &History, from: Point, to: Point, required: &StateMatch, subject: Subject<'_>) -> Claim {
    over(
        history,
        from,
        to,
        |world| {
            let checks = compare_throughout(required, world, subject);
            (checks.iter().all(|check| check.ok), checks)
        },
        required,
        subject,
    )
}

fn over(
    history: &History,
    from: Point,
    to: Point,
    judge: impl Fn(&World) -> (bool, Vec<Check>),
    described: &StateMatch,
    subject: Subject<'_>,
) -> Claim {
    let mut judged = 0;
    let broken = history.walk(from, to, |point, world| {
        judged += 1;
        let (holds, checks) = judge(world);
        if holds { ControlFlow::Continue(()) } else { ControlFlow::Break((point, checks)) }
    });
    if let Some((point, checks)) = broken {
        return Claim::Broken(point, checks);
    }
    if let Some(gap) = history.gaps_between(history.rv(from), history.rv(to)).next() {
        return Claim::NotJudged(Why::Gap(*gap));
    }
    let events = described.event.as_ref().map(|expected| event::most(history, to, expected.about.as_ref(), subject));
    match events {
        Some(most) if most >= event::BURST => Claim::NotJudged(Why::Events(most)),
        _ => Claim::Held(judged),
    }
}
