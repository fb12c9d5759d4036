//! Small help with the API: objects from literals, and waiting by watch.

use std::fmt::Debug;

use futures::TryStreamExt;
use kube::{
    Api,
    api::{WatchEvent, WatchParams},
};
use serde::de::DeserializeOwned;

/// An object from a JSON literal in this program.
///
/// # Panics
/// When the literal does not describe such an object, which the first run of the caller shows.
pub(super) fn object<K: DeserializeOwned>(literal: serde_json::Value) -> K {
    serde_json::from_value(literal).expect("a literal of this program describes the object")
}

/// Watches until an object satisfies the condition and returns it. Objects that exist already count.
pub(super) async fn until<K>(
    api: &Api<K>,
    params: &WatchParams,
    mut satisfied: impl FnMut(&K) -> bool,
) -> kube::Result<K>
where
    K: Clone + DeserializeOwned + Debug,
{
    loop {
        // From version 0: everything that is there, as if it had just been added, then all that comes.
        let mut events = std::pin::pin!(api.watch(params, "0").await?);
        while let Some(event) = events.try_next().await? {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) if satisfied(&object) => return Ok(object),
                WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
                _ => {}
            }
        }
        // The server ends a watch after some minutes; the next one begins with everything again.
    }
}
