//! A step that swaps the controller: nothing may move.

use super::{
    failure,
    reports::fail,
    step::{Ended, Hands},
    trouble::{Trouble, chain},
};
use crate::{
    act::Done,
    expect::Subject,
    parts::Manifests,
    report::v1,
    scenario::{Action, LoadedStep, model::MAIN},
    timeline::Point,
    upgrade::{How, Moved, moved},
};

impl Hands<'_> {
    /// The point before the swap: the controller has looked twice and leaves everything as it is.
    pub(super) async fn still(&self, step: &LoadedStep) -> Result<Point, Trouble> {
        for _ in 0..2 {
            self.fence(&step.on).await?;
        }
        self.timeline.barrier().await?;
        Ok(self.timeline.log().history().end())
    }

    /// Swaps the controller for the one that the stage names, or for a new one of the same release. Answers also from
    /// which resourceVersion on all watches see everything, if new custom resources have cut them off before.
    pub(super) async fn swap_controller(&self, step: &LoadedStep) -> Result<(Done, Option<u64>), Trouble> {
        let name = if let Action::Controller(_, name) = &step.action { name } else { MAIN };
        let Some(own) = self.controller.own(name) else {
            return Err(Trouble::Infra("the controller in the cluster serves others too".into()));
        };
        let (build, kill, renewed) = match self.swap {
            None => (None, false, None),
            Some(swap) => {
                let client = self.plane.client();
                swap.meet(self.id, &client).await.map_err(|why| Trouble::Infra(format!("{}: {why}", step.action)))?;
                let build = swap.to.build(Manifests::namespace_install);
                // Sooner or later the API server cuts the watches of a kind whose definition was applied anew: better now
                // than when the new controller works.
                (build, swap.how == How::Kill, Some(self.timeline.renew().await?))
            }
        };
        let _permit = match self.swap {
            Some(swap) => swap.start_permit().await,
            None => None,
        };
        own.swap(build, kill).await.map_err(|error| Trouble::Infra(format!("{}: {}", step.action, chain(&error))))?;
        let command = match self.swap {
            Some(swap) => format!("kubectl apply -f install.yaml  # {} in place of v{}", swap.to.label, swap.from),
            None => step.action.to_string(),
        };
        Ok((Done { objects: Vec::new(), changed: true, command }, renewed))
    }

    /// Judges that nothing has moved since `still`; `renewed`: from where on the watches must have lost nothing.
    pub(super) fn unmoved(&self, step: &LoadedStep, still: Point, renewed: Option<u64>, ended: &mut Ended) {
        let log = self.timeline.log();
        let history = log.history();
        let end = history.end();
        ended.end = end;
        if let Some(span) = &mut ended.span {
            span.met = end;
        }
        let moves = moved(history, still, end, self.own_writes);
        let gap = history.gaps_between(renewed.unwrap_or(history.rv(still)), history.rv(end)).next();
        let words: Vec<String> = moves.iter().map(|moved| moved.what.clone()).collect();
        let (outcome, detail) = match (words.is_empty(), gap) {
            (false, _) => (v1::Outcome::Broken, words.join("\n")),
            (true, Some(gap)) => (v1::Outcome::NotJudged, format!("the watch on {} lost states", gap.kind)),
            (true, None) => (v1::Outcome::Held, format!("{} writes", end.0 - still.0)),
        };
        let resource_version = moves.first().map(|moved| moved.rv);
        ended.report.claims.push(v1::Claim {
            name: "unmoved".into(),
            claim: "nothing moves while the controller is swapped".into(),
            outcome,
            detail,
            resource_version,
        });
        if words.is_empty() {
            if let Some(gap) = gap
                && ended.trouble.is_none()
            {
                // It is what the step is for: without it nothing is proven.
                ended.report.verdict = v1::Verdict::Error;
                ended.trouble = Some(Trouble::Infra(format!(
                    "whether something moved while the controller was swapped is not known: the watch on {} lost states\n",
                    gap.kind
                )));
            }
            return;
        }
        fail(&mut ended.report, "unmoved", &words.join("\n"), resource_version);
        let mut text = "broken: nothing moves while the controller is swapped\n".to_owned();
        moves.iter().for_each(|Moved { rv, what, .. }| text += &format!("  resourceVersion {rv}: {what}\n"));
        let subject = Subject { rollout: &step.on, release: self.release };
        text += &failure::surroundings(history, still, subject, jiff::Timestamp::now());
        ended.trouble = Some(match ended.trouble.take() {
            Some(trouble) => trouble.with(&text),
            None => Trouble::Conformance(text),
        });
    }
}
