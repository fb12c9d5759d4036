//! Fake pods that follow a script.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::TryStreamExt;
use k8s_openapi::api::{batch::v1::Job, core::v1};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
};
use proofroll::rollout::Pod;
use serde_json::{Value, json};

use super::setup::{Setup, eventually, eventually_async};

/// What a pod showed, in order, and when: `Running 0/1`, then `Running 1/1`.
type Seen = Arc<Mutex<BTreeMap<String, Vec<(String, Instant)>>>>;

fn pod(name: &str, script: &[(&str, &str)]) -> Value {
    json!({"metadata": {"name": name, "annotations": annotations(script)}, "spec": {"containers": containers()}})
}

fn annotations(script: &[(&str, &str)]) -> Value {
    script.iter().map(|(key, value)| (format!("pod.proofroll.dev/{key}"), Value::from(*value))).collect()
}

fn containers() -> Value {
    json!([{"name": "main", "image": "x:1"}, {"name": "side", "image": "y:1"}])
}

fn job(name: &str, spec: Value, script: &[(&str, &str)]) -> Value {
    let mut job = json!({"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {
        "metadata": {"annotations": annotations(script)},
        "spec": {"restartPolicy": "Never", "containers": containers()}}}});
    job["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    job
}

/// Writes down what pods show, each change once.
async fn record(pods: Api<v1::Pod>, seen: Seen) -> Result<()> {
    let mut events = Box::pin(pods.watch(&WatchParams::default(), "0").await?);
    while let Some(event) = events.try_next().await? {
        let (now, shown) = match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => (pod, true),
            WatchEvent::Deleted(pod) => (pod, false),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(status) => anyhow::bail!("{status:?}"),
        };
        let name =
            now.metadata.labels.iter().flatten().find(|(key, _)| *key == "job-name").map(|(_, name)| name.clone());
        let name = name.or(now.metadata.name.clone()).context("a name")?;
        let pod = Pod::read(&serde_json::to_value(&now)?);
        let summary = pod.summary();
        let ready = if pod.is_ready() { "ready" } else { "unready" };
        let text = match (shown, summary.restarts) {
            (false, _) => "gone".to_owned(),
            (true, 0) => format!("{} {} {ready}", pod.phase, summary.status),
            (true, restarts) => format!("{} {} {ready}, {} restarts", pod.phase, summary.status, restarts / 2),
        };
        let mut seen = seen.lock().unwrap();
        let all = seen.entry(name).or_default();
        // Whether the first state is seen depends on when the watch began.
        if text != "Pending Pending unready" && all.last().is_none_or(|(last, _)| *last != text) {
            all.push((text, Instant::now()));
        }
    }
    anyhow::bail!("the watch has ended")
}

