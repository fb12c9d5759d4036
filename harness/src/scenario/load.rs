//! From a file to a scenario with which nothing can go wrong any more but the cluster.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use semver::VersionReq;

use super::{
    action::Action,
    breaks::{LoadedBreak, Whole},
    cases::Case,
    check::{self, Faults},
    fault::{Fault, Location, ScenarioError, Text},
    files,
    known::{Knowing, LoadedKnown},
    library::Place,
    manifest::Manifest,
    model::{
        Capability, ControllerAction, ControllerFlags, ControllerMatch, EventMatch, Hold, Profile, ScenarioFile,
        StateMatch, Step, Traffic, TrafficMatch,
    },
    tree::Node,
    value::{self, Number},
    yaml,
};

/// A scenario, read and checked: its manifests are there, each step has one action.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `suite/name`, or `suite/name[case]`; of a user's own file its name without `.yaml`.
    pub id: String,
    /// Which case of its file it is; None where the file has no cases.
    pub case: Option<Case>,
    /// The file.
    pub at: Location,
    /// One line for people.
    pub title: String,
    /// What a correct controller MUST do.
    pub must: String,
    /// Core or extended.
    pub profile: Profile,
    /// The features that it proves.
    pub features: Vec<String>,
    /// The releases on which it applies; None: all.
    pub releases: Option<VersionReq>,
    /// Where the claim comes from.
    pub refs: Vec<String>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// What the provider must be able to do: as written, and what the actions need by themselves.
    pub needs: BTreeSet<Capability>,
    /// What exists before the first step, in the order in which it is applied.
    pub given: Vec<Manifest>,
    /// Requests that are sent during all steps.
    pub traffic: Option<Traffic>,
    /// Flags of its controllers.
    pub controllers: BTreeMap<String, ControllerFlags>,
    /// What is done, in order; at least one.
    pub steps: Vec<LoadedStep>,
    /// No state of the whole scenario may satisfy one of these.
    pub never: Vec<StateMatch>,
    /// Every state of the whole scenario satisfies each of these.
    pub always: Vec<StateMatch>,
    /// So many times it is run, each in a namespace of its own.
    pub repeat: u32,
    /// Upstream bugs that it is known to meet.
    pub known: Vec<LoadedKnown>,
    /// Changes that must turn it red.
    pub breaks: Vec<LoadedBreak>,
    /// Invariants that it does not obey, with the reason.
    pub waive: BTreeMap<String, String>,
}

impl Scenario {
    /// All states that it describes.
    pub fn states(&self) -> impl Iterator<Item = &StateMatch> {
        let whole = self.never.iter().chain(&self.always);
        let steps = self.steps.iter().flat_map(|step| {
            let one = step.expect.iter().chain(&step.trigger);
            one.chain(&step.through).chain(&step.never).chain(&step.always)
        });
        whole.chain(steps)
    }

    /// Whether its controller is swapped for another one, and in which step at first.
    pub fn swap(&self) -> Option<usize> {
        self.steps.iter().position(|step| matches!(step.action, Action::Controller(ControllerAction::Swap, _)))
    }

    /// The place in the file of the step that was the `index`th to be done: `repeat` does one several times.
    pub fn written(&self, index: usize) -> usize {
        self.steps.get(index).map_or(index, |step| step.written)
    }

    /// The first part of the id; the whole id for a user's own file.
    pub fn suite(&self) -> &str {
        self.family().split('/').next().unwrap_or(&self.id)
    }

    /// The id of its file: its own without the case.
    pub fn family(&self) -> &str {
        self.id.split('[').next().unwrap_or(&self.id)
    }
}

