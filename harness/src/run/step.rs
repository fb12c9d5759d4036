//! One step of a scenario: act, await, look back.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use semver::Version;
use tokio::time::Instant;

use super::{
    awaiting::{Awaited, Outcome},
    claims::{self, OpenSpan},
    failure,
    listener::{Listener, News},
    reports::{breach, broken, fail},
    trouble::{Trouble, chain},
};
use crate::{
    act::{self, Actor, Done, Driver},
    cluster::Plane,
    controller::{Fence, Serving, log::render},
    expect::{
        self, Gate, Subject, event,
        temporal::{self, Claim},
    },
    metrics::MetricServer,
    report::v1,
    rollout::{Rollout, phase::is_generation_observed},
    scenario::{
        Action, LoadedStep,
        model::{ControllerAction, Hold, StateMatch},
    },
    timeline::{History, Kind, Point, Timeline, pauses},
    timeouts::scaled,
    upgrade::Swap,
};

/// How many lines of the controller's log are shown of a step that failed.
const LOG_LINES: usize = 25;

/// How long a fence may take.
pub(super) const FENCE: Duration = Duration::from_secs(30);

/// What a step works with.
pub(super) struct Hands<'a> {
    pub driver: &'a Driver,
    pub actor: &'a Actor,
    pub controller: &'a Serving,
    pub metrics: Option<&'a MetricServer>,
    pub plane: &'a Plane,
    pub namespace: &'a str,
    pub timeline: &'a Timeline,
    pub release: &'a Version,
    pub swap: Option<&'a Swap>,
    /// Compare what the plugin shows after each step with what is drawn here.
    pub views: bool,
    pub listener: &'a dyn Listener,
    pub id: &'a str,
    /// resourceVersions of our own writes.
    pub own_writes: &'a mut BTreeSet<u64>,
    /// From which resourceVersion on each step's doings are seen.
    pub starts: &'a mut Vec<u64>,
}

/// How a step ended.
pub(super) struct Ended {
    /// What is reported.
    pub report: v1::Step,
    /// Its gate, if it was passed: there the claims of the step before end.
    pub gate: Option<Point>,
    /// Its claims that reach to the next action; None if it never passed its gate, or broke one.
    pub span: Option<OpenSpan>,
    /// From where on the next step looks for its gate.
    pub end: Point,
    /// Why it failed, if it did.
    pub trouble: Option<Trouble>,
}

