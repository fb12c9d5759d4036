//! The `proofroll` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A keeper is this program again; it is recognised before anything looks at the arguments.
    proofroll::cluster::keeper::run_if_asked();
    proofroll::cli::main()
}