/// A step, ready to be run.
#[derive(Debug, Clone)]
pub struct LoadedStep {
    /// One line for people; the action's text where none is written.
    pub name: String,
    /// Its place in the file, counted from 0: a step that is repeated is there once.
    pub written: usize,
    /// What is done.
    pub action: Action,
    /// Name of the Rollout that action and claims are about.
    pub on: String,
    /// The action is refused, and this is said.
    pub refused: Option<value::Text>,
    /// The first single state after the gate that satisfies this ends the step; without one the gate does.
    pub expect: Option<StateMatch>,
    /// States on the way to it, in this order.
    pub through: Vec<StateMatch>,
    /// No state until the next action's gate satisfies one of these.
    pub never: Vec<StateMatch>,
    /// Every state until the next action's gate satisfies each of these.
    pub always: Vec<StateMatch>,
    /// Events that are seen, in this order, from the action on.
    pub events: Vec<EventMatch>,
    /// The live state upon which the action is done; None: at once.
    pub trigger: Option<StateMatch>,
    /// After `expect` was met, it goes on being met.
    pub hold: Option<Hold>,
    /// What must be seen of the scenario's traffic.
    pub traffic: Option<TrafficMatch>,
    /// How long the step may take, not scaled.
    pub within: Duration,
    /// Timed pauses that end in this step: step index to least duration.
    pub pauses: BTreeMap<u32, Duration>,
    /// How often the metric server is asked from the action to the end of the step.
    pub requests: BTreeMap<String, Number>,
    /// What controllers' own endpoints say in the end.
    pub controllers: BTreeMap<String, ControllerMatch>,
    /// Do not wait for a new second before an action that makes a revision.
    pub same_second: bool,
    /// Where the step is written.
    pub at: Location,
}

/// How long a step may take where nothing is said.
pub const WITHIN: Duration = Duration::from_secs(30);

/// The manifests of a step or of `given`; None if they could not be read.
pub(super) type Manifests = Option<Vec<Manifest>>;

/// Reads a scenario, one case of its file, and from `place` what it names.
pub(super) fn load(id: &str, case: Option<Case>, place: &Place, text: &Text) -> Result<Scenario, ScenarioError> {
    let (tree, mut file) = yaml::scenario(text)?;
    let mut faults = Faults::new(text);

    if let Some(features) = place.features()? {
        check::names::features(&tree, &features, &mut faults);
    }
    let given = files::read(place, &file.given, tree.get("given"), &mut faults);
    let steps: Vec<(&Node, Manifests)> = tree
        .get("steps")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .zip(&file.steps)
        .map(|(node, step)| (node, applied(place, node, step, &mut faults)))
        .collect();

    check::shape(&tree, &file, &mut faults);
    for ((node, _), step) in steps.iter().zip(&file.steps) {
        if let (Some(patch), Some(merge)) = (&step.patch, node.get("patch").and_then(|patch| patch.get("merge"))) {
            check::scripts(text, merge, &patch.merge, &mut faults);
        }
    }
    check::controllers(&tree, &file, &mut faults);
    let releases = check::releases(&tree, &file, &mut faults);
    let actions: Vec<Option<Action>> =
        file.steps.iter().zip(&steps).map(|(step, (_, manifests))| Action::of(step, manifests.clone()?)).collect();
    let names: Vec<String> =
        file.steps.iter().zip(&actions).map(|(step, action)| name_of(step, action.as_ref())).collect();
    let known =
        Knowing { text, tree: &tree, file: &file, case: case.as_ref(), steps: &names, releases: releases.as_ref() }
            .known(&mut faults);
    // What could not be read is a fault already.
    let breaks = match given.as_deref().filter(|_| actions.iter().all(Option::is_some)) {
        None => Vec::new(),
        Some(given) => {
            let case = case.as_ref();
            Whole { text, tree: &tree, file: &file, case, steps: &names, given, actions: &actions }
                .breaks(place, &mut faults)
        }
    };
    let rollouts = check::rollouts(&file, &steps, &actions, given.as_deref(), &mut faults);
    let applied = steps.iter().map(|(_, manifests)| manifests).chain([&given]);
    let manifests = applied.map(Option::as_deref).collect::<Option<Vec<_>>>();
    check::traffic(&tree, &file, manifests.map(|all| all.into_iter().flatten().collect()), &mut faults);
    faults.none()?;

    fill_in(text, &tree, &mut file);
    let needs: BTreeSet<_> = file.needs.into_iter().collect();
    let loaded = file.steps.into_iter().zip(steps).zip(actions).zip(rollouts);
    let steps: Option<Vec<_>> = loaded
        .enumerate()
        .map(|(i, (((step, (node, _)), action), on))| Some(repeated(text, node, i, step, action?, on?)))
        .collect();
    // Without a fault there is an action and a Rollout for each step, and manifests for all.
    let (Some(steps), Some(given)) = (steps, given) else {
        return Err(Fault::file(&text.name, "a step has no action or no Rollout").into());
    };
    let steps: Vec<_> = steps.into_iter().flatten().collect();
    let mut scenario = Scenario {
        id: case.as_ref().map_or_else(|| id.to_owned(), |case| format!("{id}[{}]", case.name)),
        case,
        at: text.at(tree.at),
        title: file.title,
        must: file.must,
        profile: file.profile,
        features: file.features,
        releases,
        refs: file.refs,
        notes: file.notes,
        needs,
        given,
        traffic: file.traffic,
        controllers: file.controllers,
        steps,
        never: file.never,
        always: file.always,
        repeat: file.repeat.unwrap_or(1),
        known,
        breaks,
        waive: file.waive,
    };
    scenario.add_needs();
    Ok(scenario)
}

