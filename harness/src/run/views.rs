//! After a step: does the plugin show what is drawn here?
//!
//! It reads live, and all it prints may be of another moment. So the two are compared only where nothing that they show
//! was written between a barrier before the plugin's calls and one after them; else it is asked again.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    reports::fail,
    step::{Ended, Hands},
    trouble::Trouble,
};
use crate::{
    act::{ActError, plugin::Plugin},
    report::v1,
    scenario::LoadedStep,
    timeline::{History, Kind, marker::MARKER},
    timeouts::scaled,
    view::{self, ListRow, Style},
};

/// How long a state is waited for that stands still while the plugin looks at it.
const STILL_WITHIN: Duration = Duration::from_secs(15);

/// What the tree and the list show.
const SHOWN: [Kind; 5] = [Kind::Rollout, Kind::ReplicaSet, Kind::Pod, Kind::Experiment, Kind::AnalysisRun];

impl Hands<'_> {
    /// Has the plugin show the step's Rollout, and holds it against our own drawing.
    ///
    /// # Errors
    /// If the plugin can't be run, or a barrier can't be reached.
    pub(super) async fn views(&self, step: &LoadedStep, ended: &mut Ended) -> Result<(), Trouble> {
        let Some(plugin) = self.driver.plugin() else { return Ok(()) };
        let Some((outcome, detail, at)) = self.compared(plugin, &step.on).await? else { return Ok(()) };
        if outcome == v1::Outcome::Broken {
            fail(&mut ended.report, "views", &detail, Some(at));
            ended.trouble = Some(Trouble::Conformance(detail.clone()));
        }
        ended.report.claims.push(v1::Claim {
            name: "views".into(),
            claim: format!(
                "the plugin's `get rollout {0}` and `list rollouts --name {0}` show what is drawn here",
                step.on
            ),
            outcome,
            detail,
            resource_version: (outcome == v1::Outcome::Broken).then_some(at),
        });
        Ok(())
    }

    /// None where there is no Rollout to show.
    async fn compared(&self, plugin: &Plugin, on: &str) -> Result<Option<(v1::Outcome, String, u64)>, Trouble> {
        let kubeconfig = self.plane.dir().kubeconfig();
        let deadline = Instant::now() + scaled(STILL_WITHIN);
        let mut asked = 0;
        loop {
            self.timeline.barrier().await?;
            let (stood, ours) = {
                let log = self.timeline.log();
                let world = log.history().last();
                let (Some(info), Some(rollout)) = (world.info(on), world.rollout(on)) else { return Ok(None) };
                let tree = view::tree(&info, Timestamp::now(), Style::Plain);
                (newest(log.history()), [tree, view::list(&[ListRow::new(rollout)])])
            };
            let tree = self.shown(plugin, &kubeconfig, &["get", "rollout", on, "--no-color"]).await?;
            let list = self.shown(plugin, &kubeconfig, &["list", "rollouts", "--name", on]).await?;
            self.timeline.barrier().await?;
            asked += 1;
            if newest(self.timeline.log().history()) == stood {
                let (outcome, detail) = held_against(&[tree, list], &ours);
                return Ok(Some((outcome, detail, stood)));
            }
            if Instant::now() >= deadline {
                let detail = format!("asked {asked} times, and each time something moved meanwhile");
                return Ok(Some((v1::Outcome::NotJudged, detail, stood)));
            }
        }
    }

    /// What a call of the plugin prints; if it fails, what it says then.
    async fn shown(&self, plugin: &Plugin, kubeconfig: &std::path::Path, words: &[&str]) -> Result<String, ActError> {
        let said = plugin.call(self.place(kubeconfig), words).await?;
        Ok(if said.status.success() { said.out } else { format!("{}{} ({})", said.out, said.err, said.status) })
    }
}

/// The resourceVersion of the newest write to something that is shown.
fn newest(history: &History) -> u64 {
    let shown = history.entries().iter().rev().find(|e| SHOWN.contains(&e.kind()) && e.object.name != MARKER);
    shown.map_or(0, |entry| entry.rv)
}

/// Compares line by line, ages aside.
fn held_against(theirs: &[String; 2], ours: &[String; 2]) -> (v1::Outcome, String) {
    let lines = |texts: &[String; 2]| -> Vec<String> {
        texts.iter().flat_map(|text| view::without_ages(text).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let (theirs, ours) = (lines(theirs), lines(ours));
    if theirs == ours {
        return (v1::Outcome::Held, format!("{} lines, ages aside", ours.len()));
    }
    let mut text = "the plugin shows something else than is drawn here (ages aside):\n".to_owned();
    for index in 0..theirs.len().max(ours.len()) {
        let line = |lines: &[String]| lines.get(index).map_or_else(|| "no line".to_owned(), |line| format!("|{line}|"));
        let (theirs, ours) = (line(&theirs), line(&ours));
        if theirs != ours {
            text += &format!("  line {}\n    plugin  {theirs}\n    here    {ours}\n", index + 1);
        }
    }
    (v1::Outcome::Broken, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_its_blanks() {
        let (ours, theirs) = ("NAME  AGE  INFO\na     1s   x\n", "NAME  AGE   INFO\na     119s  y \n");
        let list = || "NAME\n".to_owned();
        let (outcome, detail) = held_against(&[theirs.into(), list()], &[ours.into(), list()]);
        assert_eq!(outcome, v1::Outcome::Broken);
        insta::assert_snapshot!(detail, @r"
        the plugin shows something else than is drawn here (ages aside):
          line 2
            plugin  |a     y |
            here    |a     x|
        ");
        let (outcome, detail) = held_against(&[ours.into(), list()], &[ours.replace("1s ", "22s"), list()]);
        assert_eq!((outcome, detail.as_str()), (v1::Outcome::Held, "3 lines, ages aside"));
        let (outcome, detail) = held_against(&[String::new(), list()], &[ours.into(), list()]);
        assert_eq!(outcome, v1::Outcome::Broken);
        assert!(detail.contains("plugin  no line"), "{detail}");
    }
}
