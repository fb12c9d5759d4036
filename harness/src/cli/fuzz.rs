//! `proofroll fuzz`: which cases, and what is said of what was found.

use std::{path::PathBuf, time::Instant};

use clap::Args;

use super::{
    args::Running,
    exit::{Exit, Fault},
    session::{evidence_root, on_plane, options},
    terminal::{Detail, Terminal},
};
use crate::{
    act::Kinds,
    fuzz::{
        self, Hunt, Known,
        hunt::{Finding, HuntError},
        signature::Signature,
        write,
    },
    run::Stage,
    scenario::Library,
};

/// `proofroll fuzz`
#[derive(Debug, Clone, Args)]
pub struct Fuzz {
    /// The seed: the same one makes the same cases. Default: a new one, which is printed.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// So many cases.
    #[arg(long, default_value_t = 24, value_name = "M")]
    pub count: u64,
    /// Only the case of this number.
    #[arg(long, value_name = "N", conflicts_with = "count")]
    pub case: Option<u64>,
    /// Make also cases that are known to fail (see findings/).
    #[arg(long)]
    pub known: bool,
    /// So many side by side.
    #[arg(short, long, default_value_t = 8, value_name = "J")]
    pub jobs: usize,
    /// Begin no case after this time, as 90s or 5m.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time: Option<std::time::Duration>,
    /// So many runs at most to make a failure small.
    #[arg(long, default_value_t = 60, value_name = "RUNS")]
    pub shrink: usize,
    /// Keep the scenarios of what failed in this directory. Default: `fuzz` where evidence goes.
    #[arg(long, value_name = "DIR")]
    pub keep_failures: Option<PathBuf>,
    /// Only print the files of the cases.
    #[arg(long)]
    pub print: bool,
    /// How it runs.
    #[command(flatten)]
    pub running: Running,
}

/// How many of what failed are shrunk: each way to fail once.
const PURSUED: usize = 5;

/// `proofroll fuzz`
///
/// # Errors
/// When there is nothing to run on, or a file of a case can't be written.
pub(super) fn run(arguments: &Fuzz) -> Result<Exit, Fault> {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let numbers: Vec<u64> = arguments.case.map_or_else(|| (0..arguments.count).collect(), |case| vec![case]);
    let known = if arguments.known { Known::Too } else { Known::LeftOut };
    if arguments.print {
        numbers.iter().for_each(|number| print(seed, *number, known));
        return Ok(Exit::Passed);
    }
    let running = &arguments.running;
    let library = Library::open(running.fixtures.as_deref()).map_err(Fault::input)?;
    let work = tempfile::Builder::new().prefix("proofroll-fuzz-").tempdir().map_err(Fault::infra)?;
    let kept = arguments.keep_failures.clone().unwrap_or_else(|| evidence_root(running.out.as_deref()).join("fuzz"));
    let hunt = Hunt {
        library: &library,
        seed,
        numbers,
        known,
        jobs: arguments.jobs,
        until: arguments.time.map(|time| Instant::now() + time),
        shrink_runs: arguments.shrink,
        work: work.path(),
        kept: &kept,
    };
    let scenarios = hunt.scenarios().map_err(Fault::infra)?;
    anstream::println!("seed {seed}, {} cases", scenarios.len());
    let played = on_plane(running, &format!("fuzz, seed {seed}"), async |plane, provisions| {
        let terminal = Terminal::new(Detail::Scenarios);
        let (release, options) = (&provisions.release, options(running, provisions));
        let stage = Stage { plane, kinds: Kinds::new(), release, listener: &terminal, options, swap: None };
        let reports = hunt.run(&stage, &scenarios).await;
        let failed: Vec<_> =
            reports.iter().filter_map(|(number, report)| Some((*number, Signature::of(report)?))).collect();
        let mut findings = Vec::new();
        for (number, signature) in chosen(failed) {
            findings.push(hunt.pursue(&stage, number, signature, &|line| terminal.say(line)).await);
        }
        terminal.clear();
        (reports.into_iter().map(|(_, report)| report).collect(), findings)
    })?;
    played.more.iter().for_each(|finding| say(seed, finding));
    if played.report.scenarios.len() < scenarios.len() {
        anstream::println!("\ntime is up: {} of {} cases were begun", played.report.scenarios.len(), scenarios.len());
    }
    played.end(running)
}

/// One of each way to fail, the first ones.
fn chosen(failed: Vec<(u64, Signature)>) -> Vec<(u64, Signature)> {
    let mut chosen: Vec<(u64, Signature)> = Vec::new();
    for (number, signature) in failed {
        if chosen.len() < PURSUED && !chosen.iter().any(|(_, other)| *other == signature) {
            chosen.push((number, signature));
        }
    }
    chosen
}

fn say(seed: u64, finding: &Result<Finding, HuntError>) {
    match finding {
        Ok(finding) => {
            let Finding { number, signature, again, shrunk, actions, file, reproduced } = finding;
            anstream::println!("\nseed {seed}, case {number}: {signature}; failed {again} of 3 times again");
            let complete = if shrunk.complete { "" } else { ", then the runs were used up" };
            anstream::println!(
                "  {actions} actions became {} in {} runs{complete}",
                shrunk.case.acts.len(),
                shrunk.runs
            );
            let file = file.display();
            if *reproduced {
                anstream::println!("  proofroll run {file}     # fails in the same way");
            } else {
                anstream::println!(
                    "  proofroll run {file} --until-fail 20     # did not fail when it was run once more"
                );
            }
        }
        Err(error) => anstream::println!("\na failure could not be pursued: {error}"),
    }
}

fn print(seed: u64, number: u64, known: Known) {
    let name = format!("seed-{seed}-case-{number}");
    for (file, text) in
        write::files(&fuzz::generate(seed, number, known), &name, &format!("Generated by seed {seed}, case {number}"))
    {
        anstream::println!("# {file}\n{text}");
    }
}
