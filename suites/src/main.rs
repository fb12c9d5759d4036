//! The suite: each scenario is one test, `suite::scenario`.
//!
//! nextest lists the tests (twice, quietly) and then starts one process for each with `--exact`.
//! So listing touches no cluster, what is skipped is decided from static data, and a process that
//! is to run one scenario reads one file. The control plane is shared through a keeper: the first
//! process starts it, and it stops when no process uses it any more.

mod listing;
mod trial;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// Scenarios mostly wait: far more of them than there are cores may run side by side.
const THREADS: usize = 16;

fn main() -> ExitCode {
    // A keeper is this program again; it is recognised before anything looks at the arguments.
    proofroll::cluster::keeper::run_if_asked();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    match listing::trials(&arguments) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
