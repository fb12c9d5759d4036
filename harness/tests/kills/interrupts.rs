//! Ctrl-C and SIGTERM, at random moments: everything is gone when the process has ended.

use std::{
    os::unix::process::ExitStatusExt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;

use super::{
    arena::{Arena, LINGER, MARGIN},
    random::{moments, random, rounds},
    residue,
    table::{Row, render},
    user,
};
use crate::common::user::User;

pub fn interrupts_leave_nothing_at_once() -> Result<()> {
    let mut random = random()?;
    let arena = Arena::new()?;
    let life = arena.calm()?;
    let rounds = rounds()?;
    let kinds = [(Signal::INT, false), (Signal::TERM, true), (Signal::INT, true), (Signal::TERM, false)];
    let each = rounds.div_ceil(kinds.len());
    let mut when: Vec<Vec<Duration>> = kinds.iter().map(|_| moments(&mut random, each, life)).collect();
    let mut rows = Vec::new();
    for round in 0..rounds {
        let kind = round % kinds.len();
        let (signal, beside) = kinds[kind];
        let moment = when[kind].pop().context("a moment for each round")?;
        let name = if signal == Signal::INT { "Ctrl-C" } else { "SIGTERM" };
        let label = if beside { format!("{name} of one of two users") } else { format!("{name} of the only user") };
        let told = || format!("round {round}: {label} after {moment:?}\n{}", render(&rows));
        let (clean, note) = if beside { one_of_two(&arena, signal, moment) } else { alone(&arena, signal, moment) }
            .with_context(told)?;
        println!(
            "{round:>4}  {label:<34} {:.2} s: ended after {:.2} s  {note}",
            moment.as_secs_f64(),
            clean.as_secs_f64()
        );
        rows.push(Row { kind: label, moment, clean, note });
    }
    arena.calm().context("the last start")?;
    print!("\n{}", render(&rows));
    Ok(())
}

fn alone(arena: &Arena, signal: Signal, moment: Duration) -> Result<(Duration, String)> {
    let mut user = user::start(arena, "one")?;
    std::thread::sleep(moment);
    let (took, note) = interrupt(&mut user, signal)?;
    arena.nothing_left().with_context(|| format!("{note}; it said:\n{}", user.said()))?;
    Ok((took, note))
}

fn one_of_two(arena: &Arena, signal: Signal, moment: Duration) -> Result<(Duration, String)> {
    let mut user = user::start(arena, "one")?;
    let mut other = user::start(arena, "other")?;
    std::thread::sleep(moment);
    let (took, note) = interrupt(&mut user, signal)?;
    // At once: what it started itself. The plane is the other one's.
    for left in residue::processes(arena.state())? {
        if left.cwd.components().any(|part| part.as_os_str() == "controllers") && left.parent != other.pid() {
            bail!("this is left of the interrupted user:\n  {left}\nit said:\n{}", user.said());
        }
    }
    other.ends_with(&[0], &[]).context("the other user")?;
    arena.nothing_left().context("when the other user has ended")?;
    Ok((took, note))
}

/// Interrupts, and waits for the end: 130, unless it was over already.
fn interrupt(user: &mut User, signal: Signal) -> Result<(Duration, String)> {
    if user.ended()?.is_some() {
        user.ends_with(&[0], &[])?;
        return Ok((Duration::ZERO, "it had ended".into()));
    }
    // In the first milliseconds the program is not yet itself; a shell says 130 then, too.
    let heard = residue::catches(user.pid(), signal)?;
    user.signal(signal)?;
    let begun = Instant::now();
    let status = user.wait()?;
    let took = begun.elapsed();
    if !heard && status.signal() == Some(signal.as_raw()) {
        return Ok((took, "before it could hear".into()));
    }
    // 0: all was over but for the farewell.
    let code = user.ends_with(&[130, 0], &[])?;
    ensure!(took < LINGER + MARGIN, "it took {took:?} to end; it said:\n{}", user.said());
    let note = if code == 0 { "it was at its end" } else { "" };
    Ok((took, note.into()))
}
