//! From where on a Service sends requests where it is to send them. A pod is ready some moments before
//! kube-proxy knows of it, and it is gone before kube-proxy forgets it: that is no doing of the
//! controller's, and no part of a split.

use std::collections::BTreeSet;

use crate::traffic::Seen;

/// So many answers in a row come from pods that are ready. One that kube-proxy still knows besides five
/// ready ones would be passed over with probability (5/6)^60, 1 in 56,000.
const IN_A_ROW: usize = 60;

/// The place in `seen` from where on requests count; None if it is not reached yet. Each of `wanted` has
/// answered before it, and the last answers before it came from `ready` pods only. It depends on nothing that
/// comes behind it, so what comes is not biased by having waited for it.
pub(super) fn settled(seen: &[Seen], wanted: &BTreeSet<&str>, ready: &BTreeSet<&str>) -> Option<usize> {
    let mut answered = BTreeSet::new();
    let mut in_a_row = 0;
    for (index, one) in seen.iter().enumerate() {
        let Seen::Answer(answer) = one else {
            in_a_row = 0;
            continue;
        };
        answered.insert(answer.host.as_str());
        in_a_row = if ready.contains(answer.host.as_str()) { in_a_row + 1 } else { 0 };
        if in_a_row >= IN_A_ROW && wanted.is_subset(&answered) {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::traffic::{Answer, Failure};

    fn answers(host: &str, count: usize) -> impl Iterator<Item = Seen> {
        let answer = Seen::Answer(Answer {
            at: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            status: 200,
            colour: "blue".into(),
            host: host.into(),
        });
        std::iter::repeat_n(answer, count)
    }

    #[test]
    fn each_wanted_pod_has_answered_and_no_other_did_lately() {
        let (wanted, ready) = (BTreeSet::from(["new"]), BTreeSet::from(["new", "old"]));
        let mut seen: Vec<Seen> = answers("old", 100).collect();
        assert_eq!(settled(&seen, &wanted, &ready), None, "the new pod has not answered");
        seen.extend(answers("new", 1));
        assert_eq!(settled(&seen, &wanted, &ready), Some(101));
        seen.splice(100..100, answers("gone", 1));
        assert_eq!(settled(&seen, &wanted, &ready), None, "one that is not ready has answered just now");
        seen.extend(answers("old", 60));
        assert_eq!(settled(&seen, &wanted, &ready), Some(161), "60 answers after it");
    }

    #[test]
    fn a_failure_begins_anew() {
        let wanted = BTreeSet::from(["a"]);
        let mut seen: Vec<Seen> = answers("a", 59).collect();
        let (at, took) = (Timestamp::UNIX_EPOCH, Duration::ZERO);
        seen.push(Seen::Failure(Failure { at, took, why: "timeout".into() }));
        seen.extend(answers("a", 59));
        assert_eq!(settled(&seen, &wanted, &wanted), None);
        seen.extend(answers("a", 1));
        assert_eq!(settled(&seen, &wanted, &wanted), Some(120));
    }
}
