//! What two sides do differently.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    elements::{self, Element},
    numbers::Numbers,
    result::{Aspect, Compared, Comparison, Difference, LeftOut, Place},
    sides::Side,
};
use crate::report::v1::{Scenario, Step, Verdict};

/// A difference of seconds below this is nobody's concern, and the clock of a busy machine's.
const SECONDS: f64 = 0.25;
/// So many times as long is worth a word.
const TIMES: f64 = 1.5;
/// One write more or less is a matter of which of two things came first.
const WRITES: f64 = 1.0;
/// Of so many steps the ratios have something in common.
const STEPS: usize = 5;

/// Compares the runs of two sides; of each scenario so many runs are `needed` on each.
pub fn compare(a: &Side, b: &Side, needed: usize) -> Comparison {
    let mut left_out = Vec::new();
    let mut pairs = Vec::new();
    for id in a.runs.keys().chain(b.runs.keys()).collect::<BTreeSet<_>>() {
        match (usable(a, id, "A", needed), usable(b, id, "B", needed)) {
            (Ok(a), Ok(b)) => pairs.push((id, Pair { a, b, needed })),
            (Err(why), _) | (_, Err(why)) => {
                left_out.push(LeftOut { what: id.clone(), why: why.text, trouble: why.trouble });
            }
        }
    }
    let pace = pace(pairs.iter().map(|(_, pair)| pair));
    let scenarios = pairs.into_iter().map(|(id, pair)| Compared {
        id: id.clone(),
        runs_of_a: pair.a.len(),
        runs_of_b: pair.b.len(),
        differences: pair.differences(pace),
        left_out: pair.left_out(),
    });
    Comparison {
        api_version: "proofroll.dev/v1".into(),
        proofroll: env!("CARGO_PKG_VERSION").into(),
        needed,
        a: a.of.clone(),
        b: b.of.clone(),
        pace,
        scenarios: scenarios.collect(),
        left_out,
    }
}

struct TooFew {
    text: String,
    trouble: bool,
}

/// The runs that came to a verdict on the controller, if there are enough.
fn usable<'a>(of: &'a Side, id: &str, side: &str, needed: usize) -> Result<Vec<Run<'a>>, TooFew> {
    let runs = of.runs.get(id).map_or(&[][..], Vec::as_slice);
    let spoke = |run: &&Scenario| !matches!(run.verdict, Verdict::Skip | Verdict::Error);
    let usable: Vec<_> = runs.iter().filter(spoke).map(|run| Run { run, elements: elements::of(run) }).collect();
    if usable.len() >= needed.max(1) {
        return Ok(usable);
    }
    let last = runs.iter().rev().find(|run| !spoke(run));
    let reason = last.and_then(|run| run.reason.as_deref()).and_then(|reason| reason.lines().next());
    let why = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let text = match usable.len() {
        0 if runs.is_empty() => format!("{side} did not run it"),
        0 => format!("no run of {side} came to a verdict{why}"),
        n => format!("{n} runs of {side} came to a verdict{why}, {needed} are needed"),
    };
    Err(TooFew { text, trouble: runs.iter().any(|run| run.verdict == Verdict::Error) })
}

/// A run and what it shows.
struct Run<'a> {
    run: &'a Scenario,
    elements: BTreeSet<Element>,
}

impl Run<'_> {
    /// The step, if the run came to it and shows what it saw.
    fn step(&self, index: usize) -> Option<&Step> {
        self.run.steps.get(index).filter(|step| step.observed.is_some())
    }
}

/// A scenario on both sides.
struct Pair<'a> {
    a: Vec<Run<'a>>,
    b: Vec<Run<'a>>,
    needed: usize,
}

/// What A does and what B does.
type Texts = (Vec<String>, Vec<String>);

/// The runs of a side that came to a step.
fn there<'r, 'a>(side: &'r [Run<'a>], step: usize) -> Vec<&'r Run<'a>> {
    side.iter().filter(|run| run.step(step).is_some()).collect()
}

