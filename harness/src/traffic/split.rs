//! Did the requests go where the weights say?

use std::{collections::BTreeMap, fmt};

use super::{Revisions, Seen, binomial, percent};
use crate::scenario::value::Share;

/// Which share of the requests goes to which revision.
///
/// `confidence` bounds both errors: a controller that splits as expected is called wrong with at most
/// the probability `1 - confidence`, and one whose split is off by `tolerance` or more is passed with at
/// most that. The number of requests follows ([`SplitClaim::sample_size`]).
#[derive(Debug, Clone, PartialEq)]
pub struct SplitClaim {
    /// Revision to its share, 0 to 1. Where they are 1 together no other revision may answer.
    pub shares: BTreeMap<u64, f64>,
    /// How far off a share must be to be noticed: 0.1 is ten points of a hundred.
    pub tolerance: f64,
    /// As 0.9999.
    pub confidence: f64,
}

/// How many requests went where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Revision to answered requests.
    pub revisions: BTreeMap<u64, u64>,
    /// Answered by nobody knows whom.
    pub unknown: u64,
}

impl Counts {
    /// Counts the answers. A request without one went nowhere.
    pub fn of<'a>(seen: impl IntoIterator<Item = &'a Seen>, revisions: &Revisions) -> Self {
        let mut counts = Self::default();
        for one in seen {
            if let Seen::Answer(answer) = one {
                match revisions.of(answer) {
                    Some(revision) => *counts.revisions.entry(revision).or_default() += 1,
                    None => counts.unknown += 1,
                }
            }
        }
        counts
    }

    /// All answered requests.
    pub fn total(&self) -> u64 {
        self.revisions.values().sum::<u64>() + self.unknown
    }
}

/// What is found of a [`SplitClaim`].
#[derive(Debug, Clone, PartialEq)]
pub struct SplitVerdict {
    /// Each share that was claimed, and each revision that answered although it had none.
    pub shares: Vec<ShareVerdict>,
    /// Answered by nobody knows whom.
    pub unknown: u64,
    /// How many requests were needed.
    pub needed: u64,
    /// How many were answered.
    pub total: u64,
    /// As in the claim.
    pub confidence: f64,
}

/// What is found of one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareVerdict {
    /// The revision.
    pub revision: u64,
    /// The share that it should have.
    pub expected: f64,
    /// The requests that it answered.
    pub count: u64,
    /// The shares that are plausible after these requests.
    pub interval: (f64, f64),
    /// Whether the expected one is among them.
    pub holds: bool,
}

impl SplitClaim {
    /// What is to be noticed where nothing is said.
    pub const TOLERANCE: f64 = 0.1;
    /// How sure a verdict is where nothing is said.
    pub const CONFIDENCE: f64 = 0.9999;

    /// How many answered requests it takes.
    pub fn sample_size(&self) -> u64 {
        let risk = 1.0 - self.confidence;
        let sizes = self.shares.values().filter_map(|p| binomial::sample_size(*p, self.tolerance, self.alpha(), risk));
        sizes.max().unwrap_or(1)
    }

    /// The risk of a false alarm that each share may take. Of two shares one says all: the other is the rest.
    fn alpha(&self) -> f64 {
        let independent = if self.is_whole() && self.shares.len() == 2 { 1 } else { self.shares.len().max(1) };
        (1.0 - self.confidence) / independent as f64
    }

    fn is_whole(&self) -> bool {
        (self.shares.values().sum::<f64>() - 1.0).abs() < 1e-9
    }

    /// Holds it against what was counted.
    pub fn judge(&self, counts: &Counts) -> SplitVerdict {
        let (total, alpha) = (counts.total(), self.alpha());
        let count = |revision: &u64| counts.revisions.get(revision).copied().unwrap_or(0);
        let mut expected: BTreeMap<u64, f64> = self.shares.clone();
        if self.is_whole() {
            for revision in counts.revisions.keys() {
                expected.entry(*revision).or_insert(0.0);
            }
        }
        let shares = expected.into_iter().map(|(revision, expected)| {
            let count = count(&revision);
            let interval = binomial::interval(total, count, alpha);
            let holds = binomial::plausible(total, expected, count, alpha);
            ShareVerdict { revision, expected, count, interval, holds }
        });
        SplitVerdict {
            shares: shares.collect(),
            unknown: counts.unknown,
            needed: self.sample_size(),
            total,
            confidence: self.confidence,
        }
    }
}

impl SplitVerdict {
    /// Whether there were as many requests as it takes to say anything.
    pub fn is_judged(&self) -> bool {
        self.total >= self.needed
    }

    /// Whether each share is as expected, and every answer came from a revision that is known.
    pub fn holds(&self) -> bool {
        self.is_judged() && self.unknown == 0 && self.shares.iter().all(|share| share.holds)
    }
}

