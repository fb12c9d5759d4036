//! A whole scenario, from an empty namespace to the verdict.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    acting,
    claims::OpenSpan,
    ending, evidence,
    listener::{Listener, News},
    step::{Ended, Hands},
    trouble::{Trouble, chain},
};
use crate::{
    act::{Actor, Kinds},
    cluster::Plane,
    controller::{Controller, ControllerConfig, ControllerRelease},
    report::v1,
    scenario::Scenario,
    timeline::{Point, Timeline},
};

/// What scenarios run on.
pub struct Stage<'a> {
    /// The control plane.
    pub plane: &'a Plane,
    /// What is known of its kinds.
    pub kinds: Kinds,
    /// The controller under test.
    pub release: &'a ControllerRelease,
    /// Who hears the news.
    pub listener: &'a dyn Listener,
    /// How it is run.
    pub options: Options,
}

/// How scenarios are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Go on with the next step when one has failed.
    pub keep_going: bool,
    /// Leave namespace and cluster up.
    pub keep: bool,
    /// Where evidence of failures is written; made when it is needed.
    pub evidence: PathBuf,
}

/// How long a controller may take until it serves.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// How long a plane that breaks may take to say so.
const WORD_WITHIN: Duration = Duration::from_millis(500);

/// Runs `scenario` and reports. Never fails: whatever goes wrong is in the report.
pub async fn run(stage: &Stage<'_>, scenario: &Scenario) -> v1::Scenario {
    let mut report = blank(scenario);
    let trouble = tokio::select! {
        outcome = on_stage(stage, scenario, &mut report) => outcome.err(),
        why = stage.plane.broken() => Some(Trouble::Infra(why)),
    };
    if let Some(trouble) = trouble {
        let trouble = at_its_root(trouble, stage.plane).await;
        report.verdict = match trouble {
            Trouble::Conformance(_) => v1::Verdict::Fail,
            Trouble::Infra(_) => v1::Verdict::Error,
        };
        report.reason = Some(trouble.to_string());
    }
    stage.listener.hear(&scenario.id, News::Ended(&report));
    report
}

/// A request that fails because the plane breaks fails before anybody has said why: then that is told
/// first.
async fn at_its_root(trouble: Trouble, plane: &Plane) -> Trouble {
    let Trouble::Infra(symptom) = trouble else { return trouble };
    match tokio::time::timeout(WORD_WITHIN, plane.broken()).await {
        Ok(why) if why != symptom => Trouble::Infra(format!("{why}\nit showed itself as: {symptom}")),
        _ => Trouble::Infra(symptom),
    }
}

/// Reports that `scenario` is not run.
pub fn skipped(scenario: &Scenario, reason: String, listener: &dyn Listener) -> v1::Scenario {
    let report = v1::Scenario { verdict: v1::Verdict::Skip, reason: Some(reason), ..blank(scenario) };
    listener.hear(&scenario.id, News::Ended(&report));
    report
}

/// The report of a scenario of which nothing is known yet.
fn blank(scenario: &Scenario) -> v1::Scenario {
    v1::Scenario {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        must: scenario.must.clone(),
        verdict: v1::Verdict::Pass,
        seconds: 0.0,
        namespace: None,
        steps: Vec::new(),
        invariants: Vec::new(),
        reason: None,
        evidence: None,
    }
}

async fn on_stage(stage: &Stage<'_>, scenario: &Scenario, report: &mut v1::Scenario) -> Result<(), Trouble> {
    let infra = |error: &dyn std::error::Error| Trouble::Infra(chain(error));
    let namespace = stage.plane.create_namespace(&prefix(&scenario.id)).await.map_err(|e| infra(&e))?;
    report.namespace = Some(namespace.clone());
    let outcome = in_namespace(stage, scenario, &namespace, report).await;
    if !stage.options.keep {
        // Deletion never delays the verdict; what can't be asked for now, the keeper does.
        if let Err(error) = stage.plane.delete_namespace(&namespace) {
            tracing::warn!("namespace {namespace}: {}", chain(&error));
        }
    }
    outcome
}

