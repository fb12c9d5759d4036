//! Upstream bugs over releases: where a scenario says that one shows, and where it does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Column, Matrix};
use crate::{
    report::v1::{self, Verdict},
    scenario::{LoadedKnown, Scenario},
};

/// A bug over the releases of a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vector {
    /// The scenario that knows it.
    pub id: String,
    /// The upstream issue, or where else it is described.
    pub issue: String,
    /// How it shows, in words.
    pub shows: String,
    /// What the scenario says, one for each column.
    pub predicted: Vec<Mark>,
    /// What was seen, one for each column.
    pub found: Vec<Mark>,
}

/// A bug on one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It shows.
    Shows,
    /// It does not.
    Not,
    /// It may show: a race. Only predicted.
    May,
    /// The scenario is not for this release, or could not be run.
    NotRun,
    /// Something else went wrong. Only found.
    Fails,
}

impl Mark {
    /// As it stands in the text.
    pub fn letter(self) -> char {
        match self {
            Self::Shows => 'X',
            Self::Not => '.',
            Self::May => '?',
            Self::NotRun => '-',
            Self::Fails => '!',
        }
    }

    fn allows(self, found: Self) -> bool {
        self == found || found == Self::NotRun || (self == Self::May && matches!(found, Self::Shows | Self::Not))
    }
}

impl Vector {
    /// Whether nothing was found that is not predicted.
    pub fn is_as_predicted(&self) -> bool {
        self.predicted.iter().zip(&self.found).all(|(predicted, found)| predicted.allows(*found))
    }

    /// Whether it shows on some of these releases and not on others.
    pub fn tells_apart(&self) -> bool {
        self.found.contains(&Mark::Shows) && self.found.contains(&Mark::Not)
    }
}

/// The vectors of all that the scenarios know.
pub fn vectors(matrix: &Matrix, scenarios: &[Scenario]) -> Vec<Vector> {
    let of = |scenario: &Scenario| -> Vec<Vector> {
        let of_bug = |known: &LoadedKnown| {
            let marks = matrix.columns.iter().map(|column| column.marks(&scenario.id, known));
            let (predicted, found) = marks.unzip();
            let (id, issue) = (scenario.id.clone(), known.issue.clone());
            Vector { id, issue, shows: known.sign.to_string(), predicted, found }
        };
        // Bugs of an upgrade show where the controller is swapped for another release.
        scenario.known.iter().filter(|known| known.from.is_none()).map(of_bug).collect()
    };
    scenarios.iter().flat_map(of).collect()
}

impl Column {
    /// What is said of a bug on this release, and what was seen.
    fn marks(&self, id: &str, known: &LoadedKnown) -> (Mark, Mark) {
        let Some(report) = &self.report else { return (Mark::NotRun, Mark::NotRun) };
        let run = report.scenarios.iter().find(|scenario| scenario.id == id);
        let Some(run) = run.filter(|run| run.verdict != Verdict::Skip) else { return (Mark::NotRun, Mark::NotRun) };
        // A version that is none is that of nobody's bugs.
        let applies = report.controller.version.parse().is_ok_and(|version| known.applies(&version, None));
        let predicted = match (applies, known.sometimes) {
            (false, _) => Mark::Not,
            (true, true) => Mark::May,
            (true, false) => Mark::Shows,
        };
        (predicted, found(run, known))
    }
}

fn found(run: &v1::Scenario, known: &LoadedKnown) -> Mark {
    let shows = known.sign.to_string();
    let seen = run.known.iter().any(|one| one.issue == known.issue && one.shows == shows && one.seen);
    let is_broken = !run.broken.is_empty() || run.steps.iter().any(|step| !step.broken.is_empty());
    match run.verdict {
        Verdict::Error | Verdict::Skip => Mark::NotRun,
        _ if seen => Mark::Shows,
        // Another bug ended the scenario before.
        Verdict::Known => Mark::NotRun,
        Verdict::Fail if is_broken => Mark::Fails,
        // That it should have shown is the failure.
        Verdict::Pass | Verdict::Fail => Mark::Not,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("XX..", "XX..", true, true)]
    #[case("XX..", "XXX.", false, true)]
    #[case("XX..", "X...", false, true)]
    #[case("??..", ".X..", true, true)]
    #[case("??..", ".!..", false, false)]
    #[case("XXXX", "XXXX", true, false)]
    #[case("XX--", "XX--", true, false)]
    #[case("XX..", "X-.!", false, true)]
    fn predicted_and_found(#[case] said: &str, #[case] seen: &str, #[case] as_predicted: bool, #[case] apart: bool) {
        let marks = |text: &str| -> Vec<Mark> {
            let all = [Mark::Shows, Mark::Not, Mark::May, Mark::NotRun, Mark::Fails];
            text.chars().map(|letter| all.into_iter().find(|mark| mark.letter() == letter).unwrap()).collect()
        };
        let text = String::new;
        let vector = Vector { id: text(), issue: text(), shows: text(), predicted: marks(said), found: marks(seen) };
        assert_eq!((vector.is_as_predicted(), vector.tells_apart()), (as_predicted, apart));
    }
}