/// A line for each share, and for what else there is to say.
impl fmt::Display for SplitVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, confidence, .. } = self;
        let mut lines = Vec::new();
        if !self.is_judged() {
            lines.push(format!("only {total} requests were answered: it takes {} to judge the split", self.needed));
        }
        for share in &self.shares {
            let seen = if *total == 0 { 0.0 } else { share.count as f64 / *total as f64 };
            let (low, high) = share.interval;
            lines.push(format!(
                "{} of {total} requests ({}) went to revision {}, {} expected; {} interval {:.1}..{:.1}{}",
                share.count,
                percent(seen),
                share.revision,
                Share(share.expected),
                Share(*confidence),
                low * 100.0,
                high * 100.0,
                if share.holds { "" } else { ": not what the weights say" },
            ));
        }
        if self.unknown > 0 {
            lines.push(format!("{} of {total} requests were answered by pods of no known revision", self.unknown));
        }
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(shares: &[(u64, f64)]) -> SplitClaim {
        let shares = shares.iter().copied().collect();
        SplitClaim { shares, tolerance: SplitClaim::TOLERANCE, confidence: SplitClaim::CONFIDENCE }
    }

    fn counts(revisions: &[(u64, u64)]) -> Counts {
        Counts { revisions: revisions.iter().copied().collect(), unknown: 0 }
    }

    #[test]
    fn a_split_as_expected() {
        let claim = claim(&[(2, 0.2), (1, 0.8)]);
        assert_eq!(claim.sample_size(), 1079);
        let verdict = claim.judge(&counts(&[(1, 1588), (2, 412)]));
        assert!(verdict.holds());
        insta::assert_snapshot!(verdict, @r"
        1588 of 2000 requests (79.4%) went to revision 1, 80% expected; 99.99% interval 75.7..82.8
        412 of 2000 requests (20.6%) went to revision 2, 20% expected; 99.99% interval 17.2..24.3
        ");
    }

    #[test]
    fn a_split_that_is_off() {
        let verdict = claim(&[(2, 0.2), (1, 0.8)]).judge(&counts(&[(1, 1400), (2, 600)]));
        assert!(verdict.is_judged() && !verdict.holds());
        insta::assert_snapshot!(verdict, @r"
        1400 of 2000 requests (70%) went to revision 1, 80% expected; 99.99% interval 65.9..73.9: not what the weights say
        600 of 2000 requests (30%) went to revision 2, 20% expected; 99.99% interval 26.1..34.1: not what the weights say
        ");
    }

    #[test]
    fn too_few_requests_say_nothing() {
        let verdict = claim(&[(2, 0.2), (1, 0.8)]).judge(&counts(&[(1, 8), (2, 2)]));
        assert!(!verdict.is_judged() && !verdict.holds());
        insta::assert_snapshot!(verdict, @r"
        only 10 requests were answered: it takes 1079 to judge the split
        8 of 10 requests (80%) went to revision 1, 80% expected; 99.99% interval 18.9..99.9
        2 of 10 requests (20%) went to revision 2, 20% expected; 99.99% interval 0.1..81.1
        ");
        assert!(!claim(&[(1, 1.0)]).judge(&Counts::default()).holds(), "no request, no proof");
    }

    #[test]
    fn one_request_to_a_revision_without_a_share_is_one_too_many() {
        let whole = claim(&[(1, 1.0)]);
        assert!(whole.judge(&counts(&[(1, 500)])).holds());
        let verdict = whole.judge(&counts(&[(1, 499), (2, 1)]));
        assert!(!verdict.holds());
        insta::assert_snapshot!(verdict, @r"
        499 of 500 requests (99.8%) went to revision 1, 100% expected; 99.99% interval 97.5..100.0: not what the weights say
        1 of 500 requests (0.2%) went to revision 2, 0% expected; 99.99% interval 0.0..2.5: not what the weights say
        ");
        // What is not said of the rest is not claimed.
        assert!(claim(&[(2, 0.2)]).judge(&counts(&[(1, 1000), (2, 300), (3, 200)])).holds());
    }

    #[test]
    fn who_answers_must_be_known() {
        let verdict = claim(&[(1, 1.0)]).judge(&Counts { revisions: [(1, 999)].into(), unknown: 1 });
        assert!(!verdict.holds());
        assert!(verdict.to_string().ends_with("1 of 1000 requests were answered by pods of no known revision"));
    }

    #[test]
    fn three_shares_share_the_risk() {
        let three = claim(&[(1, 0.5), (2, 0.3), (3, 0.2)]);
        let mut random = fastrand::Rng::with_seed(7);
        let three = SplitClaim { confidence: 0.9, ..three };
        let n = three.sample_size();
        let alarms = (0..1000).filter(|_| {
            let mut found = Counts::default();
            for _ in 0..n {
                let revision = match random.f64() {
                    x if x < 0.5 => 1,
                    x if x < 0.8 => 2,
                    _ => 3,
                };
                *found.revisions.entry(revision).or_default() += 1;
            }
            !three.judge(&found).holds()
        });
        let alarms = alarms.count();
        // A tenth is stated; of 1000 it strays by 31 once in a thousand times.
        assert!((10..131).contains(&alarms), "{alarms} false alarms");
    }
}
