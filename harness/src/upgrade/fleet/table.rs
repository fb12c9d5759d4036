//! What a preflight found, for people.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    compare::Effect,
    report::{CellReport, CellVerdict, FleetReport, FleetTotals, RolloutReport},
};

/// How many untouched Rollouts are still shown line by line.
const LINES: usize = 40;
/// How many moves of a touched one are shown; all are in the report.
const MOVES: usize = 6;
/// How many Rollouts are named by name.
const NAMES: usize = 5;

/// The whole text.
pub fn render(report: &FleetReport) -> String {
    let mut text = String::new();
    let plain = |rollout: &&RolloutReport| {
        rollout.left_out.is_empty() && rollout.cells().iter().all(|(_, cell)| cell.verdict == CellVerdict::Untouched)
    };
    let hidden = if report.rollouts.len() > LINES { report.rollouts.iter().filter(plain).count() } else { 0 };
    let shown: Vec<&RolloutReport> = report.rollouts.iter().filter(|rollout| hidden == 0 || !plain(rollout)).collect();
    let label = |rollout: &RolloutReport| format!("{}/{}", rollout.namespace, rollout.name);
    let mut rows: Vec<[String; 4]> = vec![["ROLLOUT", "HEALTHY", "PAUSED", ""].map(str::to_owned)];
    for rollout in &shown {
        if !rollout.left_out.is_empty() {
            rows[0][3] = "NOT PLAYED".into();
        }
        rows.push([label(rollout), word(&rollout.healthy), word(&rollout.paused), rollout.left_out.join(", ")]);
    }
    if hidden > 0 {
        rows.push([format!("(and {hidden} more)"), "untouched".into(), "untouched".into(), String::new()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    for [rollout, healthy, paused, left_out] in &rows {
        text += format!("{rollout:first$}  {healthy:second$}  {paused:third$}  {left_out}").trim_end();
        text.push('\n');
    }
    // Writing to a String cannot fail.
    for rollout in report.rollouts.iter().filter(|rollout| touched(rollout)) {
        let _ = writeln!(text, "\nTOUCHED {} ({})", label(rollout), rollout.at);
        for (state, cell) in rollout.cells().iter().filter(|(_, cell)| cell.verdict == CellVerdict::Touched) {
            let _ = writeln!(text, "  {state}: {}", effects(cell));
            for moved in cell.moves.iter().take(MOVES) {
                let _ = writeln!(text, "    {moved}");
            }
            if cell.moves.len() > MOVES {
                let _ = writeln!(text, "    ... and {} more", cell.moves.len() - MOVES);
            }
        }
        if let Some(blame) = &rollout.blame {
            let _ = writeln!(text, "  to blame: {}", blame.words);
        }
    }
    let reasons = report.rollouts.iter().flat_map(|rollout| {
        let cells = rollout.cells().into_iter().filter_map(|(state, cell)| Some((state, cell.reason.clone()?)));
        cells.map(|(state, reason)| (format!("{state}: {reason}"), label(rollout))).collect::<Vec<_>>()
    });
    grouped(&mut text, "Not compared", reasons);
    let notes =
        report.rollouts.iter().flat_map(|rollout| rollout.notes.iter().map(|note| (note.clone(), label(rollout))));
    grouped(&mut text, "Played otherwise than written", notes);
    let _ = writeln!(text, "\n{}", totals(report));
    text
}

fn touched(rollout: &RolloutReport) -> bool {
    rollout.cells().iter().any(|(_, cell)| cell.verdict == CellVerdict::Touched)
}

/// As it stands in the table.
fn word(cell: &CellReport) -> String {
    match cell.verdict {
        CellVerdict::Untouched => "untouched".into(),
        CellVerdict::Touched => format!("TOUCHED: {}", effects(cell)),
        CellVerdict::NotCompared => "not compared".into(),
    }
}

fn effects(cell: &CellReport) -> String {
    let all = cell.effects.iter().copied();
    let follows = |effect: Effect| matches!(effect, Effect::Changed | Effect::Other);
    // With a new revision all the rest follows.
    let plain = all.clone().all(follows);
    all.filter(|effect| plain || !follows(*effect)).map(Effect::words).collect::<Vec<_>>().join(", ")
}

/// What is said of several Rollouts is said once.
fn grouped(text: &mut String, title: &str, said: impl Iterator<Item = (String, String)>) {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    said.for_each(|(what, of)| groups.entry(what).or_default().push(of));
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for (what, of) in groups {
        let mut names = of.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
        if of.len() > NAMES {
            names += &format!(" and {} more", of.len() - NAMES);
        }
        let _ = writeln!(text, "  {what} ({names})");
    }
}

/// `3 Rollouts, v1.8.5 -> v1.9.3: 1 would be touched, ...`
fn totals(report: &FleetReport) -> String {
    let FleetTotals { rollouts, touched, untouched, not_compared, partly } = report.totals;
    let mut text = format!(
        "{rollouts} Rollout{}, {} -> {}: {touched} would be touched, {untouched} not",
        if rollouts == 1 { "" } else { "s" },
        report.from.label,
        report.to.label,
    );
    if partly > 0 {
        text += &format!(" ({partly} of them compared in one state only)");
    }
    if not_compared > 0 {
        text += &format!(", {not_compared} COULD NOT BE COMPARED: of these nothing is known");
    }
    format!("{text}; {:.1} s in all", report.seconds)
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::{
        controller::UnderTest,
        upgrade::fleet::{
            Effect, Fate, Touch,
            blame::{Blame, Verdict},
        },
    };

    fn release(version: Version) -> UnderTest {
        UnderTest { label: format!("v{version}"), version, sha256: String::new(), files: None }
    }

    fn rollout(name: &str, healthy: &Fate, paused: &Fate) -> RolloutReport {
        RolloutReport {
            namespace: "prod".into(),
            name: name.into(),
            at: "fleet.yaml:3:5".into(),
            healthy: CellReport::of(healthy),
            paused: CellReport::of(paused),
            blame: None,
            left_out: Vec::new(),
            notes: vec!["timed pauses are played as 1h".into()],
            made_up: Vec::new(),
        }
    }

    fn fleet(rollouts: Vec<RolloutReport>) -> FleetReport {
        let (from, to) = (release(Version::new(1, 8, 5)), release(Version::new(1, 9, 3)));
        FleetReport::new("now".into(), 61.25, &from, &to, rollouts)
    }

    #[test]
    fn the_table() {
        let mut touch = Touch::of(Effect::SpuriousRevision, "ReplicaSet web-1 is made (revision 3)".into());
        (0..8).for_each(|n| touch.add(Touch::of(Effect::PodsReplaced, format!("Pod {n} is deleted"))));
        let why = Fate::NotCompared("no step of its strategy is a pause".into());
        let mut web = rollout("web", &Fate::Touched(touch), &why);
        let words = "spec.strategy.canary.antiAffinity: without it nothing moves".to_owned();
        web.blame = Some(Blame { verdict: Verdict::Needed, parts: Vec::new(), words });
        let mut mesh = rollout("mesh", &Fate::Untouched, &Fate::Untouched);
        mesh.left_out.push("trafficRouting (istio)".into());
        let rollouts = vec![mesh, web, rollout("api", &Fate::Untouched, &why), rollout("lost", &why, &why)];
        insta::assert_snapshot!(render(&fleet(rollouts)));
    }

    #[test]
    fn of_a_large_fleet_only_what_is_not_plain() {
        let mut rollouts: Vec<_> =
            (0..300).map(|n| rollout(&n.to_string(), &Fate::Untouched, &Fate::Untouched)).collect();
        rollouts[7].paused = CellReport::of(&Fate::NotCompared("why".into()));
        insta::assert_snapshot!(render(&fleet(rollouts)), @r"
        ROLLOUT         HEALTHY    PAUSED
        prod/7          untouched  not compared
        (and 299 more)  untouched  untouched

        Not compared:
          paused: why (prod/7)

        Played otherwise than written:
          timed pauses are played as 1h (prod/0, prod/1, prod/2, prod/3, prod/4 and 295 more)

        300 Rollouts, v1.8.5 -> v1.9.3: 0 would be touched, 300 not (1 of them compared in one state only); 61.2 s in all
        ");
    }
}
