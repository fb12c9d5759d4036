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

/// A share as people write it: `20%`, `20.6%`, `0.05%`.
fn percent(share: f64) -> String {
    let hundredths = share * 100.0;
    let digits = match hundredths {
        x if x == 0.0 || x >= 0.95 => 1,
        x if x >= 0.01 => 2,
        _ => return "less than 0.01%".into(),
    };
    let text = format!("{hundredths:.digits$}");
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}
