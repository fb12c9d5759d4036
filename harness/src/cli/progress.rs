//! Progress of long work on a terminal: lasting lines, and one line that is redrawn. Without a
//! terminal only the lasting lines are written, and now and then how far it is.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::progress::Progress;

/// Without a terminal, how often a line says how far the work is.
const NOW_AND_THEN: Duration = Duration::from_secs(20);

/// Progress on stderr.
pub struct TerminalProgress {
    bar: Option<ProgressBar>,
    told: Mutex<Instant>,
}

impl TerminalProgress {
    /// Redraws a line only on a terminal that is no CI's.
    pub fn new() -> Self {
        let bar = output::redraws(&std::io::stderr()).then(|| {
            let style =
                ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, told: Mutex::new(Instant::now()) }
    }

    /// Removes the line that is redrawn.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for TerminalProgress {
    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| anstream::eprintln!("{line}")),
            None => anstream::eprintln!("{line}"),
        }
    }

    fn update(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(line.to_owned()),
            None => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.elapsed() >= NOW_AND_THEN {
                    *told = Instant::now();
                    anstream::eprintln!("{line}");
                }
            }
        }
    }
}