impl Pair<'_> {
    /// How many steps any run came to.
    fn steps(&self) -> usize {
        self.a.iter().chain(&self.b).map(|run| run.run.steps.len()).max().unwrap_or(0)
    }

    fn name(&self, step: usize) -> String {
        let first = self.a.iter().chain(&self.b).find_map(|run| run.run.steps.get(step));
        first.map_or_else(String::new, |step| step.name.clone())
    }

    /// Whether enough runs of both sides came to this step.
    fn is_judged(&self, step: usize) -> bool {
        [&self.a, &self.b].iter().all(|side| there(side, step).len() >= self.needed.max(1))
    }

    fn differences(&self, pace: Option<f64>) -> Vec<Difference> {
        let (a, b) = (self.only(&self.a, &self.b), self.only(&self.b, &self.a));
        let mut grouped: BTreeMap<(Option<usize>, Aspect), Texts> = BTreeMap::new();
        a.into_iter().for_each(|e| grouped.entry((e.step, e.aspect)).or_default().0.push(e.text));
        b.into_iter().for_each(|e| grouped.entry((e.step, e.aspect)).or_default().1.push(e.text));
        let place = |step: usize| Place { number: step + 1, name: self.name(step) };
        let mut all: Vec<_> = grouped
            .into_iter()
            .map(|((step, aspect), (a, b))| (step, Difference { step: step.map(place), aspect, a, b, ratio: None }))
            .collect();
        for step in (0..self.steps()).filter(|step| self.is_judged(*step)) {
            let numbers = self.writes(step).into_iter().chain(self.latency(step, pace));
            all.extend(numbers.map(|difference| (Some(step), Difference { step: Some(place(step)), ..difference })));
        }
        all.sort_by_key(|(step, difference)| (*step, difference.aspect));
        all.into_iter().map(|(_, difference)| difference).collect()
    }

    /// What all runs of one side show and none of the other does.
    fn only(&self, one: &[Run<'_>], other: &[Run<'_>]) -> Vec<Element> {
        let candidates: BTreeSet<&Element> = one.iter().flat_map(|run| &run.elements).collect();
        let missed = |element: &&&Element| match element.step {
            Some(step) if element.aspect != Aspect::Reached => {
                self.is_judged(step)
                    && all_show(there(one, step), element)
                    && !there(other, step).iter().any(|run| may_show(run, element))
            }
            _ => all_show(one, element) && !other.iter().any(|run| run.elements.contains(**element)),
        };
        let mut only: Vec<Element> = candidates.iter().filter(missed).map(|element| (*element).clone()).collect();
        // Once one step was not come to, the others were not either.
        let first_missed = only.iter().filter(|e| e.aspect == Aspect::Reached).filter_map(|e| e.step).min();
        only.retain(|e| e.aspect != Aspect::Reached || e.step == first_missed);
        let told: BTreeSet<(Option<usize>, Aspect, String)> =
            only.iter().map(|e| (e.step, e.aspect, e.text.clone())).collect();
        only.retain(|e| !e.parts.iter().any(|(aspect, text)| told.contains(&(e.step, *aspect, text.clone()))));
        only
    }

    fn writes(&self, step: usize) -> Vec<Difference> {
        let of = |side: &[Run<'_>], kind: &str| {
            let count = |run: &&Run<'_>| {
                let observed = run.step(step)?.observed.as_ref()?;
                observed.writes.get(kind).map_or(Some(0.0), |n| u32::try_from(*n).ok().map(f64::from))
            };
            Numbers::of(there(side, step).iter().filter_map(count).collect())
        };
        let observed = self.a.iter().chain(&self.b).filter_map(|run| run.step(step)?.observed.as_ref());
        let kinds: BTreeSet<&String> = observed.flat_map(|observed| observed.writes.keys()).collect();
        let differs = kinds.into_iter().filter_map(|kind| {
            let (a, b) = (of(&self.a, kind)?, of(&self.b, kind)?);
            let say =
                |numbers: &Numbers| format!("{kind}: {} ({} to {})", numbers.median(), numbers.least(), numbers.most());
            let ratio = a.ratio_to(&b);
            a.is_beyond(&b, WRITES).then(|| difference(Aspect::Writes, say(&a), say(&b), ratio))
        });
        differs.collect()
    }

    fn latency(&self, step: usize, pace: Option<f64>) -> Option<Difference> {
        let (a, b) = self.seconds(step)?;
        let ratio = a.ratio_to(&b)?;
        // The same from both sides, also where a ratio is that very number, but for its last digit.
        let is_much = |times: f64| times.ln().abs() > TIMES.ln() + 1e-9;
        // As it was, and as it would be if all else took as long on both sides: both must say so.
        let paces = [Some(1.0), pace].into_iter().flatten();
        let beyond = paces.map(|pace| {
            let half = pace.sqrt();
            a.divided(half.recip()).is_beyond(&b.divided(half), SECONDS) && is_much(ratio.median / pace)
        });
        let say =
            |numbers: &Numbers| format!("{:.2} s ({:.2} to {:.2})", numbers.median(), numbers.least(), numbers.most());
        beyond.min()?.then(|| difference(Aspect::Latency, say(&a), say(&b), Some(ratio)))
    }

    /// How long a step took that ended as it must.
    fn seconds(&self, step: usize) -> Option<(Numbers, Numbers)> {
        let of = |side: &[Run<'_>]| {
            let ended = |run: &&Run<'_>| run.step(step).filter(|step| step.verdict == Verdict::Pass).map(|s| s.seconds);
            let all: Vec<f64> = there(side, step).iter().filter_map(ended).collect();
            Numbers::of(all).filter(|_| there(side, step).iter().filter_map(ended).count() >= self.needed.max(1))
        };
        Some((of(&self.a)?, of(&self.b)?))
    }

    /// The steps that some runs came to, but not enough.
    fn left_out(&self) -> Vec<LeftOut> {
        let missed = (0..self.steps()).filter_map(|step| {
            let [a, b] = [&self.a, &self.b].map(|side| there(side, step).len());
            // That one side never comes to it is a difference.
            let told = (a == self.a.len() && b == 0) || (b == self.b.len() && a == 0);
            if self.is_judged(step) || told || (a == 0 && b == 0) {
                return None;
            }
            let why = format!("{a} of {} runs of A and {b} of {} runs of B came to it", self.a.len(), self.b.len());
            Some(LeftOut { what: format!("step {} `{}`", step + 1, self.name(step)), why, trouble: false })
        });
        missed.collect()
    }
}

