//! What the plugin's commands say and how they end: each once where it does what it is asked for, and once where it
//! cannot.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use proofroll::{
    act::{Actor, Compared, Kinds},
    controller::{Controller, ControllerConfig},
    parts::Manifests,
};
use serde_json::{Value, json};

use super::stage::Bench;

const NAME: &str = "demo";
const SOON: Duration = Duration::from_secs(30);

fn rollout() -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": NAME}, "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": NAME}},
        "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}},
        "template": {"metadata": {"labels": {"app": NAME}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "app", "image": "demo:1", "resources": {}}]}}}})
}

/// An analysis that goes on until somebody ends it: nobody listens at its address.
fn analysis_run() -> Value {
    let provider = json!({"web": {"url": "http://127.0.0.1:1"}});
    let metric = json!({"name": "m", "interval": "1h", "initialDelay": "1h", "provider": provider});
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "run"}, "spec": {"metrics": [metric]}})
}

/// An experiment without pods.
fn experiment() -> Value {
    let labels = json!({"app": "trial"});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "x"}]}});
    let template = json!({"name": "a", "replicas": 0, "selector": {"matchLabels": labels}, "template": template});
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": {"templates": [template]}})
}

struct Stage {
    bench: Bench,
    actor: Actor,
}

impl Stage {
    /// The command ends well and says this.
    async fn well(&self, words: &str, out: &str) -> Result<()> {
        self.ends(words, 0, out, "").await
    }

    /// The command fails and says only this.
    async fn fails(&self, words: &str, err: &str) -> Result<()> {
        self.ends(words, 1, "", &format!("Error: {err}")).await
    }

    async fn ends(&self, words: &str, code: i32, out: &str, err: &str) -> Result<()> {
        let said = self.bench.call(words).await?;
        let expected = (code, out.to_owned(), err.to_owned());
        ensure!(said == expected, "`{words}`\n  said     {said:?}\n  expected {expected:?}");
        Ok(())
    }

