//! Random numbers whose stream never changes: a seed that somebody wrote down must make the same
//! scenarios years later.
//!
//! `SplitMix64` is ten lines and its numbers are published. A crate's stream may change with a new
//! version: that of `fastrand` did from 2.0 to 2.1.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of one case of a seed; it does not depend on the cases before it.
    pub fn of_case(seed: u64, case: u64) -> Self {
        let start = Self(seed).number();
        Self(Self(start.wrapping_add(case)).number())
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to `to`, both in.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        let span = u128::from(to - from) + 1;
        let offset = (u128::from(self.number()) * span) >> 64;
        from + u32::try_from(offset).unwrap_or(0)
    }

    /// True in so many of 100 cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.between(0, 99) < percent
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let last = u32::try_from(from.len() - 1).unwrap_or(0);
        from[self.between(0, last) as usize].clone()
    }

    /// One of these, each as often as its number says.
    pub fn weighted<T: Clone>(&mut self, from: &[(u32, T)]) -> T {
        let all: u32 = from.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(1, all);
        for (weight, what) in from {
            if left <= *weight {
                return what.clone();
            }
            left -= weight;
        }
        from[from.len() - 1].1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that the algorithm's author publishes for seed 1234567.
    #[test]
    fn the_published_numbers() {
        let mut random = Random(1_234_567);
        let numbers: Vec<u64> = (0..5).map(|_| random.number()).collect();
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn a_case_does_not_depend_on_the_others() {
        let first = |seed, case| Random::of_case(seed, case).number();
        assert_eq!(first(1, 5), first(1, 5));
        let mut seen: Vec<_> = (0..20).flat_map(|seed| (0..50).map(move |case| first(seed, case))).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn everything_between_is_met() {
        let mut random = Random(1);
        let mut met = [0; 4];
        (0..1000).for_each(|_| met[random.between(3, 6) as usize - 3] += 1);
        assert!(met.iter().all(|times| *times > 200), "{met:?}");
        let mut random = Random(1);
        let heads = (0..1000).filter(|_| random.chance(10)).count();
        assert!((60..140).contains(&heads), "{heads}");
        let kinds = (0..1000).map(|_| random.weighted(&[(9, 'a'), (1, 'b')])).filter(|kind| *kind == 'b').count();
        assert!((60..140).contains(&kinds), "{kinds}");
    }
}
