//! Ends of all kinds: each leaves nothing behind.

use std::{
    io::Read,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use proofroll::{
    cluster::{acquire_in, gc, record::Record},
    progress::Silent,
};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    setup::{PATIENCE, Setup, eventually, eventually_async, keepers, only_plane, processes_of},
    user::User,
};

pub fn kill(pid: u32) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("a process id")?;
    Ok(kill_process(pid, Signal::KILL)?)
}

pub async fn a_killed_user_leaves_no_namespace(setup: Setup) -> Result<()> {
    let mut user = User::start(setup.state.path())?;
    let plane = setup.acquire().await?;
    ensure!(plane.record().id == user.plane);
    let mine = plane.create_namespace("mine").await?;
    let namespaces: Api<Namespace> = Api::all(plane.client());
    ensure!(namespaces.get(&user.namespace).await?.metadata.deletion_timestamp.is_none());

    user.child.kill()?;
    let begun = Instant::now();
    eventually_async("its namespace is being deleted", || async {
        let found = namespaces.get_opt(&user.namespace).await?;
        ensure!(found.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()));
        Ok(())
    })
    .await?;
    ensure!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    eventually("its lease is gone", || {
        let leases = gc::find(&setup.root)?.pop().context("the plane")?.leases;
        ensure!(leases.len() == 1, "{leases:?}");
        Ok(())
    })
    .await?;
    ensure!(namespaces.get(&mine).await?.metadata.deletion_timestamp.is_none(), "mine stays");

    // Dropped without a goodbye: as if killed.
    drop(plane);
    setup.nothing_is_left().await
}

pub async fn a_killed_keeper_takes_all_along(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    ensure!(processes_of(setup.state.path())?.len() == 6, "{:?}", processes_of(setup.state.path())?);
    kill(plane.record().keeper)?;
    let why = tokio::time::timeout(Duration::from_secs(5), plane.broken()).await?;
    ensure!(why.contains("without a word"), "{why}");
    eventually("the kernel has killed the children", || {
        let left = processes_of(setup.state.path())?;
        ensure!(left.is_empty(), "{left:?}");
        Ok(())
    })
    .await?;
    ensure!(plane.create_namespace("x").await.is_err());

    // The next start clears away what is left, though our lease file still lies there.
    ensure!(plane.dir().path().exists());
    let next = setup.acquire().await?;
    ensure!(next.record().id != plane.record().id);
    ensure!(plane.health().is_some(), "the successor does not deceive us");
    drop(plane);
    ensure!(next.health().is_none());
    next.create_namespace("x").await?;

    // And so does `gc`.
    kill(next.record().keeper)?;
    next.broken().await;
    let collected = gc::collect(&setup.root).await?;
    ensure!(collected == [next.record().key.clone()], "{collected:?}");
    setup.nothing_is_left().await
}

pub async fn a_dead_component_is_named(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    let pid = plane.record().processes.get("kube-apiserver").context("the API server")?;
    kill(*pid)?;
    let begun = Instant::now();
    let why = tokio::time::timeout(PATIENCE, plane.broken()).await?;
    ensure!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    ensure!(why.starts_with("kube-apiserver ended (signal: 9 (SIGKILL)); its last log lines:\n    "), "{why}");
    let refused = plane.create_namespace("x").await.err().context("refused")?.to_string();
    ensure!(refused.contains("kube-apiserver ended") && refused.contains("hint: "), "{refused}");
    setup.nothing_is_left().await?;
    ensure!(plane.health().is_some_and(|again| again == why), "told also when nothing is left");
    Ok(())
}

pub async fn giving_up_stops_the_start(setup: Setup) -> Result<()> {
    for delay in [0, 300, 1500] {
        let waited =
            tokio::time::timeout(Duration::from_millis(delay), acquire_in(&setup.root, &setup.request, &Silent));
        ensure!(waited.await.is_err(), "ready after {delay} ms?");
        // Who gives up says so; the keeper acts on it, or has done so already.
        for plane in setup.root.planes()? {
            ensure!(
                plane.at_once().exists() || !plane.path().exists(),
                "it is told to linger: {}",
                plane.path().display()
            );
        }
        setup.nothing_is_left().await?;
    }
    Ok(())
}

