//! A whole scenario, from an empty namespace to the verdict.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use jiff::Timestamp;
use semver::Version;
use tokio::time::Instant;
use tracing::Instrument;

use super::{
    acting,
    claims::OpenSpan,
    ending, evidence,
    interruption::{gone, whose},
    known,
    listener::{Listener, News},
    own::on_own_plane,
    pause::Paused,
    reports::{blank, breach, broken, cut_short, not_begun},
    step::{Ended, Hands},
    traffic::Sending,
    trouble::{Trouble, chain},
    watching,
};
use crate::{
    act::{Actor, Driver, Kinds},
    behaviour,
    cluster::Plane,
    controller::{
        ControllerConfig, ControllerError, Own, Serving, UnderTest,
        deployed::{self, Deployed},
    },
    metrics::MetricServer,
    parts::Manifests,
    report::v1,
    scenario::{
        Scenario,
        model::{Capability, ControllerFlags, MAIN},
    },
    timeline::{Point, Timeline},
    upgrade::Swap,
};

/// What scenarios run on.
pub struct Stage<'a> {
    /// The control plane.
    pub plane: &'a Plane,
    /// What is known of its kinds.
    pub kinds: Kinds,
    /// The controller under test.
    pub release: &'a UnderTest,
    /// Who hears the news.
    pub listener: &'a dyn Listener,
    /// How it is run.
    pub options: Options,
    /// What `controller: swap` swaps for; None: a new one of the same release.
    pub swap: Option<&'a Swap>,
}

impl<'a> Stage<'a> {
    /// The release that the scenario as a whole is judged by: the one that serves it in the end.
    pub(super) fn judged(&self) -> &'a Version {
        self.swap.map_or(&self.release.version, |swap| &swap.to.version)
    }
}

/// How scenarios are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who does the actions that the plugin has a command for.
    pub driver: Driver,
    /// With the plugin as driver: compare after each step what it shows with what is drawn here. What follows a step
    /// follows it later then.
    pub views: bool,
    /// Go on with the next step when one has failed.
    pub keep_going: bool,
    /// Leave namespace and cluster up.
    pub keep: bool,
    /// When the controller fails, leave everything as it is until a person has looked.
    pub pause_on_failure: bool,
    /// Where evidence of failures is written; made when it is needed.
    pub evidence: PathBuf,
}

/// How long a controller may take until it serves.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// A controller that is to be swapped leads by a lease, as in a cluster; upstream's 15 s would only be waited for.
const LEASE: [&str; 4] = [
    "--leader-elect=true",
    "--leader-election-lease-duration=6s",
    "--leader-election-renew-deadline=5s",
    "--leader-election-retry-period=1s",
];

/// Runs `scenario` and reports. Never fails: whatever goes wrong is in the report.
pub async fn run(stage: &Stage<'_>, scenario: &Scenario) -> v1::Scenario {
    // Of the level of errors, so that every warning from within says whose it is.
    rounds(stage, scenario).instrument(tracing::error_span!("scenario", id = scenario.id)).await
}

async fn rounds(stage: &Stage<'_>, scenario: &Scenario) -> v1::Scenario {
    let mut report = blank(scenario);
    for round in 1..=scenario.repeat {
        report = blank(scenario);
        let outcome = match scenario.needs.contains(&Capability::OwnCluster) {
            true => on_own_plane(stage, scenario, &mut report).await,
            false => on_stage(stage, scenario, &mut report).await,
        };
        if let Err(trouble) = outcome {
            let trouble = trouble.context(&which_round(round, scenario.repeat));
            report.verdict = match trouble {
                Trouble::Conformance(_) => v1::Verdict::Fail,
                Trouble::Infra(_) => v1::Verdict::Error,
            };
            report.reason = Some(trouble.to_string());
            break;
        }
    }
    report.not_begun = not_begun(scenario, &report.steps);
    tracing::info!(verdict = ?report.verdict, seconds = report.seconds, "scenario ended");
    if let Some(swap) = stage.swap {
        swap.ended(&scenario.id);
    }
    stage.listener.hear(&scenario.id, News::Ended(&report));
    report
}

fn which_round(round: u32, of: u32) -> String {
    if of == 1 { String::new() } else { format!("in round {round} of {of}: ") }
}

/// Reports that `scenario` is not run.
pub fn skipped(scenario: &Scenario, reason: String, listener: &dyn Listener) -> v1::Scenario {
    let report = not_run(scenario, v1::Verdict::Skip, reason);
    listener.hear(&scenario.id, News::Ended(&report));
    report
}

