//! The binomial distribution, exactly: sums of its own terms, no approximation by another one.
//!
//! `n` is the number of requests, `p` the probability with which each goes to a revision, `k` how many did.

/// How much a term must add to a sum to be worth adding.
const NEGLIGIBLE: f64 = 1e-18;

/// The probability that exactly `k` of `n` do.
pub fn exactly(n: u64, p: f64, k: u64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p <= 0.0 || p >= 1.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        return if k == certain { 1.0 } else { 0.0 };
    }
    // In logarithms: the number of ways is beyond all numbers, and the probability of one below them.
    let ways = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    (ways + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

/// The logarithm of `n!`.
fn ln_factorial(n: u64) -> f64 {
    if n < 32 {
        return (2..=n).map(|i| (i as f64).ln()).sum();
    }
    // Stirling's series: from here on what follows the last term is less than rounding takes.
    let n = n as f64;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * n * n)) / (n * n)) / n;
    (n + 0.5) * n.ln() - n + 0.5 * std::f64::consts::TAU.ln() + series
}

/// The probability that `k` or fewer of `n` do.
pub fn at_most(n: u64, p: f64, k: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    // The smaller side is summed, from its largest term outwards: no small number is a difference of large ones.
    if (k as f64) < n as f64 * p { tail(n, p, k, Side::Down) } else { 1.0 - tail(n, p, k + 1, Side::Up) }
}

/// The probability that `k` or more of `n` do.
pub fn at_least(n: u64, p: f64, k: u64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k as f64 > n as f64 * p { tail(n, p, k, Side::Up) } else { 1.0 - tail(n, p, k - 1, Side::Down) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Down,
    Up,
}

fn tail(n: u64, p: f64, from: u64, side: Side) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        let inside = if side == Side::Down { certain <= from } else { certain >= from };
        return if inside { 1.0 } else { 0.0 };
    }
    let odds = p / (1.0 - p);
    let (mut k, mut term, mut sum) = (from, exactly(n, p, from), 0.0);
    while k <= n {
        sum += term;
        if term <= sum * NEGLIGIBLE {
            break;
        }
        // Each term from the one beside it.
        match side {
            Side::Down if k == 0 => break,
            Side::Down => {
                term *= k as f64 / (n - k + 1) as f64 / odds;
                k -= 1;
            }
            Side::Up => {
                term *= (n - k) as f64 / (k + 1) as f64 * odds;
                k += 1;
            }
        }
    }
    sum
}

/// Whether `k` of `n` can be, if each does with probability `p`: the two-sided test that rejects at most
/// the share `alpha` of what `p` brings forth, half of it on each side.
pub fn plausible(n: u64, p: f64, k: u64, alpha: f64) -> bool {
    at_most(n, p, k) >= alpha / 2.0 && at_least(n, p, k) >= alpha / 2.0
}

/// All `p` with which `k` of `n` are [`plausible`]: from, to (Clopper and Pearson's interval). With the
/// probability `1 - alpha`, or more, the true one is among them.
pub fn interval(n: u64, k: u64, alpha: f64) -> (f64, f64) {
    let low = if k == 0 { 0.0 } else { bisect(|p| at_least(n, p, k) < alpha / 2.0) };
    let high = if k >= n { 1.0 } else { bisect(|p| at_most(n, p, k) >= alpha / 2.0) };
    (low, high)
}

