//! Where long work says how far it is; who listens (a terminal, a log, nobody) is the caller's affair.

/// A listener for the progress of long work.
pub trait Progress: Send + Sync {
    /// A lasting line: something began or ended.
    fn say(&self, line: &str);
    /// How far the work is just now. A terminal redraws one line with it, others may drop it.
    fn update(&self, line: &str);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn say(&self, _: &str) {}
    fn update(&self, _: &str) {}
}
