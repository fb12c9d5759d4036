//! What a person sees of a run. Of one scenario: each step with its action, what passes by, the
//! tree of `get rollout`, a tick for each expectation. Of several side by side: a line for each.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::output;
use crate::{
    report::v1,
    rollout::RolloutInfo,
    run::{Listener, News},
    view,
};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything: for one scenario.
    Full,
    /// One line a step: for one scenario.
    Steps,
    /// One line a scenario: for several side by side.
    Scenarios,
}

/// Shows a run on stdout.
pub struct Terminal {
    detail: Detail,
    style: view::Style,
    /// The line that shows the state of the moment, on a terminal.
    live: Option<ProgressBar>,
    out: Mutex<Box<dyn Write + Send>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: usize,
    line: String,
    running: usize,
}

const GREEN: anstyle::Style = anstyle::AnsiColor::Green.on_default();
const RED: anstyle::Style = anstyle::AnsiColor::Red.on_default();
const YELLOW: anstyle::Style = anstyle::AnsiColor::Yellow.on_default();
const BOLD: anstyle::Style = anstyle::Style::new().bold();
const DIM: anstyle::Style = anstyle::Style::new().dimmed();

/// How a claim came out; `?` where it could not be judged.
fn mark(outcome: v1::Outcome) -> String {
    match outcome {
        v1::Outcome::Held => tick(true),
        v1::Outcome::Broken => tick(false),
        v1::Outcome::NotJudged => "?".into(),
    }
}

fn tick(ok: bool) -> String {
    if ok { format!("{GREEN}✔{GREEN:#}") } else { format!("{RED}✖{RED:#}") }
}

