//! The command line: arguments, what is shown while something goes on, exit codes.

pub mod args;
mod breaks;
mod completions;
mod coverage;
pub mod diff;
pub mod doctor;
mod exit;
mod explain;
mod features;
mod figures;
pub mod fleet;
mod fuzz;
mod images;
pub mod list;
mod look;
mod output;
pub mod parts;
pub mod plane;
mod planes;
mod progress;
pub mod releases;
mod run;
mod session;
mod terminal;
pub mod upgrade;

use std::process::ExitCode;

use clap::Parser;

pub use exit::{Exit, Fault};

use args::{Command, Proofroll};

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = Proofroll::parse();
    output::settle_colours();
    logging(arguments.verbose);
    if arguments.offline {
        crate::parts::forbid_network();
    }
    let outcome = dispatch(arguments);
    match outcome {
        Ok(exit) => exit.into(),
        Err(fault) => {
            anstream::eprintln!("{fault}");
            fault.exit().into()
        }
    }
}

fn dispatch(arguments: Proofroll) -> Result<Exit, Fault> {
    crate::timeouts::scale().map_err(Fault::input)?;
    match arguments.command {
        Command::Guide(guide) => run::guide(&guide),
        Command::Run(what) => run::run(&what),
        Command::Releases(which) => releases::run(&which),
        Command::Diff(which) => diff::run(&which),
        Command::Upgrade(how) => upgrade::run(&how),
        Command::Breaks(which) => breaks::run(&which),
        Command::Try(what) => run::try_out(&what),
        Command::Fuzz(how) => fuzz::run(&how),
        Command::List(which) => look::list(&which),
        Command::Coverage(how) => coverage::run(&how),
        Command::Explain(which) => look::explained(&which),
        Command::Up(how) => planes::up(&how),
        Command::Down(which) => planes::down(&which),
        Command::Status => planes::status(),
        Command::Gc => planes::gc(),
        Command::Parts { what } => look::parts(&what),
        Command::Images { what } => images::run(&what),
        Command::Doctor => look::doctor(),
        Command::Schema(which) => look::schema(&which),
        Command::Completions(of) => completions::run(&of),
        Command::Figures(how) => figures::run(&how),
    }
}

/// What the harness does inside, on stderr, when asked for.
fn logging(verbose: u8) {
    // The client of Kubernetes calls each refused connection an error, also while a plane starts.
    let level = match verbose {
        0 => "warn,kube_client=off",
        1 => "info,kube_client=off",
        2 => "proofroll=debug,info",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("PROOFROLL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colours = output::colours(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}
