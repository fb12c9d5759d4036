//! How far a start is: the time of each phase, told to whoever waits.

use std::{
    cell::RefCell,
    fs::OpenOptions,
    io::Write,
    time::{Duration, Instant},
};

use crate::{
    cluster::{record::Phase, state::PlaneDir},
    process::journal::note,
};

/// What a notice begins with, in the file.
pub(in crate::cluster) const NOTICE: &str = "! ";

/// Keeps the time of a start.
pub(super) struct Reached<'a> {
    dir: &'a PlaneDir,
    begun: Instant,
    phases: RefCell<Vec<Phase>>,
}

impl<'a> Reached<'a> {
    pub fn new(dir: &'a PlaneDir) -> Self {
        Self { dir, begun: Instant::now(), phases: RefCell::default() }
    }

    /// A phase is over.
    pub fn say(&self, what: &str) {
        let at_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.phases.borrow_mut().push(Phase { name: what.to_owned(), at_ms });
        self.tell(what, Duration::from_millis(at_ms));
    }

    /// Something goes on that belongs to a phase.
    pub fn hint(&self, what: &str) {
        self.tell(what, self.begun.elapsed());
    }

    /// Something that a person shall read, also without a terminal.
    pub fn notice(&self, what: &str) {
        self.write(&format!("{NOTICE}{what}\n"));
    }

    /// The phases so far.
    pub fn phases(&self) -> Vec<Phase> {
        self.phases.borrow().clone()
    }

    /// Their names, for people.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.phases.borrow().iter().map(|phase| phase.name.clone()).collect();
        if names.is_empty() { "nothing".into() } else { names.join(", ") }
    }

    fn tell(&self, what: &str, at: Duration) {
        self.write(&format!("{what} ({:.1} s)\n", at.as_secs_f64()));
    }

    fn write(&self, line: &str) {
        let told = OpenOptions::new().append(true).open(self.dir.progress());
        if let Err(error) = told.and_then(|mut file| file.write_all(line.as_bytes())) {
            note(&format!("keeper: progress could not be written: {error}"));
        }
    }
}