fn name_of(step: &Step, action: Option<&Action>) -> String {
    match action {
        Some(action) if step.name.is_empty() => action.to_string(),
        _ => step.name.clone(),
    }
}

/// A step as often as it is to be done, each time under a name of its own.
fn repeated(text: &Text, node: &Node, written: usize, step: Step, action: Action, on: String) -> Vec<LoadedStep> {
    let times = step.repeat.unwrap_or(1);
    let step = step_of(text, node, written, step, action, on);
    let nth = |n: u32| LoadedStep { name: format!("{} ({n} of {times})", step.name), ..step.clone() };
    if times == 1 { vec![step] } else { (1..=times).map(nth).collect() }
}

fn step_of(text: &Text, node: &Node, written: usize, step: Step, action: Action, on: String) -> LoadedStep {
    LoadedStep {
        name: name_of(&step, Some(&action)),
        written,
        action,
        on,
        refused: step.refused,
        expect: step.expect,
        through: step.through,
        never: step.never,
        always: step.always,
        events: step.events,
        trigger: step.at,
        hold: step.hold,
        traffic: step.traffic,
        within: step.within.map_or(WITHIN, |w| w.0),
        pauses: step.pauses.into_iter().map(|(index, span)| (index, span.0)).collect(),
        requests: step.requests,
        controllers: step.controllers,
        same_second: step.same_second,
        at: text.at(node.at),
    }
}

fn applied(place: &Place, node: &Node, step: &Step, faults: &mut Faults) -> Manifests {
    step.apply.as_ref().map_or_else(|| Some(Vec::new()), |files| files::read(place, files, node.get("apply"), faults))
}

/// Tells every claim where it is written.
fn fill_in(text: &Text, tree: &Node, file: &mut ScenarioFile) {
    let all = |node: &Node, key: &str, states: &mut Vec<StateMatch>| {
        for (state, node) in states.iter_mut().zip(node.get(key).map(Node::items).unwrap_or_default()) {
            state.at = text.at(node.at);
        }
    };
    all(tree, "never", &mut file.never);
    all(tree, "always", &mut file.always);
    for (step, node) in file.steps.iter_mut().zip(tree.get("steps").map(Node::items).unwrap_or_default()) {
        if let Some(expect) = &mut step.expect {
            expect.at = text.at(node.key_at("expect"));
        }
        if let Some(trigger) = &mut step.at {
            trigger.at = text.at(node.key_at("at"));
        }
        all(node, "through", &mut step.through);
        all(node, "never", &mut step.never);
        all(node, "always", &mut step.always);
    }
}