impl Terminal {
    /// Shows on stdout with `detail`; colours and a live line only on a terminal.
    pub fn new(detail: Detail) -> Self {
        let live = output::redraws(&std::io::stdout()).then(|| {
            let style =
                ProgressStyle::with_template("  {spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        // `anstream` strips what the output can't show.
        let out = Box::new(anstream::AutoStream::auto(std::io::stdout()));
        Self { detail, style: view::Style::Colour, live, out: Mutex::new(out), state: Mutex::default() }
    }

    fn print(&self, text: &str) {
        let print = || {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody reads any more (`| head`): the verdict is still in the exit code and the report.
            let _ = writeln!(out, "{text}");
        };
        match &self.live {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// A line of its own.
    pub fn say(&self, line: &str) {
        self.print(line);
    }

    /// Removes the live line.
    pub fn clear(&self) {
        if let Some(bar) = &self.live {
            bar.finish_and_clear();
        }
    }

    fn full(&self, state: &mut State, news: &News<'_>) {
        match news {
            News::Began(scenario) => {
                state.steps = scenario.steps.len();
                self.print(&format!("{BOLD}{}{BOLD:#}  {}", scenario.id, scenario.title));
                self.print(&format!("{DIM}{}{DIM:#}", scenario.must));
            }
            News::Step { index, name } => {
                state.line.clear();
                if self.detail == Detail::Full {
                    self.print(&format!("\n{BOLD}{}/{} {name}{BOLD:#}", index + 1, state.steps));
                }
            }
            News::Acted { command } if self.detail == Detail::Full => self.print(&format!("  $ {command}")),
            News::Passing { .. } if self.live.is_none() && self.detail != Detail::Full => {}
            News::Passing { rollout, live } => {
                let Some(info) = live.info(rollout) else { return };
                let line = view::line(&info, self.style);
                if line != state.line {
                    match &self.live {
                        Some(bar) => bar.set_message(line.clone()),
                        None => self.print(&format!("  {DIM}…{DIM:#} {line}")),
                    }
                    state.line = line;
                }
            }
            News::StepEnded { index, step, info } => {
                if let Some(bar) = &self.live {
                    bar.set_message("");
                }
                if self.detail == Detail::Full {
                    self.step(step, *info);
                } else {
                    let ok = step.verdict == v1::Verdict::Pass;
                    self.print(&format!(
                        "  {} {}/{} {} ({:.1} s)",
                        tick(ok),
                        index + 1,
                        state.steps,
                        step.name,
                        step.seconds
                    ));
                }
            }
            News::Claim { step, claim } if self.detail == Detail::Full || claim.outcome != v1::Outcome::Held => {
                let whose = step.map_or_else(|| "scenario".to_owned(), |step| format!("step {}", step + 1));
                self.print(&format!("  {} {whose}: {} ({})", mark(claim.outcome), claim.claim, claim.detail));
            }
            News::Paused { text } => self.print(&format!("\n{text}")),
            News::Ended(report) => self.ended(report),
            News::Acted { .. } | News::Claim { .. } => {}
        }
    }

    fn step(&self, step: &v1::Step, info: Option<&RolloutInfo>) {
        if let Some(info) = info {
            let tree = view::tree(info, Timestamp::now(), self.style);
            self.print("");
            tree.lines().for_each(|line| self.print(&format!("    {}", line.trim_end())));
            self.print("");
        }
        for passed in &step.through {
            let when = passed.after.map_or_else(|| "not seen".to_owned(), |after| format!("after {after:.1} s"));
            self.print(&format!("  {} passed {} ({when})", tick(passed.ok), passed.state));
        }
        for check in &step.checks {
            let got = if check.ok { String::new() } else { format!(", but it is {}", check.got) };
            self.print(&format!("  {} {} {}{got}", tick(check.ok), check.field, check.expected));
        }
        for pause in &step.pauses {
            self.print(&format!(
                "  {} pause at step {} lasted {} s by the API server's clock ({:.2} s as seen)",
                tick(pause.ok),
                pause.step,
                pause.by_server,
                pause.seen
            ));
        }
        for claim in &step.claims {
            self.print(&format!("  {} {} ({})", mark(claim.outcome), claim.claim, claim.detail));
        }
    }

    fn ended(&self, report: &v1::Scenario) {
        if self.detail == Detail::Full && !report.invariants.is_empty() {
            self.print(&format!("\n{BOLD}invariants{BOLD:#}"));
            for invariant in &report.invariants {
                let ok = invariant.violations.is_empty() || invariant.waived.is_some();
                let waived = invariant.waived.as_ref().map_or_else(String::new, |why| format!(", waived: {why}"));
                self.print(&format!("  {} {} ({} judged{waived})", tick(ok), invariant.name, invariant.judged));
            }
        }
        if let Some(traffic) = &report.traffic
            && self.detail == Detail::Full
        {
            self.print(&format!(
                "\n{BOLD}traffic{BOLD:#}  {}: {} sent, {} failed",
                traffic.sent, traffic.requests, traffic.failed
            ));
            traffic.drawing.lines().for_each(|line| self.print(&format!("  {line}")));
        }
        if let Some(reason) = &report.reason {
            let colour = if report.verdict == v1::Verdict::Known { YELLOW } else { RED };
            self.print(&format!("\n{colour}{}{colour:#}", reason.trim_end()));
        }
    }

    fn scenarios(&self, state: &mut State, id: &str, news: &News<'_>) {
        match news {
            News::Began(_) => state.running += 1,
            News::Paused { text } => self.print(text),
            News::Ended(report) => {
                state.running = state.running.saturating_sub(1);
                let word = match report.verdict {
                    v1::Verdict::Pass => format!("{GREEN}pass{GREEN:#} "),
                    v1::Verdict::Fail => format!("{RED}fail{RED:#} "),
                    v1::Verdict::Known => format!("{YELLOW}known{YELLOW:#}"),
                    v1::Verdict::Error => format!("{RED}error{RED:#}"),
                    v1::Verdict::Skip => format!("{DIM}skip{DIM:#} "),
                };
                self.print(&format!("{word} {id} ({:.1} s)", report.seconds));
                if let Some(reason) = &report.reason {
                    let indented: Vec<_> = reason.trim_end().lines().map(|line| format!("      {line}")).collect();
                    self.print(&indented.join("\n"));
                }
            }
            _ => {}
        }
        if let Some(bar) = &self.live {
            bar.set_message(format!("{} running", state.running));
        }
    }
}

impl Listener for Terminal {
    fn hear(&self, id: &str, news: News<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match self.detail {
            Detail::Full | Detail::Steps => self.full(&mut state, &news),
            Detail::Scenarios => self.scenarios(&mut state, id, &news),
        }
    }
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