/// Where between 0 and 1 `below` stops being true.
fn bisect(below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The least and the most of `n` that are [`plausible`]; every number between is.
pub fn plausible_counts(n: u64, p: f64, alpha: f64) -> (u64, u64) {
    let low = first(n, |k| at_most(n, p, k) >= alpha / 2.0);
    let beyond = first(n + 1, |k| at_least(n, p, k) < alpha / 2.0);
    (low, beyond.saturating_sub(1))
}

/// The first of `0..=last` that is `good`, as all after it are.
fn first(last: u64, good: impl Fn(u64) -> bool) -> u64 {
    let (mut from, mut to) = (0, last);
    while from < to {
        let k = from + (to - from) / 2;
        if good(k) {
            to = k;
        } else {
            from = k + 1;
        }
    }
    from
}

/// The probability that a true `q` is taken for `p` by the test of [`plausible`].
pub fn missed(n: u64, p: f64, q: f64, alpha: f64) -> f64 {
    let (low, high) = plausible_counts(n, p, alpha);
    let below = if low == 0 { 0.0 } else { at_most(n, q, low - 1) };
    (1.0 - below - at_least(n, q, high + 1)).max(0.0)
}

/// How many requests it takes to tell `p` from everything that is `tolerance` or more away from it: the
/// test of [`plausible`] then rejects a true `p` with at most the probability `alpha`, and takes such
/// another one for it with at most the probability `beta`. None if nothing is so far away.
pub fn sample_size(p: f64, tolerance: f64, alpha: f64, beta: f64) -> Option<u64> {
    let others: Vec<f64> = [p - tolerance, p + tolerance].into_iter().filter(|q| (0.0..=1.0).contains(q)).collect();
    let enough = |n: u64| others.iter().all(|q| missed(n, p, *q, alpha) <= beta);
    if others.is_empty() || tolerance <= 0.0 || alpha <= 0.0 || beta <= 0.0 {
        return None;
    }
    let mut high = 1;
    while !enough(high) {
        high *= 2;
    }
    let mut low = high / 2;
    // Not every number above the one that is found is enough, for a count jumps; but that one is.
    while low + 1 < high {
        let n = low + (high - low) / 2;
        if enough(n) {
            high = n;
        } else {
            low = n;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    // Known: summed as exact fractions.
    #[rstest]
    #[case(at_most(10, 0.2, 2), 0.6777995264)]
    #[case(at_least(10, 0.2, 6), 0.0063693824)]
    #[case(at_most(2000, 0.2, 330), 3.572254625506389e-05)]
    #[case(at_least(2000, 0.2, 412), 0.2590955522847841)]
    #[case(at_most(5230, 0.001, 0), 0.005339534806769732)]
    #[case(exactly(1000, 0.5, 500), 0.0252250181783608)]
    #[case(exactly(32, 0.5, 16), 601_080_390.0 / 4_294_967_296.0)]
    #[case(at_most(100, 0.8, 60), 3.6084201146408587e-06)]
    #[case(at_least(1000, 0.3, 400), 1.1041298190556822e-11)]
    #[case(at_most(1_000_000, 0.5, 500_000), 0.500_398_942_180)]
    fn known_probabilities(#[case] found: f64, #[case] known: f64) {
        assert!((found / known - 1.0).abs() < 1e-8, "{found} instead of {known}");
    }

    // The second one is in the manual of R's binom.test.
    #[rstest]
    #[case(100, 20, 1e-4, (0.07526406896258209, 0.38663248029001807))]
    #[case(925, 682, 0.05, (0.7076683, 0.7654066))]
    #[case(2000, 412, 1e-4, (0.1721644904221078, 0.24292343780745185))]
    #[case(10, 0, 0.1, (0.0, 0.258_865_550_830_530_6))] // 1 - 0.05^(1/10)
    #[case(10, 10, 0.1, (0.741_134_449_169_469_4, 1.0))]
    fn known_intervals(#[case] n: u64, #[case] k: u64, #[case] alpha: f64, #[case] known: (f64, f64)) {
        let (low, high) = interval(n, k, alpha);
        assert!((low - known.0).abs() < 5e-8 && (high - known.1).abs() < 5e-8, "{low}..{high} instead of {known:?}");
    }

    #[rstest]
    #[case::a_fifth(0.2, 0.1, 1e-4)]
    #[case::half(0.5, 0.1, 1e-4)]
    #[case::a_pod_of_five(0.4, 0.2, 1e-4)]
    #[case::nothing(0.0, 0.1, 1e-4)]
    #[case::all(1.0, 0.05, 1e-3)]
    #[case::close(0.2, 0.01, 1e-2)]
    #[case::only_above(0.05, 0.1, 1e-3)]
    fn a_sample_is_large_enough_and_not_much_larger(#[case] p: f64, #[case] tolerance: f64, #[case] risk: f64) {
        let n = sample_size(p, tolerance, risk, risk).unwrap();
        let missed = |n: u64| {
            let others = [p - tolerance, p + tolerance].into_iter().filter(|q| (0.0..=1.0).contains(q));
            others.map(|q| missed(n, p, q, risk)).fold(0.0, f64::max)
        };
        assert!(missed(n) <= risk, "{n}: {}", missed(n));
        assert!(missed(n * 9 / 10) > risk, "{n}: a tenth less would do: {}", missed(n * 9 / 10));
    }

    #[test]
    fn sizes_that_a_person_has_to_wait_for() {
        assert_eq!(sample_size(0.2, 0.1, 1e-4, 1e-4), Some(1079));
        assert_eq!(sample_size(0.2, 0.2, 1e-4, 1e-4), Some(296));
        assert_eq!(sample_size(0.0, 0.1, 1e-4, 1e-4), Some(88));
        assert_eq!(sample_size(0.5, 0.6, 1e-4, 1e-4), None);
        assert_eq!(sample_size(0.5, 0.0, 1e-4, 1e-4), None);
    }

    /// How often the test calls it wrong, when requests go with probability `q` where `p` is expected.
    fn called_wrong(p: f64, q: f64, n: u64, alpha: f64) -> f64 {
        const RUNS: u32 = 4000;
        let mut random = fastrand::Rng::with_seed(20_261_123);
        let wrong = (0..RUNS).filter(|_| {
            let k = (0..n).filter(|_| random.f64() < q).count() as u64;
            !plausible(n, p, k, alpha)
        });
        f64::from(u32::try_from(wrong.count()).unwrap()) / f64::from(RUNS)
    }

    #[rstest]
    #[case(0.2, 0.1)]
    #[case(0.5, 0.15)]
    #[case(0.8, 0.2)]
    fn simulated_the_rates_are_those_that_are_stated(#[case] p: f64, #[case] tolerance: f64) {
        let risk = 0.05;
        let n = sample_size(p, tolerance, risk, risk).unwrap();
        // Of 4000 runs the share strays by 0.011 once in a thousand times.
        let false_alarms = called_wrong(p, p, n, risk);
        assert!(false_alarms < risk + 0.011, "{n} requests: {false_alarms} false alarms");
        assert!(false_alarms > risk / 4.0, "{n} requests: {false_alarms}: a test that never fires has no power");
        for q in [p - tolerance, p + tolerance] {
            let caught = called_wrong(p, q, n, risk);
            assert!(caught > 1.0 - risk - 0.011, "{n} requests: {q} was caught only with {caught}");
        }
    }

    proptest! {
        #[test]
        fn false_alarms_are_as_rare_as_stated(n in 1u64..300, p in 0.0..=1.0, alpha in 1e-6..0.5) {
            let alarms: f64 = (0..=n).filter(|k| !plausible(n, p, *k, alpha)).map(|k| exactly(n, p, k)).sum();
            prop_assert!(alarms <= alpha * (1.0 + 1e-9), "{alarms}");
        }

        #[test]
        fn counts_and_intervals_say_what_the_test_says(n in 1u64..200, k in 0u64..200, p in 0.001..0.999, alpha in 1e-6..0.5) {
            let k = k.min(n);
            let (least, most) = plausible_counts(n, p, alpha);
            prop_assert_eq!(plausible(n, p, k, alpha), (least..=most).contains(&k));
            let (low, high) = interval(n, k, alpha);
            // On the very edge rounding decides.
            prop_assume!((p - low).abs() > 1e-9 && (p - high).abs() > 1e-9);
            prop_assert_eq!(plausible(n, p, k, alpha), (low..=high).contains(&p));
        }

        #[test]
        fn the_sides_are_the_whole(n in 1u64..2000, k in 0u64..2000, p in 0.0..=1.0) {
            let k = k.min(n);
            let whole = at_most(n, p, k) + at_least(n, p, k) - exactly(n, p, k);
            prop_assert!((whole - 1.0).abs() < 1e-9, "{whole}");
        }
    }
}