/// The report of a scenario that was not run: by choice ([`v1::Verdict::Skip`]), or for want of something to run it on.
pub fn not_run(scenario: &Scenario, verdict: v1::Verdict, reason: String) -> v1::Scenario {
    v1::Scenario { verdict, reason: Some(reason), not_begun: not_begun(scenario, &[]), ..blank(scenario) }
}

pub(super) async fn on_stage(stage: &Stage<'_>, scenario: &Scenario, report: &mut v1::Scenario) -> Result<(), Trouble> {
    let place = tokio::select! {
        place = stage.plane.place() => place.map_err(|error| before_it_began(scenario, Trouble::Infra(chain(&error)))),
        why = stage.plane.broken() => Err(before_it_began(scenario, gone(stage.plane, why))),
    };
    let _place = place?;
    let namespace = match stage.plane.create_namespace(&prefix(&scenario.id)).await {
        Ok(namespace) => namespace,
        Err(error) => {
            let trouble = whose(stage.plane, Trouble::Infra(chain(&error))).await;
            return Err(before_it_began(scenario, trouble));
        }
    };
    tracing::info!(namespace, "namespace made");
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
    let client = stage.plane.client();
    let log = log_file(stage, namespace);
    // The watches are opened while the controller starts: both before the first action.
    let others = watching::others(&client, &stage.kinds, scenario).await;
    let others = others.map_err(|trouble| before_it_began(scenario, trouble))?;
    let both =
        async { tokio::join!(Timeline::open(client.clone(), namespace, &others), serving(stage, scenario, namespace)) };
    let up = tokio::select! {
        (timeline, controller) = both => match (timeline, controller) {
            (Ok(timeline), Ok(controller)) => Ok((timeline, controller)),
            (_, Err(error)) => {
                let files = stage.release.files.as_ref();
                let which = files.map_or(stage.release.label.clone(), |files| files.binary.display().to_string());
                Err(Trouble::Infra(format!("{which} did not come up: {}", chain(&error))))
            }
            (Err(error), _) => Err(Trouble::Infra(chain(&error))),
        },
        why = stage.plane.broken() => Err(gone(stage.plane, why)),
    };
    let (timeline, controller) = match up {
        Ok(up) => up,
        Err(trouble) => {
            let trouble = before_it_began(scenario, whose(stage.plane, trouble).await);
            let kept = evidence::of_start(&stage.options.evidence, &scenario.id, &trouble, &log);
            return Err(evidence::enter(kept, &stage.options.evidence, trouble, report));
        }
    };
    let actor = Actor::new(client, namespace, stage.kinds.clone());
    let metrics = match scenario.uses_metrics() {
        true => Some(MetricServer::start().await.map_err(|e| Trouble::Infra(format!("no metric server: {e}")))?),
        false => None,
    };

    let mut acts = Acts {
        stage,
        namespace,
        controller: &controller,
        scenario,
        report,
        timeline: &timeline,
        actor: &actor,
        metrics: metrics.as_ref(),
        sending: Sending::of(scenario, stage.plane, &timeline, &stage.release.version),
        own_writes: BTreeSet::new(),
        starts: Vec::new(),
        open: None,
        from: Point::default(),
        now: None,
    };
    let outcome = tokio::select! {
        outcome = acts.play() => match outcome {
            Err(trouble) => {
                let broken = match trouble {
                    Trouble::Infra(_) => stage.plane.soon_broken().await,
                    // What is left of a plane whose keeper is gone is cleared away at once, and refuses what
                    // is asked of it: that is no word of the controller's.
                    Trouble::Conformance(_) => stage.plane.health(),
                };
                Err(broken.map_or(trouble, |why| acts.interrupted(gone(stage.plane, why))))
            }
            Ok(()) => Ok(()),
        },
        error = controller.exited() => {
            let broken = stage.plane.soon_broken().await;
            Err(acts.interrupted(broken.map_or_else(|| Trouble::Infra(chain(&error)), |why| gone(stage.plane, why))))
        }
        why = stage.plane.broken() => Err(acts.interrupted(gone(stage.plane, why))),
    };
    let (own_writes, starts) = (acts.own_writes, acts.starts);
    let mut requests = None;
    if let Some(sending) = acts.sending.take()
        && let Some((summary, raw)) = sending.end().await
    {
        report.traffic = Some(summary);
        requests = Some(raw);
    }
    let outcome = known::weighed(stage, scenario, &timeline, &own_writes, outcome, report).await;
    // Of a run that came to no end nothing is compared.
    if !matches!(outcome, Err(Trouble::Infra(_))) {
        if outcome.is_err() {
            // Without it what is there must do.
            let _ = timeline.barrier().await;
        }
        behaviour::observe(timeline.log().history(), &starts, &own_writes, &mut report.steps);
    }
    let Err(trouble) = outcome else { return Ok(()) };
    if stage.options.pause_on_failure && matches!(trouble, Trouble::Conformance(_)) {
        let (kubeconfig, directory) = (stage.plane.dir().kubeconfig(), stage.plane.dir().path());
        let paused = Paused { id: &scenario.id, namespace, kubeconfig: &kubeconfig, directory };
        if let Err(error) = paused.wait(&trouble, stage.listener).await {
            tracing::warn!("no pause: {error}");
        }
    }
    let evidence = evidence::Evidence {
        scenario,
        trouble: &trouble,
        timeline: &timeline,
        report,
        own_writes: &own_writes,
        requests: requests.as_deref(),
    };
    let kept = evidence.keep(&stage.options.evidence, &controller, stage.plane).await;
    Err(evidence::enter(kept, &stage.options.evidence, trouble, report))
}

