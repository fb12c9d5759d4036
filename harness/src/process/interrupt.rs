//! Ctrl-C, SIGTERM and SIGHUP, heard once for the whole process: by asynchronous work that waits
//! ([`interrupted`]) and by work that blocks and looks up now and then ([`happened`]).
//!
//! A process that does not [`listen`] simply ends by these signals, as a test does.

use std::{io, sync::OnceLock, thread};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

static HEARD: OnceLock<watch::Sender<bool>> = OnceLock::new();

/// From now on these signals end nothing by themselves. Further calls change nothing.
///
/// # Errors
/// When no handler can be installed.
pub fn listen() -> io::Result<()> {
    if HEARD.get().is_some() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _entered = runtime.enter();
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal)
    };
    let [interrupt, terminate, hangup] = signals;
    let (mut interrupt, mut terminate, mut hangup) = (interrupt?, terminate?, hangup?);
    let heard = HEARD.get_or_init(|| watch::channel(false).0);
    thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        heard.send_replace(true);
    })?;
    Ok(())
}

/// Whether one came.
pub fn happened() -> bool {
    HEARD.get().is_some_and(|heard| *heard.borrow())
}

/// Resolves when one comes, or has come; never in a process that does not listen.
pub async fn interrupted() {
    match HEARD.get() {
        Some(heard) => {
            // It cannot fail: the sender is never dropped.
            let _ = heard.subscribe().wait_for(|heard| *heard).await;
        }
        None => std::future::pending().await,
    }
}

/// The error of blocking work that was given up because of one.
///
/// # Errors
/// When one came.
pub fn check() -> io::Result<()> {
    if happened() { Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted")) } else { Ok(()) }
}