impl Hands<'_> {
    /// Runs the step at `index`, whose gate is looked for from `from` on.
    ///
    /// # Errors
    /// Infrastructure trouble, and actions that could not be done; a claim that does not hold is
    /// no error but an ending.
    pub async fn step(&mut self, index: usize, step: &LoadedStep, from: Point) -> Result<Ended, Trouble> {
        self.listener.hear(self.id, News::Step { index, name: &step.name });
        let passed = self.timeline.log().history().rv(from);
        self.starts.push(passed + 1);
        if let Some(trigger) = &step.trigger {
            self.moment(step, trigger, from).await?;
        }
        let before = self.timeline.log().live().rollout(&step.on).map(|rollout| rollout.metadata.generation);
        // The controller compares whole seconds of creation to tell revisions apart.
        if let Some(compared) = act::compared(step.action.key())
            && !step.same_second
        {
            self.actor.wait_for_new_second(&step.on, compared).await?;
        }
        if step.trigger.is_none() && self.controller.is_up() && self.may_be_lost(step) {
            // The fence's own annotations leave one more reconcile behind now and then.
            self.fence(&step.on).await?;
            self.fence(&step.on).await?;
        }
        let log_from = self.log_position()?;
        let asked = self.asked(step);
        let began = (Instant::now(), Timestamp::now());
        let swaps = matches!(step.action, Action::Controller(ControllerAction::Swap, _));
        // All that stands still is in the history before the swap.
        let still = if swaps { Some(self.still(step).await?) } else { None };
        let (done, renewed) = match swaps {
            true => self.swap_controller(step).await?,
            false => (self.act(step).await?, None),
        };
        self.listener.hear(self.id, News::Acted { command: &done.command });
        tracing::info!(command = done.command, "acted");
        self.own_writes.extend(done.objects.iter().map(|object| object.resource_version));
        // An action that changes nothing is answered with an old version.
        let first = done.objects.iter().map(|object| object.resource_version).filter(|rv| *rv > passed).min();
        if let (Some(first), Some(start)) = (first.filter(|_| done.changed), self.starts.last_mut()) {
            *start = first;
        }
        let gate = match step.action {
            Action::Api(_) => self.behind_the_gaps(step).await?,
            // Nobody is there to observe a spec: what is written is all that there is to see.
            _ => match gate_of(step, &done, before, self.timeline.kinds()) {
                Gate::Observed { rv, .. } if !self.controller.is_up() => Gate::Written { rv },
                gate => gate,
            },
        };

        let subject = Subject { rollout: &step.on, release: self.release };
        let awaited = Awaited {
            from,
            gate: &gate,
            not_before: from,
            expect: step.expect.as_ref(),
            events: &step.events,
            never: &step.never,
            always: &step.always,
            subject,
        };
        // How long others take to come to their swap is not this step's affair.
        let deadline = if swaps { Instant::now() } else { began.0 } + scaled(step.within);
        let outcome = match &step.expect {
            Some(expect) if expect.at_rest == Some(true) => self.rest(awaited, expect, deadline).await?,
            _ => self.await_state(&awaited, deadline).await?,
        };
        tracing::debug!(?gate, "awaited");
        let mut silent = None;
        let looks_twice = swaps.then_some(Hold { r#for: None, reconciles: Some(2) });
        if let Outcome::Met { at, .. } = outcome
            && let Some(hold) = step.hold.as_ref().or(looks_twice.as_ref())
        {
            match self.hold(step, hold, at).await {
                Err(Trouble::Conformance(text)) => silent = Some(text),
                held => held?,
            }
        }
        let mut ended = {
            let log = self.timeline.log();
            let looking_back =
                LookingBack { step, subject, began: began.1, history: log.history(), own_writes: self.own_writes };
            looking_back.look(index, from, &gate, &done, outcome, silent)
        };
        if ended.trouble.is_none() {
            self.requests(step, &asked, &mut ended);
        }
        if let Some(still) = still {
            self.unmoved(step, still, renewed, &mut ended);
        }
        if ended.trouble.is_none() && !step.controllers.is_empty() {
            self.endpoints(step, &mut ended).await?;
        }
        if ended.trouble.is_none() && self.views {
            self.views(step, &mut ended).await?;
        }
        tracing::info!(verdict = ?ended.report.verdict, seconds = ended.report.seconds, "step ended");
        ended.report.log = v1::Slice { from: log_from, to: self.log_position()? };
        if let Some(trouble) = ended.trouble.take() {
            ended.trouble = Some(trouble.with(&self.log_of_step(ended.report.log)));
        }
        Ok(ended)
    }

    /// Does what the step says; or lets it be refused, where that is what must happen.
    async fn act(&self, step: &LoadedStep) -> Result<Done, Trouble> {
        let acted = self.drive(step).await;
        let Some(says) = &step.refused else { return acted };
        match acted {
            Ok(_) => Err(Trouble::Conformance(format!(
                "{}: it was done, and must be refused with words that say: {says}\n",
                step.action
            ))),
            Err(Trouble::Conformance(said)) if says.holds(&said) => {
                let command = format!("{}  # refused", step.action);
                Ok(Done { objects: Vec::new(), changed: false, command })
            }
            Err(Trouble::Conformance(said)) => Err(Trouble::Conformance(format!(
                "it was refused, but not with words that say: {says}\n  {}\n",
                said.trim_end().replace('\n', "\n  ")
            ))),
            Err(trouble) => Err(trouble),
        }
    }

    /// The gate of a restart of the API server: what was seen before it was cut off says nothing about
    /// what came after. A write of our own, made when all watches are open again, divides the two.
    async fn behind_the_gaps(&mut self, step: &LoadedStep) -> Result<Gate, Trouble> {
        self.timeline.barrier().await?;
        match self.actor.touch(&step.on).await {
            Ok(rv) => {
                self.own_writes.insert(rv);
                Ok(Gate::Written { rv })
            }
            Err(error) if error.is_not_found() => Ok(Gate::Open),
            Err(error) => Err(error.into()),
        }
    }

    /// How often each metric that the step counts was asked for up to now.
    fn asked(&self, step: &LoadedStep) -> BTreeMap<String, u32> {
        let count = |name: &String| self.metrics.map_or(0, |metrics| metrics.requests(name));
        step.requests.keys().map(|name| (name.clone(), count(name))).collect()
    }

    /// Judges how often metrics were asked for since then.
    fn requests(&self, step: &LoadedStep, before: &BTreeMap<String, u32>, ended: &mut Ended) {
        let mut wrong = String::new();
        for (name, now) in self.asked(step) {
            let Some(number) = step.requests.get(&name) else { continue };
            let count = now - before.get(&name).copied().unwrap_or(0);
            let ok = number.holds(i64::from(count));
            if !ok {
                wrong += &format!("the metric {name} was asked for {count} times in this step, expected {number}\n");
            }
            let (field, expected) = (format!("requests.{name}"), number.to_string());
            ended.report.checks.push(v1::Check { field, expected, got: count.to_string(), ok });
        }
        if !wrong.is_empty() {
            fail(&mut ended.report, "requests", &wrong, None);
            ended.trouble = Some(Trouble::Conformance(wrong));
        }
    }

    async fn await_state(&self, awaited: &Awaited<'_>, deadline: Instant) -> Result<Outcome, Trouble> {
        let (listener, id, rollout) = (self.listener, self.id, awaited.subject.rollout);
        let passing = |live: &crate::timeline::World| listener.hear(id, News::Passing { rollout, live });
        Ok(awaited.wait(self.timeline, deadline, passing).await?)
    }

    /// Awaits a state that says of itself that it rests, and is still the same when the controller has
    /// looked once more. One that is not was none: between a decision and what the controller does about
    /// it, all may look quiet.
    async fn rest(&self, mut awaited: Awaited<'_>, expect: &StateMatch, deadline: Instant) -> Result<Outcome, Trouble> {
        loop {
            let outcome = self.await_state(&awaited, deadline).await?;
            let Outcome::Met { gate, at } = outcome else { return Ok(outcome) };
            self.fence(awaited.subject.rollout).await?;
            self.timeline.barrier().await?;
            let log = self.timeline.log();
            let history = log.history();
            match temporal::always(history, at, history.end(), expect, awaited.subject) {
                Claim::Broken(..) if Instant::now() >= deadline => {
                    return Ok(Outcome::TimedOut { gate: Some(gate), met: None });
                }
                Claim::Broken(point, _) => awaited.not_before = point,
                Claim::Held(_) | Claim::NotJudged(_) => return Ok(outcome),
            }
        }
    }

    pub(super) async fn fence(&self, rollout: &str) -> Result<(), Trouble> {
        let fence = Fence::new(self.actor, self.controller.log(), self.namespace);
        let passed = fence.pass(rollout, scaled(FENCE)).await;
        passed.map(|_| ()).map_err(|error| Trouble::from(error).context("while `expect` was to hold: "))
    }

    /// Whether the action may be lost on this release while a reconcile is under way. That is the affair of the scenarios
    /// that act at a given moment (races/promote-at-paused); all others act when nothing is under way. A controller that
    /// has not taken notice of the Rollout so far need not do so now.
    fn may_be_lost(&self, step: &LoadedStep) -> bool {
        let log = self.timeline.log();
        let noticed =
            |rollout: &Rollout| !rollout.status.observed_generation.is_empty() && is_generation_observed(rollout);
        writes_back(self.release)
            && match &step.action {
                Action::Promote(_) | Action::Abort | Action::Retry => true,
                action => action.writes_rollout() && log.live().rollout(&step.on).is_some_and(noticed),
            }
    }

    fn log_position(&self) -> Result<u64, Trouble> {
        let position = self.controller.log().position();
        position.map_err(|error| Trouble::Infra(format!("the controller's log can't be read: {error}")))
    }

    /// The controller's log of a step that failed, its end.
    fn log_of_step(&self, slice: v1::Slice) -> String {
        match self.controller.log().end_of(slice.from, slice.to) {
            Ok((lines, whole)) => {
                let shown = &lines[lines.len().saturating_sub(LOG_LINES)..];
                let which = match whole {
                    true if shown.len() < lines.len() => format!("the last {LOG_LINES} of {} lines", lines.len()),
                    true => "all of it".into(),
                    false => format!("the last {LOG_LINES} of very many lines"),
                };
                format!("the controller's log of this step ({which}):\n{}\n", render(shown).trim_end())
            }
            Err(error) => format!("the controller's log can't be read: {}\n", chain(&error)),
        }
    }

    /// Lets the time of a `hold` pass, so that what follows is in the history.
    async fn hold(&mut self, step: &LoadedStep, hold: &Hold, met: Point) -> Result<(), Trouble> {
        if let Some(span) = hold.r#for {
            let arrived = self.timeline.log().history().entry(met).map_or_else(Timestamp::now, |entry| entry.arrived);
            let stood = Duration::try_from(Timestamp::now().duration_since(arrived)).unwrap_or_default();
            tokio::time::sleep(span.0.saturating_sub(stood)).await;
        }
        for _ in 0..hold.reconciles.unwrap_or(0) {
            self.fence(&step.on).await?;
        }
        self.timeline.barrier().await?;
        Ok(())
    }
}