pub async fn pods_follow_their_scripts(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    let namespace = plane.create_namespace("scripts").await?;
    let pods: Api<v1::Pod> = Api::namespaced(plane.client(), &namespace);
    let jobs: Api<Job> = Api::namespaced(plane.client(), &namespace);
    let seen = Seen::default();
    let recorder = tokio::spawn(record(pods.clone(), Arc::clone(&seen)));

    let crash = [("ready-after", "200ms"), ("exit-after", "500ms"), ("exit-code", "7")];
    for script in [
        pod("late", &[("ready-after", "1.5s")]),
        pod("touched", &[("ready-after", "1.5s")]),
        pod("never", &[("ready-after", "never")]),
        pod("once", &[("ready-after", "500ms"), ("unready-after", "1s")]),
        pod("unready", &[("unready-after", "700ms")]),
        pod("crash", &crash),
        pod("image", &[("waiting", "ImagePullBackOff")]),
        pod("loop", &[("waiting", "CrashLoopBackOff")]),
        pod("quick", &[("terminates-after", "0s")]),
        pod("slow", &[("terminates-after", "1.5s")]),
    ] {
        pods.create(&PostParams::default(), &serde_json::from_value(script)?).await?;
    }
    let deadline = json!({"activeDeadlineSeconds": 1});
    for script in [
        job("succeeds", json!({}), &[]),
        job("fails", json!({}), &[("exit-code", "1")]),
        job("fails-later", json!({}), &[("exit-after", "1s"), ("exit-code", "1")]),
        job("hangs", deadline, &[("exit-after", "1h")]),
        job("waits", json!({}), &[("waiting", "ErrImagePull")]),
    ] {
        jobs.create(&PostParams::default(), &serde_json::from_value(script)?).await?;
    }

    // A change of the pod begins no time anew.
    let touch = async {
        for number in 0.. {
            let patch = json!({"metadata": {"labels": {"touched": number.to_string()}}});
            pods.patch("touched", &PatchParams::default(), &Patch::Merge(patch)).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, kube::Error>(())
    };
    let last = |name: &str| seen.lock().unwrap().get(name).and_then(|all| all.last().cloned()).map(|(text, _)| text);
    let all_through = eventually("all have come to their end", || {
        let ends = [
            ("late", "Running Running ready"),
            ("touched", "Running Running ready"),
            ("never", "Running Running unready"),
            ("once", "Running Running unready"),
            ("unready", "Running Running unready"),
            ("crash", "Running CrashLoopBackOff unready, 2 restarts"),
            ("image", "Pending ImagePullBackOff unready"),
            ("loop", "Running CrashLoopBackOff unready"),
            ("quick", "Running Running ready"),
            ("slow", "Running Running ready"),
            ("waits", "Pending ErrImagePull unready"),
        ];
        ensure!(!recorder.is_finished(), "the watch has ended");
        for (name, end) in ends {
            ensure!(last(name).as_deref() == Some(end), "{name}: {:?}, expected {end}", last(name));
        }
        Ok(())
    });
    tokio::select! {
        touched = touch => touched?,
        through = all_through => through?,
    }
    let outcome = |name: &'static str, wanted: &'static str| {
        let jobs = jobs.clone();
        eventually_async("the job has its outcome", move || {
            let jobs = jobs.clone();
            async move {
                let status = jobs.get(name).await?.status.context("a status")?;
                let conditions = status.conditions.iter().flatten().filter(|condition| condition.status == "True");
                let told: Vec<_> = conditions.map(|c| format!("{} {:?}", c.type_, c.reason)).collect();
                ensure!(told.iter().any(|told| told == wanted), "{name}: {told:?}");
                Ok(())
            }
        })
    };
    outcome("succeeds", "Complete Some(\"CompletionsReached\")").await?;
    outcome("fails", "Failed Some(\"BackoffLimitExceeded\")").await?;
    outcome("fails-later", "Failed Some(\"BackoffLimitExceeded\")").await?;
    outcome("hangs", "Failed Some(\"DeadlineExceeded\")").await?;
    let active = jobs.get("waits").await?.status.context("a status")?.active;
    ensure!(active == Some(1), "a job whose pod waits is active: {active:?}");

    let exit = pods.get("crash").await?.status.context("a status")?.container_statuses.context("containers")?;
    let exit = exit[0].last_state.clone().and_then(|state| state.terminated).context("how it ended")?;
    ensure!(exit.exit_code == 7 && exit.reason.as_deref() == Some("Error"), "{exit:?}");

    for name in ["quick", "slow"] {
        pods.delete(name, &DeleteParams::default()).await?;
    }
    eventually("both are gone", || {
        ensure!(["quick", "slow"].iter().all(|name| last(name).as_deref() == Some("gone")));
        Ok(())
    })
    .await?;
    recorder.abort();

    let seen = seen.lock().unwrap().clone();
    let sequence = |name: &str| {
        let texts: Vec<&str> = seen[name].iter().map(|(text, _)| text.as_str()).collect();
        texts.join("\n")
    };
    let apart = |name: &str, from: usize, to: usize| seen[name][to].1.duration_since(seen[name][from].1);
    for (name, expected) in [
        ("late", "Running Running unready\nRunning Running ready"),
        ("touched", "Running Running unready\nRunning Running ready"),
        ("never", "Running Running unready"),
        ("once", "Running Running unready\nRunning Running ready\nRunning Running unready"),
        ("unready", "Running Running ready\nRunning Running unready"),
        (
            "crash",
            "Running Running unready\nRunning Running ready\nRunning CrashLoopBackOff unready\n\
             Running Running unready, 1 restarts\nRunning Running ready, 1 restarts\n\
             Running CrashLoopBackOff unready, 1 restarts\nRunning Running unready, 2 restarts\n\
             Running Running ready, 2 restarts\nRunning CrashLoopBackOff unready, 2 restarts",
        ),
        ("image", "Pending ImagePullBackOff unready"),
        ("loop", "Running CrashLoopBackOff unready"),
        ("slow", "Running Running ready\nRunning Terminating ready\ngone"),
    ] {
        ensure!(sequence(name) == expected, "{name}:\n{}\nexpected:\n{expected}", sequence(name));
    }
    ensure!(sequence("fails").contains("Failed Error unready"), "{}", sequence("fails"));

    // Never too early; how late is a matter of the machine. A watch may be late by a little itself.
    let late = Duration::from_millis(50);
    for (name, from, to, least) in [
        ("late", 0, 1, 1500),
        ("touched", 0, 1, 1500),
        ("once", 0, 1, 500),
        ("once", 0, 2, 1000),
        ("unready", 0, 1, 700),
        ("crash", 0, 2, 500),
        ("crash", 2, 3, 1000),
        ("crash", 5, 6, 2000),
        ("slow", 1, 2, 1500),
    ] {
        let took = apart(name, from, to);
        ensure!(took + late >= Duration::from_millis(least), "{name}: {took:?}, at least {least} ms");
    }
    plane.release(true).await?;
    setup.nothing_is_left().await
}
