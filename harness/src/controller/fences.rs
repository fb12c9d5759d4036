//! Fences of many Rollouts at once, of one controller: its log is read once for all of them.

use std::{collections::HashMap, time::Duration};

use futures::StreamExt;
use jiff::Timestamp;
use kube::{
    Client,
    api::{Patch, PatchParams},
    core::request::Request,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    fence::{AGAIN, ANNOTATION, INTERVAL, Search},
    log::Log,
};

/// So many annotations at a time.
const AT_ONCE: usize = 24;

/// A Rollout as a fence needs it. All of it must have been known already to whoever sets the fence.
#[derive(Debug, Clone)]
pub struct Fenceable {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub rollout: String,
    /// Its resourceVersion.
    pub resource_version: u64,
    /// Its newest ReplicaSet, if it has one.
    pub newest: Option<String>,
}

/// Passes one fence for each, see [`super::fence`]; answers what did not happen to those that did not pass in time.
///
/// # Errors
/// In words, when the log cannot be read or the API server does not answer.
pub async fn pass_all(
    client: &Client,
    log: &Log,
    all: &[Fenceable],
    within: Duration,
) -> Result<Vec<Option<&'static str>>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read the controller's log: {error}");
    let from = log.position().map_err(unreadable)?;
    let until = Instant::now() + within;
    let mut searches: Vec<Search<'_>> = all
        .iter()
        .map(|one| Search::new((&one.namespace, &one.rollout), one.newest.as_deref(), from, one.resource_version))
        .collect();
    for _ in 0..2 {
        annotate(client, all.iter().enumerate(), &mut searches).await?;
    }
    let by_name: HashMap<(&str, &str), usize> =
        all.iter().enumerate().map(|(i, one)| ((one.namespace.as_str(), one.rollout.as_str()), i)).collect();
    let by_trigger: HashMap<String, usize> =
        searches.iter().enumerate().filter_map(|(i, search)| Some((search.trigger.clone()?, i))).collect();
    let mut passed = vec![false; all.len()];
    let mut tail = log.tail(from);
    let mut again = Instant::now() + AGAIN;
    loop {
        for line in tail.next_lines().map_err(unreadable)? {
            let about =
                by_trigger.get(line.msg()).or_else(|| by_name.get(&(line.field("namespace"), line.field("rollout"))));
            let Some(index) = about.copied() else { continue };
            passed[index] |= searches[index].read(line).is_some();
        }
        if passed.iter().all(|passed| *passed) || Instant::now() >= until {
            break;
        }
        if Instant::now() >= again {
            // A watch that was cut shows only the last of several changes.
            let late = all.iter().enumerate().filter(|(i, one)| !passed[*i] && one.newest.is_some());
            let late: Vec<_> = late.filter(|(i, _)| searches[*i].awaited > 0).collect();
            annotate(client, late.into_iter(), &mut searches).await?;
            again = Instant::now() + AGAIN;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(searches.iter().zip(passed).map(|(search, passed)| (!passed).then(|| search.missing())).collect())
}

async fn annotate<'a>(
    client: &Client,
    which: impl Iterator<Item = (usize, &'a Fenceable)>,
    searches: &mut [Search<'_>],
) -> Result<(), String> {
    let one = async |(index, one): (usize, &'a Fenceable)| {
        let value = Timestamp::now().as_nanosecond().to_string();
        let patch = Patch::Merge(json!({"metadata": {"annotations": {ANNOTATION: value}}}));
        let (api, name) = match &one.newest {
            Some(newest) => (format!("/apis/apps/v1/namespaces/{}/replicasets", one.namespace), newest),
            // There is nothing to copy the annotation to.
            None => (format!("/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts", one.namespace), &one.rollout),
        };
        let request = Request::new(api).patch(name, &PatchParams::default(), &patch);
        let answer = client.request::<Value>(request.map_err(|error| error.to_string())?).await;
        match answer {
            Ok(object) => Ok((index, object["metadata"]["resourceVersion"].as_str().and_then(|rv| rv.parse().ok()))),
            // It went in the meantime, and with it the fence: that shows as one that was not passed.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok((index, None)),
            Err(error) => Err(format!("cannot set a fence for {}/{}: {error}", one.namespace, one.rollout)),
        }
    };
    let mut answers = futures::stream::iter(which).map(one).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        let (index, version) = answer?;
        if let (None, Some(version)) = (&searches[index].trigger, version) {
            searches[index].resource_version = version;
        }
    }
    Ok(())
}
