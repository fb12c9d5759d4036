//! Breaks: what is done differently is worked out while the scenario is loaded, so that a break which
//! can't be made is told with its place.

use std::{collections::BTreeMap, fmt};

use super::{
    Scenario,
    action::Action,
    cases::Case,
    check::{Faults, names},
    fault::{Location, Text},
    files,
    library::Place,
    load::Manifests,
    manifest::Manifest,
    model::{Break, Change, ScenarioFile},
    tree::Node,
};

/// A break, ready to be made.
#[derive(Debug, Clone)]
pub struct LoadedBreak {
    /// What is wrong then.
    pub name: String,
    /// What must turn red.
    pub target: Target,
    /// The case that it is made in; None: the first.
    pub case: Option<String>,
    /// Where it is written.
    pub at: Location,
    /// What is given instead.
    given: Option<Vec<Manifest>>,
    /// What is done instead, by step.
    actions: BTreeMap<usize, Action>,
}

/// What a break must turn red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// This step, counted from 0.
    Step(usize),
    /// This invariant, and no step.
    Invariant(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(f, "step {}", step + 1),
            Self::Invariant(name) => write!(f, "invariant {name}"),
        }
    }
}

impl LoadedBreak {
    /// `scenario`, with what is done differently. What is known of it is left out: it explains no break.
    pub fn made_in(&self, scenario: &Scenario) -> Scenario {
        let mut broken = scenario.clone();
        broken.id = format!("{} ({})", scenario.id, self.name);
        broken.known.clear();
        broken.breaks.clear();
        if let Some(given) = &self.given {
            broken.given.clone_from(given);
        }
        for step in &mut broken.steps {
            if let Some(action) = self.actions.get(&step.written) {
                step.action = action.clone();
            }
        }
        broken.add_needs();
        broken
    }
}

/// What a scenario does, before it is broken.
pub(super) struct Whole<'a> {
    pub text: &'a Text,
    pub tree: &'a Node,
    pub file: &'a ScenarioFile,
    pub case: Option<&'a Case>,
    /// The names of the steps.
    pub steps: &'a [String],
    pub given: &'a [Manifest],
    pub actions: &'a [Option<Action>],
}