async fn in_namespace(
    stage: &Stage<'_>,
    scenario: &Scenario,
    namespace: &str,
    report: &mut v1::Scenario,
) -> Result<(), Trouble> {
    let infra = |error: &dyn std::error::Error| Trouble::Infra(chain(error));
    let client = stage.plane.client();
    let endpoint = stage.plane.endpoint();
    let config = ControllerConfig {
        binary: stage.release.binary.clone(),
        version: stage.release.version.clone(),
        client: client.clone(),
        server: endpoint.server,
        ca_pem: endpoint.ca_pem,
        namespace: namespace.to_owned(),
        namespace_install: stage.release.manifests.namespace_install(),
        // Below the plane's directory: whatever happens to us, the keeper removes it.
        dir: stage.plane.dir().path().join("controllers").join(namespace),
        log_level: "info".into(),
        extra_args: Vec::new(),
        up_within: UP_WITHIN,
    };
    // The watches are opened while the controller starts: both before the first action.
    let (timeline, controller) = tokio::join!(Timeline::open(client.clone(), namespace), Controller::start(config));
    let timeline = timeline.map_err(|e| infra(&e))?;
    let controller = controller.map_err(|e| infra(&e))?;
    let actor = Actor::new(client, namespace, stage.kinds.clone());

    let mut acts = Acts {
        stage,
        namespace,
        controller: &controller,
        scenario,
        report,
        timeline: &timeline,
        actor: &actor,
        own_writes: BTreeSet::new(),
        open: None,
        from: Point::default(),
    };
    let outcome = tokio::select! {
        outcome = acts.play() => outcome,
        error = controller.exited() => Err(infra(&error)),
    };
    let own_writes = acts.own_writes;
    if let Err(trouble) = &outcome {
        let evidence = evidence::Evidence { scenario, trouble, timeline: &timeline, report, own_writes: &own_writes };
        match evidence.keep(&stage.options.evidence, &controller).await {
            Ok(directory) => report.evidence = Some(directory.display().to_string()),
            Err(error) => tracing::warn!("the evidence could not be written: {}", chain(&error)),
        }
    }
    outcome.map_err(|trouble| match &report.evidence {
        Some(directory) => trouble.with(&format!("\nevidence: {directory}")),
        None => trouble,
    })
}

/// The steps of a scenario, one after the other.
struct Acts<'a> {
    stage: &'a Stage<'a>,
    namespace: &'a str,
    controller: &'a Controller,
    scenario: &'a Scenario,
    report: &'a mut v1::Scenario,
    timeline: &'a Timeline,
    actor: &'a Actor,
    own_writes: BTreeSet<u64>,
    /// Claims of the step before, which reach to the next gate.
    open: Option<OpenSpan>,
    from: Point,
}

