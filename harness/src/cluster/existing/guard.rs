//! The owner's leave: a namespace of a certain name, which only the owner makes.
//!
//! A context is easily mistaken for another; a namespace that says what is allowed here is not there by
//! accident. Deleting it withdraws the leave: whoever tests is told, and all that was made is removed.

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{WatchEvent, WatchParams},
};

use super::ExistingError;

/// The namespace.
pub const ALLOWED: &str = "proofroll-allowed";

/// Refuses a cluster without the owner's leave.
///
/// # Errors
/// When the namespace is not there (or going), or cannot be asked for.
pub async fn check(client: &Client, context: &str) -> Result<(), ExistingError> {
    let doing = format!("looking for the namespace {ALLOWED}");
    let found = Api::<Namespace>::all(client.clone()).get_opt(ALLOWED).await;
    match found.map_err(ExistingError::request(context, doing))? {
        Some(namespace) if namespace.metadata.deletion_timestamp.is_none() => Ok(()),
        _ => Err(ExistingError::NotAllowed { context: context.to_owned() }),
    }
}

/// Resolves when the owner has withdrawn his leave. A connection that breaks is no such word.
pub async fn withdrawn(client: &Client) -> String {
    let api: Api<Namespace> = Api::all(client.clone());
    loop {
        if let Ok(true) = seen_going(&api).await {
            return format!("the namespace {ALLOWED} was deleted: the cluster's owner wants no more tests in it");
        }
        tokio::time::sleep(super::AGAIN).await;
    }
}

async fn seen_going(api: &Api<Namespace>) -> kube::Result<bool> {
    if api.get_opt(ALLOWED).await?.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()) {
        return Ok(true);
    }
    let params = WatchParams::default().fields(&format!("metadata.name={ALLOWED}"));
    let mut events = std::pin::pin!(api.watch(&params, "0").await?);
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Deleted(_) => return Ok(true),
            WatchEvent::Modified(namespace) | WatchEvent::Added(namespace)
                if namespace.metadata.deletion_timestamp.is_some() =>
            {
                return Ok(true);
            }
            _ => {}
        }
    }
    // The server ends a watch after some minutes.
    Ok(false)
}
