//! Kills at random moments of a run's life, with the real program: nothing is left.
//!
//! - `kill -9` of a user (others go on), of the keeper, of all users at once, of a test runner: no
//!   process is left once the plane's linger is over, and no directory after that or the next start.
//! - Ctrl-C and SIGTERM: exit code 130, and nothing is left *when the process has ended*.
//!
//! `PROOFROLL_STORM=100` kills so often (`ci/storm`; default 4, each kind once) and interrupts so often.
//! A seed is printed; `PROOFROLL_STORM_SEED` repeats one.

#[path = "common"]
mod common {
    pub mod patience;
    pub mod place;
    pub mod program;
    pub mod small;
    pub mod user;
    pub mod waiting;
}
mod kills {
    pub mod arena;
    pub mod building;
    pub mod interrupts;
    pub mod random;
    pub mod residue;
    pub mod runner;
    pub mod storm;
    pub mod table;
    pub mod user;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use kills::{building, interrupts, runner, storm};

fn main() -> ExitCode {
    if let Some(code) = runner::run_if_asked() {
        return code;
    }
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("kills_leave_nothing", storm::kills_leave_nothing),
        trial("interrupts_leave_nothing_at_once", interrupts::interrupts_leave_nothing_at_once),
        trial("an_interrupted_build_leaves_nothing", building::an_interrupted_build_leaves_nothing),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn() -> anyhow::Result<()>) -> Trial {
    Trial::test(name, move || test().map_err(|error| format!("{error:?}").into()))
}
