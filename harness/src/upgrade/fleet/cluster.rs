//! Reads a fleet out of a cluster: `get` and `list`, and nothing else.

use std::collections::BTreeSet;

use futures::StreamExt;
use kube::{
    Client,
    api::{GetParams, ListParams},
    core::request::Request,
};
use serde_json::Value;

use super::{
    read::{Found, Input, name},
    stub::named,
};
use crate::{
    act::{ActError, Kinds},
    progress::Progress,
    scenario::Location,
};

/// So many Rollouts in one answer.
const PAGE: u32 = 200;
/// So many requests at a time: the cluster has other things to do.
const AT_ONCE: usize = 4;

/// Reads all Rollouts, and what they name. What is not there or may not be read is left out: it is made up later.
///
/// # Errors
/// When the Rollouts cannot be listed, or nobody answers.
pub async fn read_cluster(client: &Client, context: &str, progress: &dyn Progress) -> Result<Input, ActError> {
    let at = Location { file: format!("context {context}").into(), line: 0, column: 0 };
    let mut input = Input::default();
    let mut params = ListParams::default().limit(PAGE);
    loop {
        let what = "list Rollouts of all namespaces";
        let page = get(client, what, Request::new("/apis/argoproj.io/v1alpha1/rollouts").list(&params)).await?;
        for item in page["items"].as_array().into_iter().flatten() {
            let mut object = item.clone();
            object["apiVersion"] = "argoproj.io/v1alpha1".into();
            object["kind"] = "Rollout".into();
            input.rollouts.push(Found { object, at: at.clone() });
        }
        progress.update(&format!("{} Rollouts read from {context}", input.rollouts.len()));
        match page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(token),
            None => break,
        }
    }
    let wanted: BTreeSet<_> = input
        .rollouts
        .iter()
        .flat_map(|found| {
            let namespace = name(&found.object).0.to_owned();
            named(&found.object).into_iter().map(move |named| (namespace.clone(), named))
        })
        .collect();
    let kinds = Kinds::new();
    let one = async |(namespace, named): (String, super::stub::Named)| {
        let what = format!("get {} {}", named.kind, named.name);
        let resource = match kinds.by_manifest(client, &named.api_version, &named.kind).await {
            // A kind that the cluster does not have has no objects there.
            Err(ActError::Refused(_)) => return Ok(None),
            resource => resource?,
        };
        match get(client, &what, Request::new(resource.path(&namespace)).get(&named.name, &GetParams::default())).await
        {
            Ok(object) => Ok(Some(Found { object, at: at.clone() })),
            Err(ActError::Rejected { status: 404, .. }) => Ok(None),
            Err(error @ ActError::Rejected { status: 403, .. }) => {
                progress.say(&format!("{error}; it is made up"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    };
    let mut answers = futures::stream::iter(wanted).map(one).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        input.others.extend(answer?);
    }
    drop(answers);
    Ok(input)
}

async fn get(
    client: &Client,
    what: &str,
    request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<Value, ActError> {
    let request = request.map_err(|error| ActError::Refused(format!("{what}: {error}")))?;
    client.request(request).await.map_err(|error| ActError::from_client(what, error))
}
