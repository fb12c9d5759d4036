//! A point that all reach, or leave, before anybody goes on.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{OnceCell, watch};

/// Where some, known by name, wait for each other.
#[derive(Debug)]
pub(super) struct Meeting {
    awaited: Mutex<BTreeSet<String>>,
    missing: watch::Sender<usize>,
    done: OnceCell<Result<(), String>>,
}

impl Meeting {
    /// Of these.
    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        let awaited: BTreeSet<_> = names.into_iter().collect();
        let missing = watch::Sender::new(awaited.len());
        Self { awaited: Mutex::new(awaited), missing, done: OnceCell::new() }
    }

    /// This one is there, or will never be.
    pub(super) fn strike(&self, name: &str) {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.remove(name);
        self.missing.send_replace(awaited.len());
    }

    /// Waits for all the others; then `work` is done, once, and everybody hears how it went.
    pub(super) async fn meet(&self, name: &str, work: impl AsyncFnOnce() -> Result<(), String>) -> Result<(), String> {
        self.strike(name);
        // The sender lives as long as `self`.
        let _ = self.missing.subscribe().wait_for(|missing| *missing == 0).await;
        self.done.get_or_init(|| work()).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn the_work_is_done_once_when_all_are_there_or_gone() {
        let meeting = Meeting::of(["a", "b", "c"].map(String::from));
        let done = AtomicUsize::new(0);
        let work = async || {
            done.fetch_add(1, Ordering::SeqCst);
            Err("refused".to_owned())
        };
        let last = async {
            tokio::task::yield_now().await;
            assert_eq!(done.load(Ordering::SeqCst), 0, "c is still awaited");
            meeting.strike("c");
        };
        let (a, b, ()) = tokio::join!(meeting.meet("a", work), meeting.meet("b", work), last);
        assert_eq!((a, b), (Err("refused".into()), Err("refused".into())));
        assert_eq!(done.load(Ordering::SeqCst), 1);
        assert!(meeting.meet("a", work).await.is_err(), "a second swap of the same scenario waits for nobody");
    }
}
