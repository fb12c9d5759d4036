//! Weights as whole numbers of pods.

/// Percent: what stands for all traffic of a basic canary.
pub(super) const ALL: i64 = 100;

/// The whole number that is nearest to `weight / all` of `pods`; of two that are as near, the higher one.
pub(super) fn nearest(weight: i64, all: i64, pods: i64) -> i64 {
    (2 * weight * pods + all).div_euclid(2 * all)
}

/// `weight / all` of `pods`, rounded up.
pub(super) fn rounded_up(weight: i64, all: i64, pods: i64) -> i64 {
    -(-weight * pods).div_euclid(all)
}

/// `weight / all` of `pods`, rounded down.
pub(super) fn rounded_down(weight: i64, all: i64, pods: i64) -> i64 {
    (weight * pods).div_euclid(all)
}

/// Whether `a` canary pods of `of_a` are at least as near to the weight as `b` pods of `of_b`.
pub(super) fn as_near(weight: i64, (a, of_a): (i64, i64), (b, of_b): (i64, i64)) -> bool {
    let off = |canary: i64, of: i64| (ALL * canary - weight * of).abs();
    off(a, of_a) * of_b <= off(b, of_b) * of_a
}