    /// Waits for a state that knows the spec.
    async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let look = async {
            loop {
                let rollout = self.actor.rollout(NAME).await?;
                let observed = rollout["status"]["observedGeneration"].as_str().and_then(|g| g.parse::<i64>().ok());
                if observed == rollout["metadata"]["generation"].as_i64() && wanted(&rollout["status"]) {
                    return Ok::<_, anyhow::Error>(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(SOON, look).await {
            Ok(seen) => seen,
            Err(_) => bail!("not {what}: {:#}", self.actor.rollout(NAME).await?["status"]),
        }
    }

    async fn paused(&self) -> Result<()> {
        self.until("paused", |status| status["message"] == "CanaryPauseStep").await
    }

    async fn healthy(&self) -> Result<()> {
        self.until("healthy", |status| status["phase"] == "Healthy").await
    }
}

pub async fn what_it_says_and_how_it_ends(bench: Bench) -> Result<()> {
    let build = bench.provisions.release.build(Manifests::namespace_install).context("a controller")?;
    let controller =
        Controller::start(ControllerConfig::on(&bench.plane, &bench.namespace, build, Duration::from_secs(30))).await?;
    let actor = Actor::new(bench.plane.client(), &bench.namespace, Kinds::new());
    actor.apply(&[], &[rollout(), analysis_run(), experiment()]).await?;
    let stage = Stage { bench, actor };
    stage.healthy().await?;
    of_one_that_is_healthy(&stage).await?;
    of_one_that_is_updated(&stage).await?;
    of_one_that_is_aborted(&stage).await?;
    of_one_that_is_promoted(&stage).await?;
    of_analyses(&stage).await?;
    drop(controller);
    stage.bench.end().await
}

async fn of_one_that_is_healthy(stage: &Stage) -> Result<()> {
    stage.well("status demo", "Healthy\n").await?;
    stage.fails("status nobody", "rollout.argoproj.io \"nobody\" not found").await?;
    stage.fails("get rollout nobody", "rollout.argoproj.io \"nobody\" not found").await?;
    stage.ends("list rollouts --name nobody", 0, "", "No resources found.").await?;
    stage.fails("undo demo", "no revision found for rollout \"demo\"").await?;
    stage.fails("undo demo --to-revision=7", "unable to find specified revision 7 in history").await?;
    stage.fails("set image demo nobody=demo:2", "unable to find container named \"nobody\"").await?;
    stage.fails("set image nobody app=demo:2", "rollouts.argoproj.io \"nobody\" not found").await?;
    stage.actor.wait_for_new_second(NAME, Compared::Revisions).await?;
    stage.well("set image demo app=demo:2", "rollout \"demo\" image updated\n").await
}

async fn of_one_that_is_updated(stage: &Stage) -> Result<()> {
    stage.paused().await?;
    stage.well("status demo --watch=false", "Paused - CanaryPauseStep\n").await?;
    let too_long = "Error: Rollout status watch exceeded timeout";
    stage.ends("status demo --timeout 1s", 1, "Paused - CanaryPauseStep\n", too_long).await?;
    stage.well("abort demo", "rollout 'demo' aborted\n").await?;
    stage.fails("abort nobody", "rollouts.argoproj.io \"nobody\" not found").await
}

async fn of_one_that_is_aborted(stage: &Stage) -> Result<()> {
    stage.until("degraded", |status| status["phase"] == "Degraded").await?;
    let message = "RolloutAborted: Rollout aborted update to revision 2";
    let error = format!("Error: The rollout is in a degraded state with message: {message}");
    stage.ends("status demo", 1, &format!("Degraded - {message}\n"), &error).await?;
    stage.ends("status demo --watch=false", 1, "Degraded\n", &error).await?;
    stage.well("retry rollout demo", "rollout 'demo' retried\n").await?;
    stage.fails("retry rollout nobody", "rollouts.argoproj.io \"nobody\" not found").await
}

async fn of_one_that_is_promoted(stage: &Stage) -> Result<()> {
    stage.paused().await?;
    stage.well("promote demo", "rollout 'demo' promoted\n").await?;
    stage.fails("promote nobody", "rollouts.argoproj.io \"nobody\" not found").await?;
    stage.healthy().await?;
    stage.actor.wait_for_new_second(NAME, Compared::Revisions).await?;
    stage.well("undo demo", "rollout 'demo' undo\n").await?;
    stage.paused().await?;
    stage.well("undo demo --to-revision=3", "skipped rollback (current template already matches revision 3)").await?;
    stage.well("promote demo --full", "rollout 'demo' fully promoted\n").await?;
    stage.healthy().await?;
    stage.well("restart demo --in 1h", "rollout 'demo' restarts in 1h\n").await?;
    stage.well("restart demo", "rollout 'demo' restarts in 0s\n").await?;
    stage.fails("restart nobody", "rollouts.argoproj.io \"nobody\" not found").await?;
    // findings/the-plugin-panics.md
    let (code, out, err) = stage.bench.call("restart demo --in soon").await?;
    ensure!(code == 2 && out.is_empty() && err.starts_with("panic: "), "{code} {out} {err}");
    stage.well("pause demo", "rollout 'demo' paused\n").await?;
    stage.fails("pause nobody", "rollouts.argoproj.io \"nobody\" not found").await?;
    let (code, out, err) = stage.bench.call("promote").await?;
    ensure!(code == 1 && out.is_empty() && err.starts_with("Usage:\n"), "{code} {out} {err}");
    Ok(())
}

async fn of_analyses(stage: &Stage) -> Result<()> {
    stage.well("terminate analysisrun run", "analysisRun 'run' terminated\n").await?;
    stage.fails("terminate analysisrun nobody", "analysisruns.argoproj.io \"nobody\" not found").await?;
    let run = stage.actor.object("AnalysisRun.argoproj.io", "run").await?;
    ensure!(run["spec"]["terminate"] == true, "{run:#}");
    // It means terminated, and does it: findings/the-plugin-says-retried.md
    stage.well("terminate experiment trial", "experiment 'trial' retried\n").await?;
    let trial = stage.actor.object("Experiment.argoproj.io", "trial").await?;
    ensure!(trial["spec"]["terminate"] == true, "{trial:#}");
    Ok(())
}