/// Up to 1.9 the controller writes the Rollout as it knew it back to its informer when a reconcile ends, over what was
/// written meanwhile (#4694).
fn writes_back(release: &Version) -> bool {
    (release.major, release.minor) < (1, 10)
}

/// The gate of what was done. `before`: the Rollout's generation before it.
fn gate_of(step: &LoadedStep, done: &Done, before: Option<i64>, kinds: &[Kind]) -> Gate {
    if let Action::Delete(_) = step.action
        && let Some(object) = done.objects.last()
        && let Some(kind) = kinds.iter().copied().find(|kind| kind.name() == object.kind)
    {
        return Gate::Gone { kind, uid: object.uid.clone() };
    }
    if !done.changed {
        return Gate::Open;
    }
    match done.object("Rollout", &step.on) {
        Some(rollout) if before.is_none_or(|before| before < rollout.generation) => Gate::Observed {
            rollout: rollout.name.clone(),
            rv: rollout.resource_version,
            generation: rollout.generation,
        },
        Some(rollout) => Gate::Written { rv: rollout.resource_version },
        // A kind that is not watched (an AnalysisTemplate) never shows itself: nothing to wait for.
        None => done
            .objects
            .iter()
            .filter(|object| Kind::ALL.iter().any(|kind| kind.name() == object.kind))
            .map(|object| object.resource_version)
            .max()
            .map_or(Gate::Open, |rv| Gate::Written { rv }),
    }
}

