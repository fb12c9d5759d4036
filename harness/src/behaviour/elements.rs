//! What a run shows, taken apart: what is seen or not seen.

use std::collections::BTreeSet;

use super::result::Aspect;
use crate::report::v1::{self, Happened, State, Verdict};

/// Something that is seen in a run, or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Element {
    /// In which step, from 0; None: over the whole scenario.
    pub step: Option<usize>,
    pub aspect: Aspect,
    /// For people, and what makes it the same or another.
    pub text: String,
    /// What it is made of: where a part differs, the whole is no news.
    pub parts: Vec<(Aspect, String)>,
}

/// All that a run shows.
pub(super) fn of(run: &v1::Scenario) -> BTreeSet<Element> {
    let mut all = BTreeSet::new();
    let text = verdict(run);
    all.insert(Element { step: None, aspect: Aspect::Verdict, text, parts: Vec::new() });
    // A Rollout's name is said where there are several.
    let states = run.steps.iter().filter_map(|step| step.observed.as_ref()).flat_map(|observed| &observed.states);
    let several = states.map(|state| &state.rollout).collect::<BTreeSet<_>>().len() > 1;
    for (index, step) in run.steps.iter().enumerate() {
        let mut add = |aspect: Aspect, text: String, parts: &[(Aspect, String)]| {
            all.insert(Element { step: Some(index), aspect, text, parts: parts.to_vec() });
        };
        add(Aspect::Reached, "the step is come to".into(), &[]);
        let Some(observed) = &step.observed else { continue };
        let mut last = std::collections::BTreeMap::new();
        for state in &observed.states {
            let mut parts = parts(state, several);
            parts.iter().for_each(|(aspect, text)| add(*aspect, text.clone(), &[]));
            let whole = (Aspect::State, whole(state, several));
            add(whole.0, whole.1.clone(), &parts);
            parts.push(whole.clone());
            last.insert(&state.rollout, (whole.1, parts));
        }
        last.into_values().for_each(|(text, parts)| add(Aspect::End, text, &parts));
        for happened in &observed.events {
            let Happened { about, r#type, reason, message } = happened;
            let event = (Aspect::Event, format!("{about} {type} {reason}"));
            add(event.0, event.1.clone(), &[]);
            add(Aspect::EventMessage, format!("{}: {message}", event.1), &[event]);
        }
    }
    all
}

/// What a state consists of, each by itself.
fn parts(state: &State, several: bool) -> Vec<(Aspect, String)> {
    let named = |text: String| if several { format!("{}: {text}", state.rollout) } else { text };
    let mut parts = vec![(Aspect::Message, named(message(state)))];
    parts.extend(step(state).map(|text| (Aspect::Step, named(text))));
    parts.extend(replicas(state).map(|text| (Aspect::Replicas, named(text))));
    parts
}

fn whole(state: &State, several: bool) -> String {
    let name = several.then(|| state.rollout.clone());
    let all = [name, Some(message(state)), step(state), replicas(state)];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn message(state: &State) -> String {
    match state.message.as_str() {
        "" => state.phase.clone(),
        message => format!("{}: {message}", state.phase),
    }
}

fn step(state: &State) -> Option<String> {
    let step = state.step.as_ref().map(|step| format!("step {step}"));
    let weight = state.weight.map(|weight| format!("weight {weight}"));
    let both: Vec<_> = step.into_iter().chain(weight).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

fn replicas(state: &State) -> Option<String> {
    let all: Vec<_> = state.replicas.iter().map(|(role, n)| format!("{role} {n}")).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// How it ended, and where.
fn verdict(run: &v1::Scenario) -> String {
    match run.verdict {
        Verdict::Pass => "it does what is expected of it".into(),
        Verdict::Skip => "skipped".into(),
        Verdict::Error => "error".into(),
        Verdict::Known => {
            let seen =
                run.known.iter().filter(|known| known.seen).map(|known| format!("{} ({})", known.issue, known.shows));
            format!("a known bug: {}", seen.collect::<Vec<_>>().join(", "))
        }
        Verdict::Fail => {
            let steps = run.steps.iter().enumerate();
            let of_steps = steps.flat_map(|(i, step)| {
                step.broken.iter().map(move |breach| format!("`{}` of step {}", breach.what, i + 1))
            });
            let all: BTreeSet<String> =
                of_steps.chain(run.broken.iter().map(|breach| format!("`{}`", breach.what))).collect();
            format!("it fails: {}", all.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}
