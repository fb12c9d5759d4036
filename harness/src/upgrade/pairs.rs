//! From which release to which.

use semver::Version;

/// From one release to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The release before.
    pub from: String,
    /// The release after.
    pub to: String,
}

/// `v1.8.5 -> v1.9.3`
impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// All that are worth a look: each release to the next one, and those that are two minors back to the newest.
pub fn all_pairs(releases: &[Version]) -> Vec<Pair> {
    let pair = |from: &Version, to: &Version| Pair { from: format!("v{from}"), to: format!("v{to}") };
    let mut pairs: Vec<Pair> = releases.windows(2).map(|two| pair(&two[0], &two[1])).collect();
    if let Some(newest) = releases.last() {
        let far = releases.iter().filter(|release| (release.major, release.minor + 1) < (newest.major, newest.minor));
        pairs.extend(far.map(|release| pair(release, newest)));
        pairs.dedup();
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_long_jumps() {
        let releases = ["1.7.2", "1.8.5", "1.9.3", "1.10.0", "1.10.2"].map(|release| release.parse().unwrap());
        let pairs: Vec<_> = all_pairs(&releases).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(pairs.join(", "), @"v1.7.2 -> v1.8.5, v1.8.5 -> v1.9.3, v1.9.3 -> v1.10.0, v1.10.0 -> v1.10.2, v1.7.2 -> v1.10.2, v1.8.5 -> v1.10.2");
    }
}
