//! The keeper: a process of its own that starts the processes of a plane, watches over them and over
//! the leases, and stops everything when no lease is left.
//!
//! A test runner gives each test a process and has no hook for the end, so no test can own what they
//! share. The keeper is this very executable once more, recognised before any argument is parsed, in a
//! session of its own. It holds the plane's keeper lock (its standard input) for its whole life. What it
//! started dies with it, even if it is killed.

mod embedded;
mod existing;
mod keep;
mod kind;
mod progress;
mod reaper;
mod tending;

pub use embedded::bench;
pub(super) use progress::NOTICE;

use std::{
    env, fs,
    io::{self, Write},
    path::PathBuf,
    process,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::LocalBoxFuture};
use tokio::signal::unix::{SignalKind, signal};

use self::{
    embedded::Processes,
    existing::ExistingPlane,
    keep::Keep,
    kind::KindPlane,
    tending::{Tending, Verdict},
};
use super::{
    ClusterError,
    request::{Order, Source},
    restart,
    start::remove,
    state::PlaneDir,
};
use crate::process::{journal::note, lifeline, lock::Lock};

/// The first argument of a keeper; the second is the plane's directory.
pub(super) const MARKER: &str = "--proofroll-keeper";

/// How often leases are looked at: that a process has let go of a lock is not told to anybody.
const TEND: Duration = Duration::from_millis(200);

/// How long a keeper that ends for another reason than idleness waits for the start lock before it
/// leaves its directory to the next start.
const PATIENCE: Duration = Duration::from_secs(5);

/// Becomes the keeper, and never returns, if this process was started as one. To be called first in
/// the `main` of every program that starts planes: before arguments are parsed, threads started or
/// files opened.
pub fn run_if_asked() {
    reaper::run_if_asked();
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != MARKER) {
        return;
    }
    let Some(dir) = arguments.next().map(PathBuf::from) else {
        eprintln!("{MARKER} is for proofroll itself and needs a directory");
        process::exit(2);
    };
    let dir = PlaneDir::at(dir);
    process::exit(match run(&dir) {
        Ok(()) => 0,
        Err(error) => {
            tell(&dir, &error.to_string());
            3
        }
    });
}

/// Tells users why the plane is none any more. There is room for it even on a full disk.
fn tell(dir: &PlaneDir, why: &str) {
    note(&format!("keeper: {why}"));
    let told = fs::OpenOptions::new().append(true).open(dir.failure());
    let told = told.and_then(|mut file| {
        let between = if file.metadata()?.len() > 0 { "\n" } else { "" };
        file.write_all(format!("{between}{why}").as_bytes())
    });
    if let Err(error) = told {
        note(&format!("keeper: the failure could not be written: {error}"));
    }
}

fn run(dir: &PlaneDir) -> Result<(), Box<dyn std::error::Error>> {
    lifeline::close_inherited()?;
    // The lock is our standard input: whoever finds it held can read whom to send a signal.
    rustix::io::write(io::stdin(), format!("{}\n", process::id()).as_bytes())?;
    let order: Order = serde_json::from_slice(&fs::read(dir.order())?)?;
    // Everything on the main thread: see `Children`.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(keep(dir, order))
}

/// Why a keeper ends.
enum End {
    /// No lease is left; the start lock is held, so that nobody joins any more.
    Idle(Lock),
    /// The plane broke, or was told to stop; users are told this.
    Told(String),
}

/// Restarts the API server and answers whoever asked for it.
async fn restart(dir: &PlaneDir, plane: &dyn Keep, token: String) {
    let error = plane.restart_api_server().await.err();
    if let Err(error) = restart::tell(dir, &restart::Answer { token, error }) {
        note(&format!("keeper: the answer could not be written: {error}"));
    }
}

/// Resolves when what is under way is done; never, if nothing is.
async fn under_way(doing: &mut Option<LocalBoxFuture<'_, ()>>) {
    match doing {
        Some(doing) => doing.await,
        None => std::future::pending().await,
    }
}

async fn keep(dir: &PlaneDir, order: Order) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let plane: Box<dyn Keep> = match &order.source {
        Source::Embedded(source) => Box::new(Processes::here(dir, &order, source)),
        Source::Container(source) => Box::new(Processes::contained(dir, &order, source)),
        Source::Kind(source) => Box::new(KindPlane::new(dir, &order, source)),
        Source::Existing(source) => Box::new(ExistingPlane::new(dir, &order, source)),
    };
    let mut tending = Tending::new(dir, &order.id, Duration::from_millis(order.linger_ms));
    let mut clock = tokio::time::interval(TEND);
    let mut guard = None;
    let end = {
        // What is under way ends with this block, before anything is stopped.
        let mut boot = plane.boot();
        let mut broken = plane.broken();
        let mut booting = true;
        let mut restarting = None;
        let mut settling = None;
        loop {
            tokio::select! {
                biased;
                why = &mut broken => break End::Told(why),
                _ = terminate.recv() => break End::Told("it was stopped by SIGTERM (`proofroll down --force`?)".into()),
                _ = interrupt.recv() => break End::Told("it was stopped by SIGINT".into()),
                booted = &mut boot, if booting => match booted {
                    Ok(booted) => {
                        booting = false;
                        booted.record.write(dir)?;
                        tending.serve(booted.client, booted.record.contained);
                        guard = booted.port;
                        settling = Some(plane.settle());
                    }
                    Err(why) => break End::Told(why),
                },
                () = under_way(&mut restarting) => restarting = None,
                () = under_way(&mut settling) => settling = None,
                _ = clock.tick() => match tending.look(Instant::now()) {
                    Ok(Verdict::Needed) if restarting.is_none() && !booting => {
                        restarting = restart::asked(dir)?.map(|token| restart(dir, &*plane, token).boxed_local());
                    }
                    Ok(Verdict::Needed) => {}
                    Ok(Verdict::Idle(start_lock)) => break End::Idle(start_lock),
                    Err(error) => break End::Told(format!("its directory {} is broken: {error}", dir.path().display())),
                },
            }
        }
    };
    if let End::Told(why) = &end {
        // Users first: they wait for nothing else.
        tell(dir, why);
    }
    let stopped = plane.stop().await;
    drop(guard);
    if let Err(left) = stopped {
        // The directory stays: it says what is to be removed, and `gc` does so later.
        fs::write(dir.left(), &left)?;
        return Err(left.into());
    }
    let start_lock = match end {
        End::Idle(lock) => Some(lock),
        End::Told(_) => tokio::time::timeout(PATIENCE, Lock::take(&dir.start_lock(), || {})).await.ok().transpose()?,
    };
    if let Some(start_lock) = start_lock {
        remove(dir).await.map_err(ClusterError::file(dir.path()))?;
        start_lock.remove()?;
        dir.root().tidy();
    }
    Ok(())
}
