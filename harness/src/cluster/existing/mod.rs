//! A cluster that somebody else made, used with its owner's leave and left as it was.
//!
//! - [`Context`]: one context of a kubeconfig, cut out of the files that kubectl would merge.
//! - [`guard`]: the namespace with which the owner allows tests.
//! - [`look()`]: what is there: versions, custom resources, controllers; and which of them can be tested.
//! - `made`: the labels that say what is ours, and the removal of exactly that.
//!
//! Nothing here creates anything but what it labels, and nothing without the label is ever deleted.

mod context;
mod error;
pub mod guard;
mod look;
mod made;
mod proxy;

pub use context::Context;
pub use error::ExistingError;
pub use look::{FoundController, Look, check_nodes, look};
use made::remove;
pub(super) use made::{INSTALLATION, PLANE, labels};

use std::{path::Path, time::Duration};

use kube::Client;

use super::state::PlaneDir;

/// A request that was under way when its sender was killed may be carried out so much later.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// How long to wait before a connection that broke is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A client for the copy of a context, as the keeper wrote it.
///
/// # Errors
/// When it cannot be used.
pub(super) fn client(copy: &Path) -> Result<Client, super::ClusterError> {
    let copied = Context::copied(copy).and_then(|context| context.client());
    copied.map_err(|error| super::ClusterError::Broken { why: error.to_string() })
}

/// Removes what the plane in this directory made. Its copy of the context is written before anything is
/// made: without it there is nothing.
///
/// # Errors
/// With words about what is left, and why.
pub(super) async fn remove_of(dir: &PlaneDir, id: &str) -> Result<(), String> {
    if !dir.kubeconfig().exists() {
        return Ok(());
    }
    let context = Context::copied(&dir.kubeconfig()).map_err(|error| error.to_string())?;
    let client = context.client().map_err(|error| error.to_string())?;
    remove(&client, id).await.map_err(|why| {
        format!(
            "{why}\n(by hand: kubectl --context {name} delete namespaces -l {PLANE}={id}; kubectl --context {name} delete namespaces,clusterrolebindings,clusterroles,crds -l {INSTALLATION}={id})",
            name = context.name()
        )
    })
}

/// As [`remove_of`], of a plane whose keeper was killed: nobody has waited for what it was asking for.
///
/// # Errors
/// As there.
pub(super) async fn remove_of_dead(dir: &PlaneDir, id: &str) -> Result<(), String> {
    remove_of(dir, id).await?;
    if dir.kubeconfig().exists() {
        tokio::time::sleep(UNDER_WAY).await;
    }
    remove_of(dir, id).await
}
