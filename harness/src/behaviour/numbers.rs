//! When two sets of measurements differ, and not only by chance.

use super::result::Ratio;

/// The measurements of one side, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers(Vec<f64>);

impl Numbers {
    /// None of nothing.
    pub(super) fn of(mut all: Vec<f64>) -> Option<Self> {
        all.sort_by(f64::total_cmp);
        (!all.is_empty()).then_some(Self(all))
    }

    pub(super) fn least(&self) -> f64 {
        self.0[0]
    }

    pub(super) fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    pub(super) fn median(&self) -> f64 {
        let (below, above) = (self.0[(self.0.len() - 1) / 2], self.0[self.0.len() / 2]);
        (below + above) / 2.0
    }

    fn spread(&self) -> f64 {
        self.most() - self.least()
    }

    /// All of them, divided.
    pub(super) fn divided(&self, by: f64) -> Self {
        Self(self.0.iter().map(|number| number / by).collect())
    }

    /// Whether both ranges are further apart than either is wide, and than `floor`. With five runs of each side two
    /// ranges are apart at all by chance once in 126 times, and that far much less often.
    pub(super) fn is_beyond(&self, other: &Self, floor: f64) -> bool {
        let gap = (other.least() - self.most()).max(self.least() - other.most());
        gap > self.spread().max(other.spread()).max(floor)
    }

    /// How much more `other` is. Nothing where there is nothing to divide by.
    pub(super) fn ratio_to(&self, other: &Self) -> Option<Ratio> {
        if self.least() <= 0.0 {
            return None;
        }
        Some(Ratio {
            median: other.median() / self.median(),
            least: other.least() / self.most(),
            most: other.most() / self.least(),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same(&[1.0, 1.2], &[1.0, 1.2], 0.0, false)]
    #[case::they_overlap(&[1.0, 1.4], &[1.3, 1.6], 0.0, false)]
    #[case::apart_but_less_than_wide(&[1.0, 1.4], &[1.5, 1.6], 0.0, false)]
    #[case::apart(&[1.0, 1.1], &[1.5, 1.6], 0.0, true)]
    #[case::apart_but_below_the_floor(&[1.0, 1.1], &[1.5, 1.6], 0.5, false)]
    #[case::the_other_way_round(&[9.0, 9.5], &[1.0, 1.5], 1.0, true)]
    fn ranges(#[case] a: &[f64], #[case] b: &[f64], #[case] floor: f64, #[case] beyond: bool) {
        let [a, b] = [a, b].map(|side| Numbers::of(side.to_vec()).unwrap());
        assert_eq!((a.is_beyond(&b, floor), b.is_beyond(&a, floor)), (beyond, beyond));
    }

    #[test]
    fn a_ratio_has_the_spread_of_all_pairs() {
        let [a, b] = [vec![2.0, 1.0, 4.0], vec![6.0, 3.0]].map(|side| Numbers::of(side).unwrap());
        assert_eq!(a.ratio_to(&b), Some(Ratio { median: 2.25, least: 0.75, most: 6.0 }));
        assert_eq!(Numbers::of(vec![0.0]).unwrap().ratio_to(&a), None);
    }
}
