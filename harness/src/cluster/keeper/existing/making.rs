//! Requests that make something in the cluster.
//!
//! A start may be given up at any moment. A request that is under way then would be carried out by the API
//! server, perhaps after everything was removed. So each runs to its end by itself, and whoever removes
//! waits for it.

use std::{sync::Arc, time::Duration};

use tokio::sync::RwLock;

use crate::process::journal::note;

/// How long a request that was begun is waited for: a server that is out of reach may never answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests that make something.
#[derive(Default)]
pub(super) struct Making(Arc<RwLock<()>>);

impl Making {
    /// Sends one. It is carried out even if the caller does not wait any more.
    pub async fn carry_out<T: Send + 'static>(&self, request: impl Future<Output = T> + Send + 'static) -> T {
        let lock = Arc::clone(&self.0);
        // All of them share the lock: this waits only for whoever removes.
        let under_way = lock.read_owned().await;
        let request = tokio::spawn(async move {
            let _under_way = under_way;
            request.await
        });
        // It is never aborted: what it fails by is a panic.
        request.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Waits until none is under way.
    pub async fn finished(&self) {
        if tokio::time::timeout(PATIENCE, self.0.write()).await.is_err() {
            note("keeper: a request was not answered in time; what it asked for may be made yet");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        task::Poll,
    };

    use super::*;

    #[tokio::test]
    async fn a_request_that_was_given_up_is_waited_for() {
        let (making, done) = (Making::default(), Arc::new(AtomicBool::new(false)));
        making.finished().await;
        let (answer, answered) = tokio::sync::oneshot::channel::<()>();
        let seen = Arc::clone(&done);
        {
            let mut request = std::pin::pin!(making.carry_out(async move {
                let _ = answered.await;
                seen.store(true, Ordering::SeqCst);
            }));
            let begun = futures::poll!(&mut request);
            assert_eq!(begun, Poll::Pending);
        }
        let mut finished = std::pin::pin!(making.finished());
        assert!(futures::poll!(&mut finished).is_pending());
        answer.send(()).unwrap();
        finished.await;
        assert!(done.load(Ordering::SeqCst));
        assert_eq!(making.carry_out(async { 7 }).await, 7);
    }
}
