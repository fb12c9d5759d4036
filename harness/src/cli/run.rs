//! `proofroll guide` and `proofroll run`: which scenarios.

use std::{collections::BTreeSet, path::Path};

use super::{
    args::{Guide, Run, Running, Try},
    exit::{Exit, Fault},
    session::Session,
    terminal::Detail,
};
use crate::{
    report::v1,
    run::wish::DriverName,
    scenario::{Family, Library, Scenario, generate},
};

/// The scenario of the main job.
const GUIDE: &str = "guide/canary-basic";
/// What more is to be seen of the same walk where pods are real.
const GUIDE_SUITE: &str = "guide/";

/// `proofroll guide`
///
/// # Errors
/// When there is nothing to run on.
pub fn guide(arguments: &Guide) -> Result<Exit, Fault> {
    guide_session(arguments)?.run()
}

/// The guide, ready to be run; and, on clusters that can do it, what more is to be seen of it there.
pub(super) fn guide_session(arguments: &Guide) -> Result<Session, Fault> {
    let library = library(&arguments.running)?;
    let capabilities = arguments.running.cluster.capabilities();
    let mut scenarios = vec![library.load(GUIDE).map_err(Fault::input)?];
    for id in library.ids().iter().filter(|id| id.starts_with(GUIDE_SUITE) && *id != GUIDE) {
        let more = library.load(id).map_err(Fault::input)?;
        if more.needs.iter().all(|need| capabilities.set.contains(need)) {
            scenarios.push(more);
        }
    }
    // Its Rollouts have nothing that our drawing leaves out.
    let running = Running { views: arguments.running.driver == DriverName::Plugin, ..arguments.running.clone() };
    Ok(Session { junit: arguments.junit.clone(), ..alone(scenarios, &library, &running) })
}

/// Scenarios one after the other, shown in full.
fn alone(scenarios: Vec<Scenario>, library: &Library, running: &Running) -> Session {
    let left_out = if running.report.is_some() { left_out(library, &scenarios) } else { Vec::new() };
    let detail = detail(running, 1);
    let running = running.clone();
    Session {
        scenarios,
        left_out,
        whole: false,
        jobs: 1,
        until_fail: false,
        detail,
        running,
        conformance_report: None,
        junit: None,
    }
}

/// `proofroll run`
///
/// # Errors
/// When a filter finds nothing, a file is no scenario, or there is nothing to run on.
pub fn run(arguments: &Run) -> Result<Exit, Fault> {
    let library = library(&arguments.running)?;
    let chosen: Vec<Scenario> = choose(&library, &arguments.what)?.into_iter().flat_map(|f| f.scenarios).collect();
    let times = arguments.until_fail.unwrap_or(arguments.repeat);
    let detail = detail(&arguments.running, chosen.len() * times);
    let repeated = (0..times).flat_map(|_| chosen.iter().cloned());
    let scenarios = repeated.collect();
    let until_fail = arguments.until_fail.is_some();
    let told = arguments.running.report.is_some() || arguments.conformance_report.is_some();
    // To read all scenarios takes a while.
    let left_out = if told && !arguments.what.is_empty() { left_out(&library, &chosen) } else { Vec::new() };
    let whole = arguments.what.is_empty() && arguments.running.fixtures.is_none();
    let Run { jobs, running, conformance_report, junit, .. } = arguments.clone();
    Session { scenarios, left_out, whole, jobs, until_fail, detail, running, conformance_report, junit }.run()
}

/// The scenarios of the library that are not among `chosen`.
fn left_out(library: &Library, chosen: &[Scenario]) -> Vec<v1::LeftOut> {
    let chosen: BTreeSet<_> = chosen.iter().map(|scenario| scenario.id.as_str()).collect();
    let all = library.load_all().into_iter().filter_map(|(_, family)| family.ok()).flat_map(|f| f.scenarios);
    let left = all.filter(|scenario| !chosen.contains(scenario.id.as_str()));
    left.map(|s| v1::LeftOut { id: s.id, profile: s.profile, features: s.features }).collect()
}

fn library(running: &Running) -> Result<Library, Fault> {
    Library::open(running.fixtures.as_deref()).map_err(Fault::input)
}

fn detail(running: &Running, scenarios: usize) -> Detail {
    match (scenarios, running.quiet) {
        (0 | 1, false) => Detail::Full,
        (0 | 1, true) => Detail::Steps,
        _ => Detail::Scenarios,
    }
}

/// `proofroll try`
///
/// # Errors
/// When the manifest can't be tried, or there is nothing to run on.
pub fn try_out(arguments: &Try) -> Result<Exit, Fault> {
    let library = library(&arguments.running)?;
    let generated = generate(&library, &arguments.file).map_err(Fault::input)?;
    if arguments.print {
        anstream::print!("{}", generated.yaml);
        return Ok(Exit::Passed);
    }
    alone(vec![generated.scenario], &library, &arguments.running).run()
}

/// The scenarios that `what` names: files, whole ids, or parts of ids; `ID[CASE]` is one case of a file that
/// has several. Nothing named: all.
pub(super) fn choose(library: &Library, what: &[String]) -> Result<Vec<Family>, Fault> {
    let ids = library.ids();
    let mut chosen = Vec::new();
    let load = |id: &str| library.family(id).map_err(Fault::input);
    if what.is_empty() {
        return ids.iter().map(|id| load(id)).collect();
    }
    for name in what {
        let (id, case) = name.split_once('[').map_or((name.as_str(), None), |(id, case)| (id, Some(case)));
        if id.ends_with(".yaml") || id.ends_with(".yml") {
            chosen.push(library.load_file(Path::new(name)).map_err(Fault::input)?);
            continue;
        }
        if case.is_some() && ids.iter().any(|known| known == id) {
            chosen.push(load(name)?);
            continue;
        }
        let exact: Vec<_> = ids.iter().filter(|id| *id == name).collect();
        let found = if exact.is_empty() { ids.iter().filter(|id| id.contains(name)).collect() } else { exact };
        if found.is_empty() {
            return Err(Fault::input(NothingFound { name: name.clone(), near: nearest(name, &ids) }));
        }
        for id in found {
            chosen.push(load(id)?);
        }
    }
    Ok(chosen)
}

#[derive(Debug, thiserror::Error)]
#[error("no scenario has `{name}` in its id{}\n(`proofroll list` shows all; a file of your own ends in .yaml)", near.as_ref().map_or_else(String::new, |near| format!(": did you mean `{near}`?")))]
struct NothingFound {
    name: String,
    near: Option<String>,
}

fn nearest(name: &str, ids: &[String]) -> Option<String> {
    let closest = ids.iter().max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)))?;
    (strsim::jaro_winkler(name, closest) > 0.7).then(|| closest.clone())
}
