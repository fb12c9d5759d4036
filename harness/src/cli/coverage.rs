//! `proofroll coverage`: what the suite speaks of, and what it does not yet.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;

use super::{
    exit::{Exit, Fault},
    list::line,
    progress::TerminalProgress,
};
use crate::{
    controller::ControllerSpec,
    coverage::{Area, Coverage, Missing, crd_fields, reason, rollout_crd, upstream::Upstream},
    parts::Parts,
    scenario::Library,
};

/// `proofroll coverage`
#[derive(Debug, Clone, Args)]
pub struct CoverageArgs {
    /// Also who names what.
    #[arg(long)]
    pub all: bool,
    /// Compare the list of fields with the CRD of the newest release.
    #[arg(long)]
    pub crd: bool,
    /// Instead, what proves the assertions of upstream's own end-to-end tests: the README's table.
    #[arg(long, conflicts_with_all = ["all", "crd"])]
    pub upstream: bool,
    /// Take scenarios from this directory instead of the ones inside the program.
    #[arg(long, env = "PROOFROLL_FIXTURES", value_name = "DIR")]
    pub fixtures: Option<PathBuf>,
}

/// `proofroll coverage`
///
/// # Errors
/// When a list can't be read, or the release's CRD.
pub(super) fn run(arguments: &CoverageArgs) -> Result<Exit, Fault> {
    let library = Library::open(arguments.fixtures.as_deref()).map_err(Fault::input)?;
    let upstream = Upstream::of(&library).map_err(Fault::input)?;
    if arguments.upstream {
        anstream::print!("{}", upstream.table());
        return Ok(Exit::Passed);
    }
    let coverage = Coverage::of(&library).map_err(Fault::input)?;
    let missing: Missing = library.map("coverage/missing.yaml").map_err(Fault::input)?;
    let mut wrong = coverage.out_of_date(&missing);
    if arguments.crd {
        wrong.extend(other_fields(&coverage)?);
    }
    wrong.extend(upstream.wrong(&library));
    anstream::print!("{}{}", told(&coverage, &missing, arguments.all), upstream.summary());
    for wrong in &wrong {
        anstream::println!("out of date: {wrong}");
    }
    Ok(if wrong.is_empty() { Exit::Passed } else { Exit::Conformance })
}

/// The fields of the newest release's CRD that the list does not have, and the other way round.
fn other_fields(coverage: &Coverage) -> Result<Vec<String>, Fault> {
    let ControllerSpec::Release(release) = ControllerSpec::default() else { return Ok(Vec::new()) };
    let parts = Parts::from_env().map_err(Fault::infra)?;
    let progress = TerminalProgress::new();
    let manifests = parts.manifests(&release, &progress);
    progress.clear();
    let crd = rollout_crd(manifests.map_err(Fault::infra)?.crds()).map_err(Fault::infra)?;
    let there = crd_fields(&crd);
    let listed: Vec<_> =
        coverage.entries.iter().filter(|(area, ..)| *area == Area::Fields).map(|(_, e, _)| e).collect();
    let new = there.iter().filter(|field| !listed.contains(field));
    let gone = listed.iter().filter(|field| !there.contains(field));
    let new = new.map(|field| format!("fields: the CRD of v{release} has `{field}`, fields.yaml has not"));
    Ok(new.chain(gone.map(|field| format!("fields: the CRD of v{release} has no `{field}`"))).collect())
}

/// The figures, then what is missing by its reason; with `all` who names what.
fn told(coverage: &Coverage, missing: &Missing, all: bool) -> String {
    let mut text = String::new();
    for area in Area::ALL {
        let of: Vec<_> = coverage.entries.iter().filter(|(a, ..)| *a == area).collect();
        let named = of.iter().filter(|(_, _, by)| !by.is_empty()).count();
        line(&mut text, format_args!("{:12} {named} of {} are named by a scenario", area.name(), of.len()));
        for (_, entry, by) in of.iter().filter(|_| all) {
            line(&mut text, format_args!("  {entry}  {}", if by.is_empty() { "-".into() } else { by.join(", ") }));
        }
    }
    let mut by_reason: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for (area, entry) in coverage.open() {
        let (key, why) = reason(missing, area, entry).unwrap_or((entry, "not in missing.yaml"));
        let keys = by_reason.entry(why).or_default();
        let key = format!("{} {key}", area.name());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for (why, keys) in by_reason {
        line(&mut text, format_args!("\nmissing: {why}"));
        keys.iter().for_each(|key| {
            let _ = writeln!(text, "  {key}");
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text() {
        let entries = vec![
            (Area::Fields, "canary.a".to_owned(), vec!["x/one".to_owned(), "x/two".to_owned()]),
            (Area::Fields, "canary.router.a".to_owned(), vec![]),
            (Area::Fields, "canary.router.b".to_owned(), vec![]),
            (Area::Events, "RolloutPaused".to_owned(), vec![]),
        ];
        let missing = serde_json::json!({"fields": {"canary.router": "comes later"}});
        let missing: Missing = serde_json::from_value(missing).unwrap();
        insta::assert_snapshot!(told(&Coverage { entries }, &missing, true));
    }
}
