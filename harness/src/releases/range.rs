//! Which of the pinned releases.

use std::{fmt, str::FromStr};

use semver::{Version, VersionReq};

use crate::{parts::pin, scenario::value::matches};

/// A choice of releases: `>=1.7`, `>=1.8, <1.10`, `v1.8.5`, and several of these divided by `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    written: String,
    any: Vec<VersionReq>,
}

/// A choice of releases that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    /// It cannot be read.
    #[error("`{written}` is no range of releases: {why} (as `>=1.7`, `>=1.8, <1.10`, `v1.8.5 || v1.10.2`)")]
    Unreadable {
        /// What was written.
        written: String,
        /// What the parser says.
        why: String,
    },
    /// No release lies in it.
    #[error("no pinned release is in `{written}`; pinned are {}", pinned.join(", "))]
    Empty {
        /// What was written.
        written: String,
        /// All that are pinned.
        pinned: Vec<String>,
    },
}

impl Range {
    /// The pinned releases in it, oldest first; never none.
    ///
    /// # Errors
    /// When there are none.
    pub fn chosen(&self) -> Result<Vec<Version>, BadRange> {
        self.of(&pin::releases())
    }

    fn of(&self, pinned: &[Version]) -> Result<Vec<Version>, BadRange> {
        let is_in = |release: &&Version| self.any.iter().any(|range| matches(range, release));
        let chosen: Vec<_> = pinned.iter().filter(is_in).cloned().collect();
        if chosen.is_empty() {
            let pinned = pinned.iter().map(|release| format!("v{release}")).collect();
            return Err(BadRange::Empty { written: self.written.clone(), pinned });
        }
        Ok(chosen)
    }
}

impl FromStr for Range {
    type Err = BadRange;

    fn from_str(written: &str) -> Result<Self, BadRange> {
        let one = |text: &str| {
            let text = text.trim();
            // Cargo reads a bare version as "this or a later one that is compatible"; people do not.
            match Version::parse(text.strip_prefix('v').unwrap_or(text)) {
                Ok(exact) => VersionReq::parse(&format!("={exact}")),
                Err(_) => VersionReq::parse(text),
            }
        };
        let any = written.split("||").map(one).collect::<Result<_, _>>();
        let any = any.map_err(|e| BadRange::Unreadable { written: written.to_owned(), why: e.to_string() })?;
        Ok(Self { written: written.to_owned(), any })
    }
}

/// As it was written.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(">=1.7", "1.7.2 1.8.5 1.9.3 1.10.0 1.10.2")]
    #[case(">=1.8, <1.10", "1.8.5 1.9.3")]
    #[case("1.9", "1.9.3 1.10.0 1.10.2")]
    #[case("~1.10", "1.10.0 1.10.2")]
    #[case("v1.8.5", "1.8.5")]
    #[case("1.8.5 || v1.10.2", "1.8.5 1.10.2")]
    fn pinned_releases_are_chosen(#[case] written: &str, #[case] chosen: &str) {
        let pinned: Vec<Version> =
            ["1.7.2", "1.8.5", "1.9.3", "1.10.0", "1.10.2"].map(|release| release.parse().unwrap()).into();
        let found = written.parse::<Range>().unwrap().of(&pinned).unwrap();
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), chosen);
    }

    #[test]
    fn what_is_no_choice_is_explained() {
        insta::assert_snapshot!("newest".parse::<Range>().unwrap_err(), @"`newest` is no range of releases: unexpected character 'n' while parsing major version number (as `>=1.7`, `>=1.8, <1.10`, `v1.8.5 || v1.10.2`)");
        let pinned = [Version::new(1, 10, 2)];
        insta::assert_snapshot!("<1.7".parse::<Range>().unwrap().of(&pinned).unwrap_err(), @"no pinned release is in `<1.7`; pinned are v1.10.2");
    }

    #[test]
    fn the_newest_is_pinned() {
        let all = ">=0".parse::<Range>().unwrap().chosen().unwrap();
        assert_eq!(all.last(), Some(&pin::newest_release()));
    }
}