impl Whole<'_> {
    /// Works the breaks out; those that can't be made are left out.
    pub fn breaks(&self, place: &Place, faults: &mut Faults) -> Vec<LoadedBreak> {
        let nodes = self.tree.get("breaks").map(Node::items).unwrap_or_default();
        let mut loaded: Vec<LoadedBreak> = Vec::new();
        for (written, node) in self.file.breaks.iter().zip(nodes) {
            if loaded.iter().any(|other| other.name == written.name) {
                let what = format!("a second break is called `{}`", written.name);
                faults.at(node.key_at("name"), what, "each has a name of its own");
            }
            self.check_case(written, node, faults);
            if self.is_made_here(written) {
                loaded.extend(self.one(place, written, node, faults));
            }
        }
        loaded
    }

    fn check_case(&self, written: &Break, node: &Node, faults: &mut Faults) {
        if let Some(case) = &written.case {
            names::case(self.file, case, node.get("case").unwrap_or(node), faults);
        }
    }

    /// A break is made in one case: in another one the step that it changes may do something else.
    fn is_made_here(&self, written: &Break) -> bool {
        self.case.is_none_or(|case| written.case.as_ref().map_or(case.first, |name| *name == case.name))
    }

    fn one(&self, place: &Place, written: &Break, node: &Node, faults: &mut Faults) -> Option<LoadedBreak> {
        if written.name.trim().is_empty() {
            faults.at(node.key_at("name"), "`name` is empty", "one line for people: what is wrong then");
        }
        let target = self.target(written, node, faults);
        let mut loaded = LoadedBreak {
            name: written.name.clone(),
            target: target.clone()?,
            case: written.case.clone(),
            at: self.text.at(node.at),
            given: None,
            actions: BTreeMap::new(),
        };
        match (&written.manifest, &written.action) {
            (Some(change), None) => self.manifest(change, written, node, &mut loaded, faults)?,
            (None, Some(step)) => {
                let instead = node.get("action")?;
                if let Some((key, _)) =
                    instead.entries().iter().find(|(key, _)| !Action::KEYS.contains(&key.name.as_str()))
                {
                    let help = "a break changes what is done; what is expected stays";
                    faults.at(key.at, format!("`{}` is no action", key.name), help);
                    return None;
                }
                super::check::action(instead, step, faults);
                let manifests: Manifests = match &step.apply {
                    Some(files) => files::read(place, files, instead.get("apply"), faults),
                    None => Some(Vec::new()),
                };
                let index = match &written.r#in {
                    Some(name) => names::step(self.steps, name, node.get("in").unwrap_or(node), faults)?,
                    None => match &loaded.target {
                        Target::Step(index) => *index,
                        Target::Invariant(_) => {
                            faults.at(node.key_at("action"), "instead of which step's action?", "write `in: NAME`");
                            return None;
                        }
                    },
                };
                loaded.actions.insert(index, Action::of(step, manifests?)?);
            }
            (Some(_), Some(_)) => {
                faults.at(node.key_at("action"), "a break is one change", "make two breaks of `manifest` and `action`");
                return None;
            }
            (None, None) => {
                faults.at(node.at, "nothing is broken", "write `manifest: {set: {...}}` or `action: {...}`");
                return None;
            }
        }
        let first = loaded.actions.keys().next().copied().filter(|_| loaded.given.is_none());
        if let (Target::Step(target), Some(first)) = (&loaded.target, first)
            && *target < first
        {
            let what = format!("this changes step {}, so step {} can't turn red", first + 1, target + 1);
            faults.at(node.key_at("step"), what, "name a step from there on");
        }
        Some(loaded)
    }

    fn target(&self, written: &Break, node: &Node, faults: &mut Faults) -> Option<Target> {
        match (&written.step, &written.invariant) {
            (Some(name), None) => {
                names::step(self.steps, name, node.get("step").unwrap_or(node), faults).map(Target::Step)
            }
            (None, Some(name)) => {
                names::invariant(name, node.key_at("invariant"), faults)?;
                Some(Target::Invariant(name.clone()))
            }
            (Some(_), Some(_)) => {
                faults.at(node.key_at("invariant"), "either a step or an invariant turns red", "leave one of them out");
                None
            }
            (None, None) => {
                faults.at(node.at, "what must turn red?", "write `step: NAME` or `invariant: NAME`");
                None
            }
        }
    }

    /// Changes the manifests, wherever they are applied.
    fn manifest(
        &self,
        change: &Change,
        written: &Break,
        node: &Node,
        loaded: &mut LoadedBreak,
        faults: &mut Faults,
    ) -> Option<()> {
        let manifest = node.get("manifest")?;
        let wanted = match written.r#in.as_deref() {
            None => None,
            Some("given") => Some(None),
            Some(name) => Some(Some(names::step(self.steps, name, node.get("in").unwrap_or(node), faults)?)),
        };
        let is_wanted = |place: Option<usize>| wanted.is_none_or(|wanted| wanted == place);
        if change.set.is_empty() {
            faults.at(manifest.at, "`set` is missing: nothing is broken", "as `set: {spec.replicas: 3}`");
            return None;
        }
        let mut found = false;
        let mut all = Vec::new();
        if is_wanted(None) {
            let mut given = self.given.to_vec();
            if self.change(&mut given, change, manifest, &mut all, faults)? {
                found = true;
                loaded.given = Some(given);
            }
        }
        for (index, action) in self.actions.iter().enumerate().filter(|(index, _)| is_wanted(Some(*index))) {
            let Some(Action::Apply(manifests)) = action else { continue };
            let mut manifests = manifests.clone();
            if self.change(&mut manifests, change, manifest, &mut all, faults)? {
                found = true;
                loaded.actions.insert(index, Action::Apply(manifests));
            }
        }
        if !found {
            all.dedup();
            let all = if all.is_empty() {
                "nothing is applied".into()
            } else {
                format!("what is applied: {}", all.join(", "))
            };
            faults.at(manifest.at, "no manifest that is applied is meant by this", all);
        }
        found.then_some(())
    }

    /// Changes those of `manifests` that are meant; whether there were any, None if it can't be done.
    fn change(
        &self,
        manifests: &mut [Manifest],
        change: &Change,
        node: &Node,
        all: &mut Vec<String>,
        faults: &mut Faults,
    ) -> Option<bool> {
        all.extend(manifests.iter().map(|m| format!("{} `{}`", m.kind, m.name)));
        let any = change.kind.is_none() && change.name.is_none();
        let is_meant = |m: &Manifest| {
            let kind = if any { m.is_rollout() } else { change.kind.as_ref().is_none_or(|kind| *kind == m.kind) };
            kind && change.name.as_ref().is_none_or(|name| *name == m.name)
        };
        let mut found = false;
        for manifest in manifests.iter_mut().filter(|m| is_meant(m)) {
            found = true;
            for (path, value) in &change.set {
                let before = manifest.object.clone();
                let wrong = manifest.set(path, value).err().or_else(|| {
                    let same = manifest.object == before;
                    same.then(|| (format!("`{path}` is {value} already"), "a break changes something".to_owned()))
                });
                if let Some((what, help)) = wrong {
                    faults.at(node.get("set").map_or(node.at, |set| set.key_at(path)), what, help);
                    return None;
                }
            }
        }
        Some(found)
    }
}
