//! The requests of one scenario, cut at its actions, and the verdicts on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use semver::Version;
use tokio::time::Instant;

use super::{
    probe::{LOOK, Probe},
    settled::settled,
};
use crate::{
    cluster::Plane,
    expect::{Subject, temporal},
    report::v1,
    run::{
        claims,
        reports::fail,
        step::{Ended, Hands},
        trouble::Trouble,
    },
    scenario::{LoadedStep, Scenario, model::Traffic, value::Share},
    timeline::{History, Kind, Point, Timeline, World},
    timeouts::scaled,
    traffic::{Counts, ErrorClaim, Revisions, Seen, SplitClaim, SplitVerdict, Window, draw},
};

/// How long the Service may take to answer at all, and to send to the pods that are ready and to no others.
const SETTLES_WITHIN: Duration = Duration::from_secs(15);
/// Answers in a row that show that the Service answers.
const ANSWERS: usize = 20;

/// The requests of a scenario.
pub(in crate::run) struct Sending<'a> {
    plane: &'a Plane,
    timeline: &'a Timeline,
    release: &'a Version,
    scenario: &'a Scenario,
    what: &'a Traffic,
    /// None until the Service is there.
    probe: Option<Probe>,
    /// From which result on failures count.
    from: usize,
}

impl<'a> Sending<'a> {
    /// Those of a scenario that asks for some; nothing is sent yet.
    pub fn of(scenario: &'a Scenario, plane: &'a Plane, timeline: &'a Timeline, release: &'a Version) -> Option<Self> {
        let what = scenario.traffic.as_ref()?;
        Some(Self { plane, timeline, release, scenario, what, probe: None, from: 0 })
    }

    /// Does a step, with what it expects of the requests.
    ///
    /// # Errors
    /// As [`Hands::step`], and when the load generator does not do its part.
    pub async fn around(
        &mut self,
        hands: &mut Hands<'_>,
        index: usize,
        step: &LoadedStep,
        from: Point,
    ) -> Result<Ended, Trouble> {
        self.begin().await?;
        let mut ended = hands.step(index, step, from).await?;
        if ended.trouble.is_none() {
            ended.trouble = self.split(step, &mut ended).await?;
        }
        // The last step's failures count until all is at rest.
        if ended.trouble.is_none() && index + 1 != self.scenario.steps.len() {
            ended.trouble = self.failures(step, &mut ended.report).await?;
        }
        Ok(ended)
    }

    /// Starts to send, if there is somewhere to send to.
    async fn begin(&mut self) -> Result<(), Trouble> {
        if self.probe.is_none()
            && let Some(url) = self.url()
        {
            let mut probe = Probe::start(self.plane, &url, self.what.rate).await?;
            let answers = answering(&mut probe, self.what).await;
            self.from = probe.seen.len();
            self.probe = Some(probe);
            return answers;
        }
        Ok(())
    }

    /// The Service's address, once it has one and there are pods that may answer.
    fn url(&self) -> Option<String> {
        let log = self.timeline.log();
        let world = log.history().last();
        if ready(world).is_empty() {
            return None;
        }
        let service = world.objects(Kind::Service).find(|service| service.name == self.what.service)?;
        let spec = &service.raw["spec"];
        let address = spec["clusterIP"].as_str().filter(|address| *address != "None")?;
        let port = self.what.port.map(u64::from).or_else(|| spec["ports"][0]["port"].as_u64())?;
        let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        Some(format!("http://{address}:{port}{}", self.what.path))
    }

    /// Measures the split that a step expects, in the state that has met its `expect`.
    async fn split(&mut self, step: &LoadedStep, ended: &mut Ended) -> Result<Option<Trouble>, Trouble> {
        let Some(claim) = step.traffic.as_ref().and_then(|traffic| traffic.split_claim()) else { return Ok(None) };
        let (revisions, ready) = {
            let log = self.timeline.log();
            (revisions(log.history()), ready(log.history().last()))
        };
        let verdict = match &mut self.probe {
            Some(probe) => measure(probe, &claim, self.what.rate, &revisions, &ready).await?,
            None => claim.judge(&Counts::default()),
        };
        let (mut outcome, mut detail) = (held(verdict.holds()), verdict.to_string());
        if let Some(moved) = self.moved_on(step, ended.end).await? {
            (outcome, detail) = (v1::Outcome::Broken, format!("while it was measured `expect` did not hold: {moved}"));
        }
        let shares =
            claim.shares.iter().rev().map(|(revision, share)| format!("{} to revision {revision}", Share(*share)));
        let says = format!("traffic {}", shares.collect::<Vec<_>>().join(", "));
        Ok(enter("traffic.split", says, outcome, detail, &mut ended.report))
    }

    /// How the state has changed since `met`, if it is not as the step expects any more.
    async fn moved_on(&self, step: &LoadedStep, met: Point) -> Result<Option<String>, Trouble> {
        let Some(expect) = &step.expect else { return Ok(None) };
        self.timeline.barrier().await?;
        let log = self.timeline.log();
        let history = log.history();
        let subject = Subject { rollout: &step.on, release: self.release };
        let claim = temporal::always(history, met, history.end(), expect, subject);
        let claim = claims::report("always", expect, &claim, history);
        Ok((claim.outcome == v1::Outcome::Broken).then_some(claim.detail))
    }

    /// Judges the failures since those that were judged last.
    pub async fn failures(&mut self, step: &LoadedStep, report: &mut v1::Step) -> Result<Option<Trouble>, Trouble> {
        let seen = match &mut self.probe {
            Some(probe) => {
                probe.read().await?;
                &probe.seen[std::mem::replace(&mut self.from, probe.seen.len())..]
            }
            None => &[],
        };
        let claim = step.traffic.as_ref().and_then(|traffic| traffic.error_claim());
        Ok(claim.and_then(|claim| judge(claim, seen, report)))
    }

