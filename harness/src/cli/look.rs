//! The commands that only look: scenarios, parts, the machine, schemas.

use semver::Version;

use super::{
    args::{Explain, List, Schema, SchemaOf},
    doctor,
    exit::{Exit, Fault},
    explain, features, list as scenarios,
    parts::{self, PartsCommand},
    progress::TerminalProgress,
    run::choose,
};
use crate::{
    controller::ControllerSpec,
    parts::{PartName, PartNames, Parts, kubernetes},
    process::interrupt,
    releases::Range,
    run::wish::Wish,
    scenario::{Gate, Library, Scenario, gate},
};

/// `proofroll list`
pub(super) fn list(arguments: &List) -> Result<Exit, Fault> {
    let library = Library::open(arguments.fixtures.as_deref()).map_err(Fault::input)?;
    let List { cluster: provider, has, probe_image, .. } = arguments.clone();
    let wish = Wish { provider, has, probe_image, ..Wish::default() };
    let capabilities = wish.capabilities();
    let release = match ControllerSpec::default() {
        ControllerSpec::Release(release) => Some(release),
        _ => None,
    };
    let would_run = |scenario: &Scenario| match &release {
        Some(release) => gate(scenario, &capabilities, release),
        None => Gate::Run,
    };
    if arguments.features {
        let known = library.features().map_err(Fault::input)?;
        anstream::print!("{}", features::features(&library.load_all(), known.as_ref()));
        return Ok(Exit::Passed);
    }
    anstream::print!("{}", scenarios::list(&library.load_all(), arguments.cases, would_run));
    Ok(Exit::Passed)
}

/// `proofroll explain`
pub(super) fn explained(arguments: &Explain) -> Result<Exit, Fault> {
    let library = Library::open(arguments.fixtures.as_deref()).map_err(Fault::input)?;
    for family in choose(&library, std::slice::from_ref(&arguments.what))? {
        anstream::print!("{}", explain::family(&family));
    }
    Ok(Exit::Passed)
}

/// `proofroll parts`
pub(super) fn parts(what: &PartsCommand) -> Result<Exit, Fault> {
    let known = Parts::from_env()?;
    let progress = TerminalProgress::new();
    if !matches!(what, PartsCommand::List) {
        interrupt::listen().map_err(Fault::infra)?;
    }
    match what {
        PartsCommand::List => anstream::print!("{}", parts::list(&known)),
        PartsCommand::Build { names, releases, kubernetes } => {
            let names = named(names, releases.as_ref(), kubernetes.as_ref())?;
            let built = parts::build(&known, &names, &progress);
            progress.clear();
            anstream::print!("{}", built?);
        }
        PartsCommand::Export { file, names, releases, kubernetes } => {
            let names = named(names, releases.as_ref(), kubernetes.as_ref())?;
            let exported = parts::export(&known, &names, file, &progress);
            progress.clear();
            anstream::print!("{}", exported?);
        }
        PartsCommand::Import { file } => {
            let imported = parts::import(&known, file, &progress);
            progress.clear();
            anstream::print!("{}", imported?);
        }
        PartsCommand::Path { names } => {
            let paths = parts::paths(&known, &PartNames::flatten(names), &progress);
            progress.clear();
            anstream::print!("{}", paths?);
        }
        PartsCommand::Entry { names } => anstream::print!("{}", parts::entries(&PartNames::flatten(names))?),
    }
    Ok(Exit::Passed)
}

/// The parts that are named, the controllers of these releases, and the control plane of this Kubernetes.
fn named(names: &[PartNames], releases: Option<&Range>, kubernetes: Option<&Version>) -> Result<Vec<PartName>, Fault> {
    let mut names = PartNames::flatten(names);
    let mut more = Vec::new();
    if let Some(releases) = releases {
        more.extend(releases.chosen().map_err(Fault::input)?.into_iter().map(PartName::RolloutsController));
    }
    more.extend(kubernetes.into_iter().flat_map(|version| kubernetes::plane(Some(version))));
    if more.is_empty() {
        return Ok(names);
    }
    if names.is_empty() {
        names = PartName::embedded();
    }
    names.extend(more);
    names.sort();
    names.dedup();
    Ok(names)
}

/// `proofroll doctor`
pub(super) fn doctor() -> Result<Exit, Fault> {
    let (text, code) = doctor::run(&Parts::from_env()?);
    anstream::print!("{text}");
    Ok(if code == 0 { Exit::Passed } else { Exit::Infra })
}

/// `proofroll schema`
pub(super) fn schema(arguments: &Schema) -> Result<Exit, Fault> {
    let schema = match arguments.of {
        SchemaOf::Scenario => crate::scenario::schema(),
        SchemaOf::Report => crate::report::schema(),
        SchemaOf::Releases => crate::releases::schema(),
        SchemaOf::Diff => crate::behaviour::schema(),
        SchemaOf::Fleet => crate::upgrade::fleet::report::schema(),
    };
    anstream::println!("{schema:#}");
    Ok(Exit::Passed)
}
