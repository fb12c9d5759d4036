//! Traffic: what a load generator saw of a Service while a scenario ran, and what can be said of it.
//! Pure: knows no cluster.
//!
//! ```text
//! the probe's lines -> Seen (an answer, or a failure) -> a Window of them
//!                        -> SplitClaim: did the requests go where the weights say?
//!                        -> ErrorClaim: did any fail?
//!                        -> draw: the split over time, for people
//! ```
//!
//! The probe (`harness/parts/rollouts-demo/probe.go`) sends each request on a connection of its own, and
//! kube-proxy chooses a pod at random for each connection: so of a revision that has a fifth of the ready
//! pods each request reaches a pod with probability 1/5, whatever became of the others. The counts are
//! binomial, and that is what [`binomial`] tests exactly. (A balancer that takes turns strays less than
//! that: then a false alarm is still rarer than stated.)

pub mod binomial;
mod draw;
mod failures;
mod seen;
mod split;

pub use self::{
    draw::draw,
    failures::{ErrorClaim, ErrorVerdict},
    seen::{Answer, Failure, NotAResult, Page, Revisions, Seen, Window},
    split::{Counts, ShareVerdict, SplitClaim, SplitVerdict},
};

/// A share that was measured, as people write it: `20%`, `20.6%`, `0.05%`; all and nothing only where it is
/// all, or nothing.
fn percent(share: f64) -> String {
    let hundredths = share * 100.0;
    let digits = match hundredths.min(100.0 - hundredths) {
        x if x == 0.0 || x >= 0.095 => 1,
        x if x >= 0.01 => 2,
        _ if share < 0.5 => return "less than 0.01%".into(),
        _ => return "more than 99.99%".into(),
    };
    let text = format!("{hundredths:.digits$}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, "0%")]
    #[case(0.000_05, "less than 0.01%")]
    #[case(0.000_5, "0.05%")]
    #[case(0.002, "0.2%")]
    #[case(0.2, "20%")]
    #[case(0.206, "20.6%")]
    #[case(0.9995, "99.95%")]
    #[case(0.999_95, "more than 99.99%")]
    #[case(1.0, "100%")]
    fn shares_for_people(#[case] share: f64, #[case] text: &str) {
        assert_eq!(percent(share), text);
    }
}
