//! The counts that are right.

use std::{fmt, ops::RangeInclusive};

use super::source::Source;

/// Pods of the two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pods {
    /// Of the version that is fallen back to; of the only one, when no update is under way.
    pub stable: i64,
    /// Of the version that is being tried.
    pub canary: i64,
}

impl Pods {
    /// Both together.
    pub fn sum(self) -> i64 {
        self.stable + self.canary
    }
}

/// Which counts are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figures {
    /// One of these; a single one where the documentation names the figure.
    OneOf(Vec<Pods>),
    /// Anything within these bounds: the documentation names no figure.
    Within {
        /// Of the stable version.
        stable: RangeInclusive<i64>,
        /// Of the new version.
        canary: RangeInclusive<i64>,
        /// Of both together.
        sum: RangeInclusive<i64>,
    },
}

/// How many pods each version has at rest, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// The counts of the stable and of the new version.
    pub figures: Figures,
    /// The pods of all other versions that are not within a scale-down delay.
    pub older: RangeInclusive<i64>,
    /// What was looked at, in words: `setWeight 20 of 5`.
    pub because: String,
    /// The sentences of the documentation.
    pub sources: Vec<Source>,
}

impl Resting {
    pub(super) fn new(figures: Figures, because: impl Into<String>, sources: &[Source]) -> Self {
        Self { figures, older: 0..=0, because: because.into(), sources: sources.to_vec() }
    }

    pub(super) fn exactly(stable: i64, canary: i64, because: impl Into<String>, sources: &[Source]) -> Self {
        Self::new(Figures::OneOf(vec![Pods { stable, canary }]), because, sources)
    }

    pub(super) fn older(self, most: i64) -> Self {
        Self { older: 0..=most, ..self }
    }

    /// Whether these counts are right.
    pub fn admits(&self, pods: Pods, older: i64) -> bool {
        self.figures.admit(pods) && self.older.contains(&older)
    }
}

impl Figures {
    /// Whether these counts are right.
    pub fn admit(&self, pods: Pods) -> bool {
        match self {
            Self::OneOf(all) => all.contains(&pods),
            Self::Within { stable, canary, sum } => {
                stable.contains(&pods.stable) && canary.contains(&pods.canary) && sum.contains(&pods.sum())
            }
        }
    }
}

impl fmt::Display for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stable {}, canary {}", self.stable, self.canary)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneOf(all) => {
                let words: Vec<_> = all.iter().map(ToString::to_string).collect();
                f.write_str(&words.join(" or "))
            }
            Self::Within { stable, canary, sum } => {
                write!(f, "stable {}, canary {}, together {}", range(stable), range(canary), range(sum))
            }
        }
    }
}

impl fmt::Display for Resting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, others {} ({})", self.figures, range(&self.older), self.because)
    }
}

fn range(range: &RangeInclusive<i64>) -> String {
    if range.start() == range.end() { range.start().to_string() } else { format!("{}..{}", range.start(), range.end()) }
}