impl Acts<'_> {
    async fn play(&mut self) -> Result<(), Trouble> {
        let id = &self.scenario.id;
        let listener = self.stage.listener;
        if !self.scenario.given.is_empty() {
            let applied = acting::apply(self.actor, &self.scenario.given).await;
            applied.map_err(|e| Trouble::from(e).context("what is given could not be applied: "))?;
        }
        self.timeline.barrier().await?;
        self.from = self.timeline.log().history().end();
        listener.hear(id, News::Began(self.scenario));
        let began = Instant::now();
        let mut first_trouble = None;
        for (index, step) in self.scenario.steps.iter().enumerate() {
            let mut hands = Hands {
                actor: self.actor,
                controller: self.controller,
                namespace: self.namespace,
                timeline: self.timeline,
                release: &self.stage.release.version,
                listener,
                id,
                own_writes: &mut self.own_writes,
            };
            let ended = hands.step(index, step, self.from).await;
            let trouble = match ended {
                Ok(ended) => self.take(index, ended),
                Err(trouble) => {
                    self.report.steps.push(not_acted(step, &trouble));
                    Err(trouble)
                }
            };
            self.report.seconds = began.elapsed().as_secs_f64();
            let Err(trouble) = trouble else { continue };
            let at =
                format!("{id}, step {} of {} `{}` ({})\n", index + 1, self.scenario.steps.len(), step.name, step.at);
            let trouble = trouble.context(&at);
            if !self.stage.options.keep_going || matches!(trouble, Trouble::Infra(_)) {
                return Err(first_trouble.unwrap_or(trouble));
            }
            first_trouble.get_or_insert(trouble);
        }
        if let Some(trouble) = first_trouble {
            return Err(trouble);
        }
        let ground =
            ending::come_to_rest(self.timeline, self.actor, self.controller, self.namespace, self.scenario).await?;
        self.report.seconds = began.elapsed().as_secs_f64();
        let end = self.timeline.log().history().end();
        self.settle(end.next())?;
        ending::judge(self.scenario, self.stage, self.timeline.log().history(), &self.own_writes, ground, self.report)
    }

    /// Takes a step's ending in: its report, its claims, and what it means for those of the step before.
    fn take(&mut self, index: usize, ended: Ended) -> Result<(), Trouble> {
        let Ended { report, span, end, trouble } = ended;
        {
            let log = self.timeline.log();
            let rollout = &self.scenario.steps[index].on;
            let info = log.history().world(end).info(rollout);
            self.stage.listener.hear(&self.scenario.id, News::StepEnded { index, step: &report, info: info.as_ref() });
        }
        self.report.steps.push(report);
        let settled = match &span {
            Some(span) => self.settle(span.from),
            None => Ok(()),
        };
        self.open = span;
        self.from = end;
        match trouble {
            Some(trouble) => Err(trouble),
            None => settled,
        }
    }

    /// Settles the open claims, now that the next gate is known.
    fn settle(&mut self, next: Point) -> Result<(), Trouble> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let step = &self.scenario.steps[open.step];
        let log = self.timeline.log();
        let settled = open.settle(step, log.history(), Some(next), &self.stage.release.version);
        let mut failure = String::new();
        for claim in &settled {
            self.stage.listener.hear(&self.scenario.id, News::Claim { step: Some(open.step), claim });
        }
        if settled.iter().any(|claim| claim.outcome == v1::Outcome::Broken) {
            failure = format!(
                "after step {} `{}` ({}), before the next action was observed\n{}",
                open.step + 1,
                step.name,
                step.at,
                super::failure::broken(&settled)
            );
            let subject = crate::expect::Subject { rollout: &step.on, release: &self.stage.release.version };
            failure += &super::failure::surroundings(log.history(), open.from, subject, Timestamp::now());
        }
        if let Some(report) = self.report.steps.get_mut(open.step) {
            if !failure.is_empty() {
                report.verdict = v1::Verdict::Fail;
            }
            report.claims.extend(settled);
        }
        if failure.is_empty() { Ok(()) } else { Err(Trouble::Conformance(failure)) }
    }
}

/// The report of a step whose action could not be done.
fn not_acted(step: &crate::scenario::LoadedStep, trouble: &Trouble) -> v1::Step {
    v1::Step {
        name: step.name.clone(),
        at: step.at.to_string(),
        action: step.action.to_string(),
        verdict: match trouble {
            Trouble::Conformance(_) => v1::Verdict::Fail,
            Trouble::Infra(_) => v1::Verdict::Error,
        },
        seconds: 0.0,
        log: v1::Slice::default(),
        checks: Vec::new(),
        through: Vec::new(),
        claims: Vec::new(),
        pauses: Vec::new(),
    }
}

/// A namespace's prefix for a scenario: `guide/canary-basic` becomes `guide-canary-basic`.
fn prefix(id: &str) -> String {
    let plain = id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let plain: String = plain.take(40).collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "scenario".into() } else { plain.to_owned() }
}
