//! SIGKILL, at random moments.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, api::ListParams, config::Kubeconfig};
use proofroll::cluster::{gc, record::Record};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    arena::{Arena, LINGER, LOOK, MARGIN},
    random::{moments, random, rounds},
    residue, runner,
    table::{Row, render},
    user::{report, start},
};
use crate::common::{
    patience::{PATIENCE, eventually},
    user::User,
    waiting::within,
};

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    /// One of two users; the other one passes.
    User,
    /// The keeper of two users: both are told.
    Keeper,
    /// All of three users at once.
    AllUsers,
    /// The runner that started three users.
    Runner,
}

impl Victim {
    const ALL: [Self; 4] = [Self::User, Self::Keeper, Self::AllUsers, Self::Runner];

    fn label(self) -> &'static str {
        match self {
            Self::User => "kill -9 of one of two users",
            Self::Keeper => "kill -9 of the keeper of two users",
            Self::AllUsers => "kill -9 of all of three users",
            Self::Runner => "kill -9 of the runner of three",
        }
    }
}

pub fn kills_leave_nothing() -> Result<()> {
    let mut random = random()?;
    let arena = Arena::new()?;
    let life = arena.calm()?;
    println!("an undisturbed life: {:.1} s", life.as_secs_f64());
    let rounds = rounds()?;
    // Each kind of kill covers the whole life.
    let each = rounds.div_ceil(Victim::ALL.len());
    let mut when: Vec<Vec<Duration>> = Victim::ALL.iter().map(|_| moments(&mut random, each, life)).collect();
    let mut rows = Vec::new();
    for round in 0..rounds {
        let kind = round % Victim::ALL.len();
        let victim = Victim::ALL[kind];
        let moment = when[kind].pop().context("a moment for each round")?;
        let told = || format!("round {round}: {} after {moment:?}\n{}", victim.label(), render(&rows));
        let row = one(&arena, victim, moment).with_context(told)?;
        println!(
            "{round:>4}  {:<34} {:.2} s: clean after {:.2} s  {}",
            row.kind,
            row.moment.as_secs_f64(),
            row.clean.as_secs_f64(),
            row.note
        );
        // What lies here now belongs to a plane whose keeper is dead or was never born. (Where nothing
        // lies the next start would be as good as the very first one.)
        if !residue::files(arena.state())?.is_empty() {
            arena.calm().context("the next start").with_context(told)?;
        }
        rows.push(row);
    }
    arena.calm().context("the last start")?;
    print!("\n{}", render(&rows));
    Ok(())
}

fn one(arena: &Arena, victim: Victim, moment: Duration) -> Result<Row> {
    let begun = Instant::now();
    let (clean, note) = match victim {
        Victim::User => user(arena, moment)?,
        Victim::Keeper => keeper(arena, moment)?,
        Victim::AllUsers => all_users(arena, moment)?,
        Victim::Runner => killed_runner(arena, moment, begun)?,
    };
    Ok(Row { kind: victim.label().into(), moment, clean, note })
}

fn user(arena: &Arena, moment: Duration) -> Result<(Duration, String)> {
    let mut one = start(arena, "one")?;
    let mut other = start(arena, "other")?;
    std::thread::sleep(moment);
    one.signal(Signal::KILL)?;
    let killed = Instant::now();
    one.wait()?;
    let its_processes = || {
        let left = residue::processes(arena.state())?;
        let left = left.iter().find(|left| left.pid != other.pid() && !left.is_keeper() && is_orphan(left, &other));
        left.map_or(Ok(()), |left| bail!("this is left of the killed user:\n  {left}"))
    };
    within(MARGIN, "the end of its processes", its_processes)?;
    let note = within(MARGIN, "the end of its namespaces", || namespaces_are_of_the_living(arena))?;
    let clean = killed.elapsed();
    other.ends_with(&[0], &[]).context("the other user")?;
    // Not at once: the other user may have ended first, and then waits for nobody.
    within(LINGER + MARGIN, "nothing left", || arena.nothing_left()).context("when the other user has ended")?;
    Ok((clean, note))
}

/// A controller whose parent is not the living user. (What the keeper keeps has the keeper as parent.)
fn is_orphan(process: &residue::Process, living: &User) -> bool {
    process.cwd.components().any(|part| part.as_os_str() == "controllers") && process.parent != living.pid()
}

