//! Known upstream bugs, checked against the scenario: the step, the claim, the invariant that they name
//! are there.

use std::fmt;

use semver::{Version, VersionReq};

use super::{
    cases::Case,
    check::{Faults, names},
    claim_name::ClaimName,
    fault::{Location, Text as File},
    gate::samples,
    model::{ControllerAction, Known, ScenarioFile, StateMatch, Step},
    tree::Node,
    value::{Text, matches},
};

/// An upstream bug that the scenario is known to meet, ready to be recognised.
#[derive(Debug, Clone)]
pub struct LoadedKnown {
    /// `#4728`, or where else it is described.
    pub issue: String,
    /// The releases that have it; None: all of the scenario's.
    pub releases: Option<VersionReq>,
    /// It is met only where the controller before was one of these.
    pub from: Option<VersionReq>,
    /// How it shows.
    pub sign: Sign,
    /// It is a race: it need not be seen.
    pub sometimes: bool,
    /// Where it is written.
    pub at: Location,
}

/// How a known bug shows. Steps are counted from 0.
#[derive(Debug, Clone)]
pub enum Sign {
    /// `expect` of this step is not met, and this is the state that stands.
    Instead(usize, StateMatch),
    /// This claim is broken, by this state; without a step one of the whole scenario.
    Breaks(Option<usize>, ClaimName, Option<StateMatch>),
    /// The controller takes no notice of this step's action.
    Silent(usize),
    /// This step's action can't be done, and this is said.
    Refused(usize, Text),
    /// This step swaps the controller, and of something that moves this is said.
    Moved(usize, Text),
    /// This invariant does not hold, and each violation says this.
    Invariant(String, Text),
}

impl LoadedKnown {
    /// Whether `release` is one of those that have it; `before`: the release that it was swapped for, if it was.
    pub fn applies(&self, release: &Version, before: Option<&Version>) -> bool {
        let swapped = self.from.as_ref().is_none_or(|range| before.is_some_and(|before| matches(range, before)));
        swapped && self.releases.as_ref().is_none_or(|range| matches(range, release))
    }

    /// The releases, in words.
    pub fn range(&self) -> String {
        let to = self.releases.as_ref().map_or_else(|| "all releases".into(), ToString::to_string);
        self.from.as_ref().map_or_else(|| to.clone(), |from| format!("{from} swapped for {to}"))
    }
}

impl Sign {
    /// The step that it shows in.
    pub fn step(&self) -> Option<usize> {
        match self {
            Self::Instead(step, _) | Self::Silent(step) | Self::Refused(step, _) | Self::Moved(step, _) => Some(*step),
            Self::Breaks(step, ..) => *step,
            Self::Invariant(..) => None,
        }
    }

    /// What a [`Breach`](crate::report::v1::Breach) of this kind is called.
    pub fn breach(&self) -> String {
        match self {
            Self::Instead(..) => "expect".into(),
            Self::Breaks(_, claim, _) => claim.to_string(),
            Self::Silent(_) => "silent".into(),
            Self::Refused(..) => "refused".into(),
            Self::Moved(..) => "unmoved".into(),
            Self::Invariant(name, _) => format!("invariant {name}"),
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = self.step() {
            write!(f, "step {}: ", step + 1)?;
        }
        match self {
            Self::Instead(_, state) => write!(f, "instead of what is expected, {}", state.demands().join("; ")),
            Self::Breaks(_, claim, None) => write!(f, "`{claim}` is broken"),
            Self::Breaks(_, claim, Some(state)) => {
                write!(f, "`{claim}` is broken by a state with {}", state.demands().join("; "))
            }
            Self::Silent(_) => f.write_str("the controller takes no notice"),
            Self::Refused(_, says) => write!(f, "the action is refused: {says}"),
            Self::Moved(_, says) => write!(f, "when the controller is swapped, this moves: {says}"),
            Self::Invariant(name, says) => write!(f, "the invariant `{name}` does not hold: {says}"),
        }
    }
}

/// The scenario that meets them.
pub(super) struct Knowing<'a> {
    pub text: &'a File,
    pub tree: &'a Node,
    pub file: &'a ScenarioFile,
    pub case: Option<&'a Case>,
    /// The names of the steps.
    pub steps: &'a [String],
    /// The releases on which it applies; None: all.
    pub releases: Option<&'a VersionReq>,
}