fn difference(aspect: Aspect, a: String, b: String, ratio: Option<super::Ratio>) -> Difference {
    Difference { step: None, aspect, a: vec![a], b: vec![b], ratio }
}

fn all_show<'r, 'a: 'r>(runs: impl IntoIterator<Item = &'r Run<'a>>, element: &Element) -> bool {
    runs.into_iter().all(|run| run.elements.contains(element))
}

/// Whether a run shows it, or may have done so. Events come a little later than what they tell of, so that one may be
/// counted to the next step; and they are dropped when there are many.
fn may_show(run: &Run<'_>, element: &Element) -> bool {
    if !matches!(element.aspect, Aspect::Event | Aspect::EventMessage) {
        return run.elements.contains(element);
    }
    let Some(step) = element.step else { return run.elements.contains(element) };
    let near = step.saturating_sub(1)..=step + 1;
    let seen = near.clone().any(|step| run.elements.contains(&Element { step: Some(step), ..element.clone() }));
    let observed = near.filter_map(|step| run.step(step)?.observed.as_ref());
    seen || observed.into_iter().any(|observed| observed.events_dropped)
}

/// What the latencies of all steps have in common: the median of their ratios, B to A.
fn pace<'p, 'a: 'p>(pairs: impl Iterator<Item = &'p Pair<'a>>) -> Option<f64> {
    let ratios = |pair: &Pair<'_>| -> Vec<f64> {
        let of = |step| pair.seconds(step).and_then(|(a, b)| a.ratio_to(&b)).map(|ratio| ratio.median.ln());
        (0..pair.steps()).filter_map(of).collect()
    };
    let all: Vec<f64> = pairs.flat_map(ratios).filter(|ratio| ratio.is_finite()).collect();
    if all.len() < STEPS {
        return None;
    }
    Numbers::of(all).map(|all| all.median().exp())
}
