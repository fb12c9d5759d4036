//! Gives a node to pods that the scheduler has none for: a `nodeSelector`, an affinity, more memory than there is, a claim
//! that nobody serves. On the fleet's own cluster they have found one, and here nodes do not matter.

use std::time::Duration;

use futures::StreamExt;
use tokio::task::JoinHandle;

use super::hand::Hand;

/// How often it is looked for pods without a node. The scheduler, which is faster, gets those that it can place.
const INTERVAL: Duration = Duration::from_millis(250);

/// So many bindings at a time.
const AT_ONCE: usize = 16;

/// Binds until it is dropped.
pub(super) struct Binder(JoinHandle<()>);

impl Binder {
    /// Begins to look.
    pub fn start(hand: Hand) -> Self {
        Self(tokio::spawn(async move {
            loop {
                if let Err(error) = round(&hand).await {
                    // Whoever waits for the pods says that they do not come.
                    tracing::warn!("pods without a node: {error}");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        }))
    }
}

impl Drop for Binder {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn round(hand: &Hand) -> Result<(), crate::act::ActError> {
    let waiting = hand.without_node().await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let nodes = hand.nodes().await?;
    let one = async |(number, (namespace, pod)): (usize, (String, String))| {
        let Some(node) = nodes.get(number % nodes.len().max(1)) else { return Ok(()) };
        hand.bind(&namespace, &pod, node).await
    };
    let bindings = futures::stream::iter(waiting.into_iter().enumerate()).map(one).buffer_unordered(AT_ONCE);
    let outcomes: Vec<_> = bindings.collect().await;
    outcomes.into_iter().collect()
}