impl Knowing<'_> {
    /// Checks what is known against the steps. What is wrong is left out, and what other cases meet.
    pub fn known(&self, faults: &mut Faults) -> Vec<LoadedKnown> {
        let nodes = self.tree.get("known").map(Node::items).unwrap_or_default();
        let mut loaded = Vec::new();
        for (known, node) in self.file.known.iter().zip(nodes) {
            if known.issue.0.trim().is_empty() {
                let help = "the number of the upstream issue, or a page of findings/";
                faults.at(node.key_at("issue"), "`issue` is empty", help);
            }
            let cases = node.get("cases").map(Node::items).unwrap_or_default();
            for (name, node) in known.cases.iter().zip(cases) {
                names::case(self.file, name, node, faults);
            }
            let is_met = known.cases.is_empty() || self.case.is_some_and(|case| known.cases.contains(&case.name));
            if is_met {
                loaded.extend(self.one(known, node, faults));
            }
        }
        loaded
    }

    fn one(&self, known: &Known, node: &Node, faults: &mut Faults) -> Option<LoadedKnown> {
        let releases = range(node, known, self.releases, faults);
        let from = known.from.as_deref().and_then(|written| {
            let at = node.get("from").map_or(node.at, |n| n.at);
            written.parse().map_err(|e| faults.at(at, format!("no range of releases: {e}"), "as `<1.9`")).ok()
        });
        let sign = sign(self.text, self.tree, node, self.file, self.steps, known, faults)?;
        if from.is_none() {
            never_reached(node, known, releases.as_ref(), self.releases, (sign.step(), self.steps.len()), faults);
        }
        let at = self.text.at(node.at);
        Some(LoadedKnown { issue: known.issue.0.clone(), releases, from, sign, sometimes: known.sometimes, at })
    }
}

fn range(node: &Node, known: &Known, scenario: Option<&VersionReq>, faults: &mut Faults) -> Option<VersionReq> {
    let written = known.releases.as_deref()?;
    let at = node.get("releases").map_or(node.at, |n| n.at);
    let range: VersionReq = match written.parse() {
        Ok(range) => range,
        Err(e) => {
            faults.at(at, format!("no range of releases: {e}"), "write a semver range, as `>=1.9` or `>=1.7, <1.10`");
            return None;
        }
    };
    let both = |release: &Version| matches(&range, release) && scenario.is_none_or(|s| matches(s, release));
    if !samples([&range].into_iter().chain(scenario)).iter().any(both) {
        faults.at(at, "no release of the scenario lies in this range", "the bug could never be seen");
    }
    Some(range)
}

/// A bug that is always seen ends the scenario at its step.
fn never_reached(
    node: &Node,
    known: &Known,
    range: Option<&VersionReq>,
    scenario: Option<&VersionReq>,
    (step, steps): (Option<usize>, usize),
    faults: &mut Faults,
) {
    // What a claim over a span breaks is found out at the gate of the next step.
    let is_span =
        known.shows.breaks.as_deref().is_some_and(|claim| claim.starts_with("never") || claim.starts_with("always"));
    let Some(last) = step.map(|step| step + usize::from(is_span)) else { return };
    if known.sometimes || last + 1 >= steps {
        return;
    }
    let has_it = |release: &Version| range.is_none_or(|range| matches(range, release));
    let is_its_own = |release: &Version| scenario.is_none_or(|scenario| matches(scenario, release));
    if samples(range.into_iter().chain(scenario)).iter().all(|release| has_it(release) || !is_its_own(release)) {
        let at = node.get("shows").map_or(node.at, |s| s.key_at("step"));
        let what = format!("the steps after step {} would run on no release", last + 1);
        faults.at(at, what, "end the scenario there; write another one for the rest");
    }
}