/// The fields that are not as expected.
fn differing(checks: &[v1::Check]) -> String {
    let differing = checks.iter().filter(|check| !check.ok);
    let words = differing.map(|check| format!("{} {} (expected {})", check.field, check.got, check.expected));
    words.collect::<Vec<_>>().join(", ")
}

/// Looks back on a step whose waiting is over.
struct LookingBack<'a> {
    step: &'a LoadedStep,
    subject: Subject<'a>,
    began: Timestamp,
    history: &'a History,
    own_writes: &'a BTreeSet<u64>,
}

impl LookingBack<'_> {
    /// `silent`: why `expect` can't be said to have held.
    fn look(
        &self,
        index: usize,
        from: Point,
        action: &Gate,
        done: &Done,
        outcome: Outcome,
        silent: Option<String>,
    ) -> Ended {
        let (gate, at) = match outcome {
            Outcome::Met { gate, at } => (Some(gate), at),
            Outcome::Broken { gate } => (Some(gate), self.history.end()),
            Outcome::TimedOut { gate, met } => (gate, met.unwrap_or(self.history.end())),
        };
        let met = matches!(outcome, Outcome::Met { .. });
        let mut failures = Vec::new();
        let mut report = v1::Step {
            name: self.step.name.clone(),
            at: self.step.at.to_string(),
            action: done.command.clone(),
            seconds: self.history.entry(at).map_or(0.0, |entry| self.after(entry.arrived)),
            ..v1::Step::default()
        };
        let last = Some(self.history.rv(self.history.end()));
        if let Some(expect) = &self.step.expect {
            report.checks =
                expect::compare(expect, &self.history.world(at), self.subject).into_iter().map(Into::into).collect();
            if matches!(outcome, Outcome::TimedOut { met: None, .. }) {
                failures.push(failure::not_met(self.history, gate, self.step, expect, self.subject, Timestamp::now()));
                if gate.is_some() {
                    report.broken.push(breach("expect", &differing(&report.checks), last));
                }
            }
        } else if gate.is_none() {
            failures.push(failure::not_observed(self.history, self.step));
        }
        if gate.is_none() {
            report.broken.push(breach("silent", &failure::not_observed(self.history, self.step), last));
        }
        if let Some(text) = silent {
            report.broken.push(breach("silent", &text, last));
            failures.push(text + "\n");
        }
        let mut events_end = at;
        if let Some(gate) = gate {
            if !self.step.events.is_empty() {
                let span = (action.acted(self.history, from), self.history.end());
                let sequence = event::sequence(self.history, span.0, span.1, &self.step.events, self.subject);
                let claim = claims::events(self.step, &sequence, self.history, span, self.subject);
                // If `expect` wasn't met, that is the news.
                if let Outcome::TimedOut { met: Some(_), .. } = outcome {
                    failures.push(failure::broken(std::slice::from_ref(&claim)));
                    report.broken.extend(broken(std::slice::from_ref(&claim)));
                }
                events_end = sequence.end().unwrap_or(at);
                report.claims.push(claim);
            }
            self.through(&mut report, gate, at, met, &mut failures);
            self.pauses(&mut report, gate, at, met, &mut failures);
            if let Outcome::Broken { .. } = outcome {
                let claims =
                    claims::settle(&self.step.never, &self.step.always, self.history, (gate, at), self.subject);
                failures.push(failure::broken(&claims));
                report.broken.extend(broken(&claims));
                if let Some(expect) = &self.step.expect {
                    failures.push(failure::not_yet_met(&self.history.world(at), expect, self.subject));
                }
                report.claims.extend(claims);
            }
            if met && let (Some(_), Some(expect)) = (&self.step.hold, &self.step.expect) {
                let claim = temporal::always(self.history, at, self.history.end(), expect, self.subject);
                let claim = claims::report("hold", expect, &claim, self.history);
                if claim.outcome == v1::Outcome::Broken {
                    failures.push(failure::broken(std::slice::from_ref(&claim)));
                    report.broken.extend(broken(std::slice::from_ref(&claim)));
                }
                report.claims.push(claim);
            }
        }
        let rests = self.step.expect.as_ref().is_some_and(|expect| expect.at_rest == Some(true));
        let end = if self.step.hold.is_some() || rests || !met { self.history.end() } else { at.max(events_end) };
        let trouble = (!failures.is_empty()).then(|| {
            report.verdict = v1::Verdict::Fail;
            let surroundings =
                failure::surroundings(self.history, gate.unwrap_or(from), self.subject, Timestamp::now());
            Trouble::Conformance(failures.concat() + &surroundings)
        });
        let is_broken = matches!(outcome, Outcome::Broken { .. });
        let span = gate.filter(|_| !is_broken).map(|gate| OpenSpan { step: index, from: gate, met: end });
        Ended { report, gate, span, end, trouble }
    }

    /// Seconds after the action.
    fn after(&self, at: Timestamp) -> f64 {
        at.duration_since(self.began).as_secs_f64().max(0.0)
    }

    fn through(&self, report: &mut v1::Step, gate: Point, at: Point, met: bool, failures: &mut Vec<String>) {
        let through = &self.step.through;
        let passage = temporal::passage(self.history, gate, at, through, self.subject);
        for (index, state) in through.iter().enumerate() {
            let point = passage.met.get(index);
            let after = point.and_then(|point| self.history.entry(*point)).map(|entry| self.after(entry.arrived));
            report.through.push(v1::Passed { state: state.demands().join(", "), ok: point.is_some(), after });
        }
        // If `expect` wasn't met either, that is the news; the states on the way are in the report.
        if met && passage.met.len() < through.len() {
            let (missed, number) = (passage.met.len(), passage.met.len() + 1);
            let detail = report.through.get(missed).map_or("", |passed| passed.state.as_str());
            report.broken.push(breach(format!("through[{number}]"), &format!("{detail} was not passed"), None));
            failures.push(failure::not_passed(self.history, &passage, through));
        }
    }

    fn pauses(&self, report: &mut v1::Step, gate: Point, at: Point, met: bool, failures: &mut Vec<String>) {
        let (from, to) = (self.history.rv(gate), self.history.rv(at));
        let seen = pauses::timed_pauses(self.history, self.own_writes);
        let ended: Vec<_> = seen
            .iter()
            .filter(|pause| pause.rollout == self.step.on)
            .filter_map(|pause| match pause.ending {
                pauses::Ending::Elapsed { rv, second } if from <= rv && rv <= to => Some((pause, second)),
                _ => None,
            })
            .collect();
        for (index, least) in &self.step.pauses {
            let Some((pause, second)) = ended.iter().find(|(pause, _)| pause.step == *index) else {
                if met {
                    let text = format!("no timed pause at step index {index} ended in this step\n");
                    report.broken.push(breach(format!("pauses[{index}]"), &text, None));
                    failures.push(text);
                }
                continue;
            };
            let lasted = second.duration_since(pause.start);
            let ok = Duration::try_from(lasted).is_ok_and(|lasted| lasted >= *least);
            if !ok {
                let text = format!(
                    "the pause at step index {index} lasted {} s by the API server's clock, at least {} must it last\n",
                    lasted.as_secs(),
                    humantime::format_duration(*least)
                );
                report.broken.push(breach(format!("pauses[{index}]"), &text, None));
                failures.push(text);
            }
            report.pauses.push(v1::Pause {
                step: *index,
                asked: pause.duration.as_secs_f64(),
                by_server: lasted.as_secs(),
                seen: pause.seen.map_or(0.0, |seen| seen.as_secs_f64()),
                ok,
            });
        }
    }
}