/// The controller that serves this namespace: the one in the cluster, or one that is started.
async fn serving(stage: &Stage<'_>, scenario: &Scenario, namespace: &str) -> Result<Serving, ControllerError> {
    match (&stage.plane.record().deployed, stage.release.build(Manifests::namespace_install)) {
        (Some(shared), _) => {
            let log = log_file(stage, namespace);
            Deployed::of(stage.plane.client(), shared.clone(), &log, namespace)
                .map(|deployed| Serving::Deployed(Box::new(deployed)))
        }
        (None, Some(build)) => {
            let _permit = match stage.swap {
                Some(swap) => swap.start_permit().await,
                None => None,
            };
            let lease = scenario.swap().is_some().then_some(LEASE).into_iter().flatten().map(ToOwned::to_owned);
            let config = |flags: &ControllerFlags| ControllerConfig {
                extra_args: flags.args.iter().cloned().chain(lease.clone()).collect(),
                ..ControllerConfig::on(stage.plane, namespace, build.clone(), UP_WITHIN)
            };
            let main = config(&scenario.controllers.get(MAIN).cloned().unwrap_or_default());
            let all = scenario.controllers.iter().map(|(name, flags)| (name.clone(), config(flags))).collect();
            let own = Own::start(all, main).await;
            own.map(|own| Serving::Own(Box::new(own)))
        }
        (None, None) => Err(ControllerError::Nothing { label: stage.release.label.clone() }),
    }
}

/// Where its log is.
fn log_file(stage: &Stage<'_>, namespace: &str) -> PathBuf {
    match stage.plane.record().deployed {
        Some(_) => stage.plane.dir().log(deployed::LOG),
        None => ControllerConfig::dir_on(stage.plane, namespace).join("controller.log"),
    }
}

fn before_it_began(scenario: &Scenario, trouble: Trouble) -> Trouble {
    trouble.context(&format!("{}, before its first step\n", scenario.id))
}

/// The steps of a scenario, one after the other.
struct Acts<'a> {
    stage: &'a Stage<'a>,
    namespace: &'a str,
    controller: &'a Serving,
    scenario: &'a Scenario,
    report: &'a mut v1::Scenario,
    timeline: &'a Timeline,
    actor: &'a Actor,
    metrics: Option<&'a MetricServer>,
    sending: Option<Sending<'a>>,
    own_writes: BTreeSet<u64>,
    /// From which resourceVersion on each step's doings are seen.
    starts: Vec<u64>,
    /// Claims of the step before, which reach to the next gate.
    open: Option<OpenSpan>,
    from: Point,
    /// The step that runs; None before the first one.
    now: Option<usize>,
}

