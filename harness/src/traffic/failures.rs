//! Did any request fail?

use std::{collections::BTreeMap, fmt};

use jiff::{SignedDuration, Timestamp};

use super::{Seen, Window, percent};
use crate::scenario::value::Number;

/// How many requests may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorClaim {
    /// Mostly 0.
    pub failures: Number,
}

/// What is found of an [`ErrorClaim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorVerdict {
    /// The requests that failed.
    pub failed: u64,
    /// All requests.
    pub total: u64,
    /// Why they failed: how many, and how long after the beginning the first one was.
    pub reasons: BTreeMap<String, (u64, SignedDuration)>,
    /// How many may.
    pub claim: ErrorClaim,
    /// From when to when, for people: `from the action to Healthy`.
    pub span: String,
}

/// The share of requests that one would hate to lose, for the statement what a claim is worth.
const ONE_IN_A_THOUSAND: f64 = 0.001;

impl ErrorClaim {
    /// Holds it against the requests of a window, which is called `span` in the text.
    pub fn judge(self, seen: &[Seen], window: Window, span: &str) -> ErrorVerdict {
        let mut verdict =
            ErrorVerdict { failed: 0, total: 0, reasons: BTreeMap::new(), claim: self, span: span.to_owned() };
        let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
        for one in window.of(seen) {
            verdict.total += 1;
            if let Some(why) = one.failed() {
                verdict.failed += 1;
                // Requests end in another order than they were sent.
                let earliest = first.entry(why.clone()).or_insert_with(|| one.at());
                *earliest = one.at().min(*earliest);
                let since = earliest.duration_since(window.from);
                let (count, at) = verdict.reasons.entry(why).or_insert((0, since));
                (*count, *at) = (*count + 1, since);
            }
        }
        verdict
    }
}

impl ErrorVerdict {
    /// Whether a request was sent at all.
    pub fn is_judged(&self) -> bool {
        self.total > 0
    }

    /// Whether no more failed than may.
    pub fn holds(&self) -> bool {
        self.is_judged() && self.claim.failures.holds(i64::try_from(self.failed).unwrap_or(i64::MAX))
    }

    /// With which probability one failure in a thousand would have gone unseen among so many requests.
    pub fn missed(&self) -> f64 {
        (1.0 - ONE_IN_A_THOUSAND).powf(self.total as f64)
    }
}

impl fmt::Display for ErrorVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, total, claim, span, .. } = self;
        if !self.is_judged() {
            return write!(f, "no request was sent {span}: nothing can be said of failures");
        }
        write!(f, "{failed} of {total} requests failed {span}")?;
        if claim.failures != Number::Eq(0) || *failed > 0 {
            write!(f, ", {} expected", claim.failures)?;
        }
        if *failed == 0 {
            let missed = percent(self.missed());
            write!(f, "; a controller that dropped 1 in 1000 would have been missed with probability {missed}")?;
        }
        for (why, (count, since)) in &self.reasons {
            write!(f, "\n  {count} x {why}, the first after {:.1} s", since.as_secs_f64())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Answer, Failure};

    /// One request a millisecond; those of these numbers fail.
    fn seen(count: i64, failed: &[(i64, &str)]) -> Vec<Seen> {
        let one = |n: i64| {
            let (at, took) = (Timestamp::from_millisecond(n).unwrap(), std::time::Duration::ZERO);
            match failed.iter().find(|(which, _)| *which == n) {
                Some((_, "500")) => {
                    Seen::Answer(Answer { at, took, status: 500, colour: "red".into(), host: "a".into() })
                }
                Some((_, why)) => Seen::Failure(Failure { at, took, why: (*why).to_owned() }),
                None => Seen::Answer(Answer { at, took, status: 200, colour: "red".into(), host: "a".into() }),
            }
        };
        let mut seen: Vec<Seen> = (0..count).map(one).collect();
        seen.reverse();
        seen
    }

    fn judge(failures: Number, seen: &[Seen], from: i64, to: i64) -> ErrorVerdict {
        let at = |n| Timestamp::from_millisecond(n).unwrap();
        ErrorClaim { failures }.judge(seen, Window { from: at(from), to: at(to) }, "from the action to Healthy")
    }

    #[test]
    fn none_failed() {
        let verdict = judge(Number::Eq(0), &seen(6000, &[(300, "timeout"), (5800, "timeout")]), 500, 5730);
        assert!(verdict.holds());
        insta::assert_snapshot!(verdict, @"0 of 5230 requests failed from the action to Healthy; a controller that dropped 1 in 1000 would have been missed with probability 0.5%");
    }

    #[test]
    fn some_failed() {
        let refused = "dial: connect: connection refused";
        let all = seen(2000, &[(1200, refused), (1100, "500"), (1700, refused)]);
        let verdict = judge(Number::Eq(0), &all, 1000, 2000);
        assert!(!verdict.holds());
        insta::assert_snapshot!(verdict, @r"
        3 of 1000 requests failed from the action to Healthy, 0 expected
          2 x dial: connect: connection refused, the first after 0.2 s
          1 x status 500, the first after 0.1 s
        ");
        assert!(judge(Number::Le(3), &all, 1000, 2000).holds());
        assert!(!judge(Number::Gt(3), &all, 1000, 2000).holds());
    }

    #[test]
    fn no_request_proves_nothing() {
        let verdict = judge(Number::Eq(0), &seen(10, &[]), 500, 600);
        assert!(!verdict.holds());
        insta::assert_snapshot!(verdict, @"no request was sent from the action to Healthy: nothing can be said of failures");
    }

    #[test]
    fn what_a_claim_is_worth() {
        let missed = |count| judge(Number::Eq(0), &seen(count, &[]), 0, count).missed();
        assert!((missed(1) - 0.999).abs() < 1e-9);
        assert!((missed(5230) - 0.005_339_534_8).abs() < 1e-9);
    }
}