pub async fn a_standing_lease_holds_until_down(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    let kept = plane.create_namespace("kept").await?;
    let other = plane.create_namespace("other").await?;
    plane.keep(&kept, None)?;
    let client = plane.client();
    plane.release(true).await?;
    let namespaces: Api<Namespace> = Api::all(client);
    eventually_async("only the kept namespace stays", || async {
        ensure!(namespaces.get_opt(&other).await?.is_none());
        Ok(())
    })
    .await?;
    ensure!(namespaces.get(&kept).await?.metadata.deletion_timestamp.is_none());

    // In use by somebody: `down` ends the standing lease, the plane goes with its user.
    let plane = setup.acquire().await?;
    let found = gc::find(&setup.root)?.pop().context("the plane")?;
    ensure!(gc::down(&found).await? == gc::Stopped::InUse);
    eventually_async("the kept namespace goes", || async {
        ensure!(namespaces.get_opt(&kept).await?.is_none());
        Ok(())
    })
    .await?;
    ensure!(plane.health().is_none());

    // A limit: it is over by itself.
    plane.keep_plane("up", Some(Duration::from_secs(1)))?;
    plane.release(false).await?;
    setup.nothing_is_left().await?;

    // Not in use: `down` is the end.
    let plane = setup.acquire().await?;
    plane.keep_plane("up", None)?;
    plane.release(false).await?;
    let found = gc::find(&setup.root)?.pop().context("the plane")?;
    ensure!(gc::down(&found).await? == gc::Stopped::Gone);
    setup.nothing_is_left().await
}

pub async fn force_stops_a_plane_in_use(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    let found = gc::find(&setup.root)?.pop().context("the plane")?;
    ensure!(gc::force_down(&found).await? == gc::Stopped::Gone);
    let why = plane.health().context("broken")?;
    ensure!(why.contains("SIGTERM"), "{why}");
    setup.nothing_is_left().await
}

pub async fn the_keeper_holds_no_descriptor_of_its_starter(setup: Setup) -> Result<()> {
    let mut user = User::start_with_leak(setup.state.path())?;
    let plane = setup.acquire().await?;
    user.child.kill()?;
    // The pipe ends with the user, though the keeper that it started lives on.
    let mut stdout = user.child.stdout.take().context("piped")?;
    let ended = tokio::task::spawn_blocking(move || stdout.read_to_end(&mut Vec::new()));
    tokio::time::timeout(Duration::from_secs(10), ended).await.context("the pipe is still held")???;
    ensure!(Record::read(&only_plane(&setup.root)?).is_some_and(|record| record.id == user.plane));
    plane.release(true).await?;
    setup.nothing_is_left().await
}

/// Rounds: `PROOFROLL_KILL_ROUNDS`. Each starts two users, and kills one, the other, or the keeper.
pub async fn kills_at_random_moments_leave_nothing(setup: Setup) -> Result<()> {
    let rounds: u32 = std::env::var("PROOFROLL_KILL_ROUNDS").map_or(Ok(6), |rounds| rounds.parse())?;
    for round in 0..rounds {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let mut users = [User::spawn(setup.state.path())?, User::spawn(setup.state.path())?];
        let mut moments = [random.u64(0..8_000), random.u64(0..8_000)];
        moments.sort_unstable();
        let keeper_too = random.bool();
        tokio::time::sleep(Duration::from_millis(moments[0])).await;
        users[0].kill()?;
        if keeper_too {
            for pid in keepers(setup.state.path())? {
                // It may just have ended by itself.
                let _ = kill(pid);
            }
        }
        tokio::time::sleep(Duration::from_millis(moments[1] - moments[0])).await;
        users[1].kill()?;
        for user in &mut users {
            user.wait()?;
        }
        let context = || format!("round {round}, seed {seed}");
        eventually("no process is left", || {
            let left = processes_of(setup.state.path())?;
            ensure!(left.is_empty(), "{left:?}");
            Ok(())
        })
        .await
        .with_context(context)?;
        // A directory may be, of a keeper that was killed or never born.
        gc::collect(&setup.root).await?;
        setup.nothing_is_left().await.with_context(context)?;
    }
    Ok(())
}