impl<'a> Acts<'a> {
    async fn play(&mut self) -> Result<(), Trouble> {
        let id = &self.scenario.id;
        let listener = self.stage.listener;
        if !self.scenario.given.is_empty() {
            let applied = acting::apply(self.actor, self.metrics, &self.scenario.given).await;
            applied.map_err(|e| Trouble::from(e).context("what is given could not be applied: "))?;
        }
        self.timeline.barrier().await?;
        self.from = self.timeline.log().history().end();
        listener.hear(id, News::Began(self.scenario));
        let began = Instant::now();
        let mut first_trouble = None;
        for (index, step) in self.scenario.steps.iter().enumerate() {
            self.now = Some(index);
            let mut hands = Hands {
                driver: &self.stage.options.driver,
                actor: self.actor,
                controller: self.controller,
                metrics: self.metrics,
                plane: self.stage.plane,
                namespace: self.namespace,
                timeline: self.timeline,
                release: self.release(index),
                swap: self.stage.swap,
                views: self.stage.options.views,
                listener,
                id,
                own_writes: &mut self.own_writes,
                starts: &mut self.starts,
            };
            let (sending, from) = (&mut self.sending, self.from);
            let playing = async {
                match sending {
                    Some(sending) => sending.around(&mut hands, index, step, from).await,
                    None => hands.step(index, step, from).await,
                }
            };
            let ended = playing.instrument(tracing::error_span!("step", number = index + 1, name = step.name)).await;
            let trouble = match ended {
                Ok(ended) => self.take(index, ended),
                Err(trouble) => {
                    self.report.steps.push(cut_short(step, &trouble));
                    Err(trouble)
                }
            };
            self.report.seconds = began.elapsed().as_secs_f64();
            let Err(trouble) = trouble else { continue };
            let trouble = trouble.context(&self.place());
            if !self.stage.options.keep_going || matches!(trouble, Trouble::Infra(_)) {
                return Err(match first_trouble {
                    Some(first) => Trouble::with(first, &format!("\nand then {trouble}")),
                    None => trouble,
                });
            }
            first_trouble.get_or_insert(trouble);
        }
        if let Some(trouble) = first_trouble {
            return Err(trouble);
        }
        self.now = Some(self.scenario.steps.len());
        let ground =
            ending::come_to_rest(self.timeline, self.actor, self.controller, self.namespace, self.scenario).await;
        let ground = ground.map_err(|trouble| {
            if let Trouble::Conformance(text) = &trouble {
                self.report.broken.push(breach("silent", text, None));
            }
            trouble.context(&self.place())
        })?;
        self.report.seconds = began.elapsed().as_secs_f64();
        if let Some(sending) = &mut self.sending
            && let (Some(step), Some(report)) = (self.scenario.steps.last(), self.report.steps.last_mut())
            && let Some(trouble) = sending.failures(step, report).await?
        {
            return Err(trouble.context(&self.place()));
        }
        let end = self.timeline.log().history().end();
        self.settle(end.next())?;
        ending::judge(self.scenario, self.stage, self.timeline.log().history(), &self.own_writes, ground, self.report)
    }

    /// The release that serves this step.
    fn release(&self, step: usize) -> &'a Version {
        match (self.stage.swap, self.scenario.swap()) {
            (Some(swap), Some(at)) if at <= step => &swap.to.version,
            _ => &self.stage.release.version,
        }
    }

    /// Where the scenario is, as messages begin with it.
    fn place(&self) -> String {
        let (id, steps) = (&self.scenario.id, &self.scenario.steps);
        match self.now.map(|now| (now + 1, steps.get(now))) {
            None => format!("{id}, before its first step\n"),
            Some((number, Some(step))) => {
                format!("{id}, step {number} of {} `{}` ({})\n", steps.len(), step.name, step.at)
            }
            Some((_, None)) => format!("{id}, after its last step\n"),
        }
    }

    /// Something outside has ended the scenario in the middle: the step that ran is reported, and
    /// named in the message.
    fn interrupted(&mut self, trouble: Trouble) -> Trouble {
        if let Some(now) = self.now
            && let Some(step) = self.scenario.steps.get(now)
        {
            // If it was reported as failed, that was not the controller's doing.
            self.report.steps.truncate(now);
            self.report.steps.push(cut_short(step, &trouble));
        }
        trouble.context(&self.place())
    }

    /// Takes a step's ending in: its report, its claims, and what it means for those of the step before.
    fn take(&mut self, index: usize, ended: Ended) -> Result<(), Trouble> {
        let Ended { report, gate, span, end, trouble } = ended;
        {
            let log = self.timeline.log();
            let rollout = &self.scenario.steps[index].on;
            let info = log.history().world(end).info(rollout);
            self.stage.listener.hear(&self.scenario.id, News::StepEnded { index, step: &report, info: info.as_ref() });
        }
        self.report.steps.push(report);
        // An action that was never observed leaves all that was seen to the step before.
        let next = gate.unwrap_or_else(|| self.timeline.log().history().end().next());
        let settled = self.settle(next);
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
        let release = self.release(open.step);
        let settled = open.settle(step, log.history(), Some(next), release);
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
            let subject = crate::expect::Subject { rollout: &step.on, release };
            failure += &super::failure::surroundings(log.history(), open.from, subject, Timestamp::now());
        }
        if let Some(report) = self.report.steps.get_mut(open.step) {
            if !failure.is_empty() {
                report.verdict = v1::Verdict::Fail;
            }
            report.broken.extend(broken(&settled));
            report.claims.extend(settled);
        }
        if failure.is_empty() { Ok(()) } else { Err(Trouble::Conformance(failure)) }
    }
}

/// A namespace's prefix for a scenario: `guide/canary-basic` becomes `guide-canary-basic`.
fn prefix(id: &str) -> String {
    let plain = id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let plain: String = plain.take(40).collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "scenario".into() } else { plain.to_owned() }
}