fn sign(
    text: &File,
    tree: &Node,
    node: &Node,
    file: &ScenarioFile,
    steps: &[String],
    known: &Known,
    faults: &mut Faults,
) -> Option<Sign> {
    let shows = &known.shows;
    let node = node.get("shows")?;
    let step = match &shows.step {
        None => None,
        Some(name) => Some(names::step(steps, name, node.get("step").unwrap_or(node), faults)?),
    };
    let instead = shows.instead.clone().map(|state| StateMatch { at: text.at(node.key_at("instead")), ..state });
    let forms = [
        ("breaks", shows.breaks.is_some()),
        ("silent", shows.silent.is_some()),
        ("refused", shows.refused.is_some()),
        ("moved", shows.moved.is_some()),
        ("invariant", shows.invariant.is_some()),
    ];
    let mut written: Vec<&str> = forms.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    // Of `always` and `hold` it says what broke them.
    if instead.is_some() && written != ["breaks"] {
        written.push("instead");
    }
    let [form] = written.as_slice() else {
        let at = written.get(1).map_or(node.at, |second| node.key_at(second));
        let what = if written.is_empty() { "how does it show?" } else { "it shows in one way" };
        faults.at(at, what, "write one of `instead`, `breaks`, `silent`, `refused`, `moved`, `invariant`");
        return None;
    };
    if shows.says.is_some() != (*form == "invariant") {
        let help = "each violation has a text: say what all of them have in common, as `says: {contains: ...}`";
        faults.at(
            node.key_at(if shows.says.is_some() { "says" } else { "invariant" }),
            "`says` goes with `invariant`",
            help,
        );
        return None;
    }
    if let Some(name) = &shows.invariant {
        if step.is_some() {
            faults.at(node.key_at("step"), "an invariant has no step", "it is judged over the whole scenario");
        }
        names::invariant(name, node.key_at("invariant"), faults)?;
        return Some(Sign::Invariant(name.clone(), shows.says.clone()?));
    }
    if let Some(written) = &shows.breaks {
        let owner = match step.and_then(|step| tree.get("steps")?.items().get(step)) {
            Some(node) => node,
            None => tree,
        };
        let claim = claim(written, node.get("breaks").unwrap_or(node), owner, faults)?;
        let needs_state = matches!(claim, ClaimName::Always(_) | ClaimName::Hold);
        if needs_state != instead.is_some() && !matches!(claim, ClaimName::Never(_)) {
            let what = if needs_state { "`instead` is missing" } else { "`instead` says nothing here" };
            let at = node.key_at(if needs_state { "breaks" } else { "instead" });
            faults.at(at, what, "`always` and `hold` are broken by a state: `instead` says which");
            return None;
        }
        return Some(Sign::Breaks(step, claim, instead));
    }
    let Some(step) = step else {
        faults.at(node.key_at(form), format!("`{form}` of which step?"), "write `step: NAME`");
        return None;
    };
    if let Some(state) = instead {
        return expected(file.steps.get(step), node, faults).map(|()| Sign::Instead(step, state));
    }
    if shows.silent == Some(false) {
        faults.at(node.key_at("silent"), "`silent: false` is no way to show", "write `silent: true`");
        return None;
    }
    if shows.moved.is_some() && file.steps.get(step).is_none_or(|step| step.controller != Some(ControllerAction::Swap))
    {
        faults.at(node.key_at("moved"), "this step swaps no controller", "name the step that has `controller: swap`");
        return None;
    }
    Some(match (&shows.refused, &shows.moved) {
        (Some(says), _) => Sign::Refused(step, says.clone()),
        (None, Some(says)) => Sign::Moved(step, says.clone()),
        (None, None) => Sign::Silent(step),
    })
}

fn expected(step: Option<&Step>, node: &Node, faults: &mut Faults) -> Option<()> {
    let expects = step.is_some_and(|step| step.expect.is_some());
    if !expects {
        faults.at(
            node.key_at("instead"),
            "this step expects nothing",
            "`instead` is the state that stands instead of `expect`",
        );
    }
    expects.then_some(())
}

/// The claim of `owner` (a step, or the file) that is called `written`.
fn claim(written: &str, node: &Node, owner: &Node, faults: &mut Faults) -> Option<ClaimName> {
    let Ok(claim) = written.parse::<ClaimName>() else {
        let help = "one of `never[1]`, `always[1]`, `through[1]`, `hold`, `pauses[3]`, `events`, `requests`";
        faults.at(node.at, format!("`{written}` is no claim"), help);
        return None;
    };
    let items = |key: &str| owner.get(key).map_or(0, |n| n.items().len());
    let there = match claim {
        ClaimName::Never(n) => (1..=items("never")).contains(&n),
        ClaimName::Always(n) => (1..=items("always")).contains(&n),
        ClaimName::Through(n) => (1..=items("through")).contains(&n),
        ClaimName::Hold => owner.get("hold").is_some(),
        ClaimName::Events => owner.get("events").is_some(),
        ClaimName::Requests => owner.get("requests").is_some(),
        ClaimName::Pause(n) => owner.get("pauses").is_some_and(|p| p.get(&n.to_string()).is_some()),
    };
    if !there {
        faults.at(
            node.at,
            format!("there is no claim `{claim}`"),
            "`never`, `always` and `through` are counted from 1, pauses by the index of their step",
        );
    }
    there.then_some(claim)
}