/// Each namespace of ours is one of a living user's, or is being deleted; or the plane is not there (yet,
/// or any more).
fn namespaces_are_of_the_living(arena: &Arena) -> Result<String> {
    let Some(plane) = gc::find(&arena.root())?.into_iter().find(|plane| plane.alive) else {
        return Ok("no plane".into());
    };
    let Some(record) = Record::read(&plane.dir) else { return Ok("no plane yet".into()) };
    let dead: Vec<u32> = plane.leases.iter().filter(|lease| !lease.alive).map(|lease| lease.journal.pid).collect();
    ensure!(dead.is_empty(), "the leases of {dead:?} are still there");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listed = runtime.block_on(async {
        let config = Kubeconfig::read_from(&record.kubeconfig)?;
        let config = kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await?;
        let namespaces: Api<Namespace> = Api::all(Client::try_from(config)?);
        anyhow::Ok(namespaces.list(&ListParams::default().labels("app.kubernetes.io/managed-by=proofroll")).await?)
    });
    let Ok(listed) = listed else {
        ensure!(!residue::processes(arena.state())?.iter().any(residue::Process::is_keeper), "no answer: {listed:?}");
        return Ok("no plane any more".into());
    };
    // The leases after the list: a namespace is written down before it is made.
    let plane = gc::find(&arena.root())?.into_iter().find(|found| found.dir == plane.dir);
    let leases = plane.map(|plane| plane.leases).unwrap_or_default();
    let known = |name: &str| leases.iter().any(|lease| lease.alive && lease.journal.namespaces.contains_key(name));
    for namespace in listed.iter().filter(|namespace| namespace.metadata.deletion_timestamp.is_none()) {
        let name = namespace.metadata.name.as_deref().unwrap_or_default();
        ensure!(known(name), "the namespace {name} is left");
    }
    Ok(String::new())
}

fn keeper(arena: &Arena, moment: Duration) -> Result<(Duration, String)> {
    let mut users = [start(arena, "one")?, start(arena, "other")?];
    std::thread::sleep(moment);
    // The first of its moments come before its birth.
    let begun = Instant::now();
    let keeper = loop {
        if let Some(keeper) = residue::processes(arena.state())?.into_iter().find(residue::Process::is_keeper) {
            break Some(keeper.pid);
        }
        if users[0].ended()?.is_some() && users[1].ended()?.is_some() || begun.elapsed() > PATIENCE {
            break None;
        }
        std::thread::sleep(LOOK);
    };
    let killed = Instant::now();
    if let Some(keeper) = keeper.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        // It may have ended between our look and now.
        let _ = kill_process(keeper, Signal::KILL);
    }
    // Who had come to the end passes; a second one may start a plane of its own, for a keeper that died
    // before anybody had joined is nobody's trouble.
    let codes = [users[0].ends_with(&[0, 3], &[])?, users[1].ends_with(&[0, 3], &[])?];
    for user in &users {
        let said = user.said();
        ensure!(codes.contains(&0) || said.contains("its keeper ended without a word"), "what it says:\n{said}");
    }
    within(LINGER + MARGIN, "no process left", || arena.no_process_left())?;
    let note = if keeper.is_none() { "it had ended".into() } else { format!("exit codes {codes:?}") };
    Ok((killed.elapsed(), note))
}

fn all_users(arena: &Arena, moment: Duration) -> Result<(Duration, String)> {
    let mut users = [start(arena, "one")?, start(arena, "other")?, start(arena, "third")?];
    std::thread::sleep(moment);
    users.iter_mut().try_for_each(|user| user.signal(Signal::KILL))?;
    let killed = Instant::now();
    users.iter_mut().try_for_each(|user| user.wait().map(drop))?;
    let note = if arena.keeper_lives()? {
        within(LINGER + MARGIN, "nothing left", || arena.nothing_left())?;
        ""
    } else {
        // Nobody lives who could remove a directory: the next start does.
        within(MARGIN, "no process left", || arena.no_process_left())?;
        "no keeper"
    };
    Ok((killed.elapsed(), note.into()))
}

fn killed_runner(arena: &Arena, moment: Duration, begun: Instant) -> Result<(Duration, String)> {
    for number in 0..runner::USERS {
        // Of the round before.
        let _ = std::fs::remove_file(report(arena.place(), &runner::name(number)));
    }
    let mut killed_one = runner::start(arena)?;
    std::thread::sleep(moment);
    killed_one.kill()?;
    let killed = Instant::now();
    killed_one.wait()?;
    // They go on; nobody waits for them.
    eventually("nothing is left", || arena.nothing_left())?;
    let passed = (0..runner::USERS).filter(|number| report(arena.place(), &runner::name(*number)).is_file()).count();
    Ok((killed.elapsed(), format!("{passed} went on to their end; {:.1} s in all", begun.elapsed().as_secs_f64())))
}