    /// The end: what is there is summed up, and nothing is sent any more.
    pub async fn end(self) -> Option<(v1::Traffic, String)> {
        let mut probe = self.probe?;
        // What can't be read any more is not worth a word: how the scenario ended is said already.
        let _ = probe.read().await;
        if let Err(error) = self.plane.delete_namespace(probe.namespace()) {
            tracing::warn!("namespace {}: {error}", probe.namespace());
        }
        let log = self.timeline.log();
        let failed = probe.seen.iter().filter(|one| one.failed().is_some()).count();
        let window = whole(&probe.seen);
        let summary = v1::Traffic {
            sent: self.what.to_string(),
            requests: probe.seen.len(),
            failed,
            drawing: draw(&probe.seen, &revisions(log.history()), window),
        };
        Some((summary, probe.raw))
    }
}

/// Waits until the Service answers: it has pods that are ready, but kube-proxy may not know of them yet.
async fn answering(probe: &mut Probe, what: &Traffic) -> Result<(), Trouble> {
    let deadline = Instant::now() + scaled(SETTLES_WITHIN);
    loop {
        probe.read().await?;
        let last = probe.seen.iter().rev().take(ANSWERS);
        if last.clone().count() == ANSWERS && last.clone().all(|one| one.failed().is_none()) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let why = last.clone().find_map(Seen::failed).unwrap_or_else(|| "too few answers".into());
            let within = humantime::format_duration(scaled(SETTLES_WITHIN));
            return Err(Trouble::Infra(format!(
                "the Service {} did not answer {ANSWERS} requests in a row within {within} ({why})\n\
                 (hint: there are ready pods; does it select them?)",
                what.service
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Measures a split over as many requests as it takes.
async fn measure(
    probe: &mut Probe,
    claim: &SplitClaim,
    rate: u32,
    revisions: &Revisions,
    ready: &BTreeSet<String>,
) -> Result<SplitVerdict, Trouble> {
    probe.read().await?;
    let from = probe.seen.len();
    let ready: BTreeSet<&str> = ready.iter().map(String::as_str).collect();
    let share = |host: &str| revisions.hosts.get(host).and_then(|revision| claim.shares.get(revision));
    let wanted: BTreeSet<&str> =
        ready.iter().copied().filter(|host| share(host).is_some_and(|share| *share > 0.0)).collect();
    let deadline = Instant::now() + scaled(SETTLES_WITHIN);
    let from = loop {
        probe.read().await?;
        match settled(&probe.seen[from..], &wanted, &ready) {
            Some(at) => break from + at,
            // Then what comes is judged as it comes: it will say what is wrong.
            None if Instant::now() >= deadline => break probe.seen.len(),
            None => tokio::time::sleep(LOOK).await,
        }
    };
    let needed = claim.sample_size();
    let deadline = Instant::now() + scaled(Duration::from_secs(10 + needed / u64::from(rate)));
    loop {
        probe.read().await?;
        let counts = Counts::of(&probe.seen[from..], revisions);
        if counts.total() >= needed || Instant::now() >= deadline {
            return Ok(claim.judge(&counts));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Judges failures and enters what is found into the step's report.
fn judge(claim: ErrorClaim, seen: &[Seen], report: &mut v1::Step) -> Option<Trouble> {
    let verdict = claim.judge(seen, whole(seen), "until the next action");
    let says = format!("traffic failures {}", claim.failures);
    enter("traffic.failures", says, held(verdict.holds()), verdict.to_string(), report)
}

fn held(holds: bool) -> v1::Outcome {
    if holds { v1::Outcome::Held } else { v1::Outcome::Broken }
}

fn enter(name: &str, claim: String, outcome: v1::Outcome, detail: String, report: &mut v1::Step) -> Option<Trouble> {
    let mut trouble = None;
    if outcome == v1::Outcome::Broken {
        fail(report, name, &detail, None);
        trouble = Some(Trouble::Conformance(format!("{claim}, in step `{}` ({})\n{detail}\n", report.name, report.at)));
    }
    report.claims.push(v1::Claim { name: name.to_owned(), claim, outcome, detail, resource_version: None });
    trouble
}

/// From the first of these requests to behind the last.
fn whole(seen: &[Seen]) -> Window {
    let at = || seen.iter().map(Seen::at);
    let from = at().min().unwrap_or(Timestamp::UNIX_EPOCH);
    let last = at().max().unwrap_or(from);
    Window { from, to: last + Duration::from_nanos(1) }
}

/// Which pod was of which revision: pods that are gone count too. (A ReplicaSet that is rolled back to has
/// another revision from then on.)
fn revisions(history: &History) -> Revisions {
    let mut sets: BTreeMap<&str, u64> = BTreeMap::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in history.entries() {
        if let Some(set) = entry.object.replica_set() {
            sets.insert(&set.metadata.uid, set.revision());
        }
        if let Some(pod) = entry.object.pod()
            && let Some(owner) = pod.metadata.owners.iter().find(|owner| owner.controller)
        {
            owners.insert(&pod.metadata.name, &owner.uid);
        }
    }
    let hosts = owners.into_iter().filter_map(|(pod, set)| Some((pod.to_owned(), *sets.get(set)?)));
    Revisions { hosts: hosts.collect(), colours: BTreeMap::new() }
}

/// The pods that a Service sends requests to.
fn ready(world: &World) -> BTreeSet<String> {
    let ready = world.pods().filter(|pod| pod.is_ready() && !pod.metadata.is_terminating());
    ready.map(|pod| pod.metadata.name.clone()).collect()
}
