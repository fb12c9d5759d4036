//! Which kinds a scenario needs watches on, besides those that are watched always.

use std::collections::BTreeSet;

use kube::Client;
use serde_json::Value;

use super::trouble::{Trouble, chain};
use crate::{
    act::Kinds,
    scenario::{Action, Scenario},
    timeline::{Kind, Watched},
};

/// Finds the kinds that `scenario` names and that are not watched always.
///
/// # Errors
/// If the API server serves no such kind, or one outside namespaces.
pub(super) async fn others(client: &Client, kinds: &Kinds, scenario: &Scenario) -> Result<Vec<Watched>, Trouble> {
    let objects = scenario.states().flat_map(|state| &state.objects).map(|object| object.kind.as_str());
    let mut watched: Vec<Watched> = Vec::new();
    for written in objects.collect::<BTreeSet<_>>() {
        if Kind::ALL.iter().any(|kind| kind.name() == written) {
            continue;
        }
        let resource = kinds.by_name(client, written).await.map_err(|error| Trouble::Infra(chain(&error)))?;
        if !resource.namespaced {
            return Err(Trouble::Infra(format!(
                "the scenario expects something of a {written}, which lives outside namespaces: there other scenarios \
                 would be seen too"
            )));
        }
        let kind = Kind::other(written, &resource.api_version(), &resource.kind, &resource.plural);
        if let Kind::Other(_) = kind
            && watched.iter().all(|watched| watched.kind != kind)
        {
            watched.push(Watched { kind, like: like(scenario, kind) });
        }
    }
    Ok(watched)
}

/// An object of this kind that the scenario applies.
fn like(scenario: &Scenario, kind: Kind) -> Option<Value> {
    let applied = scenario.steps.iter().filter_map(|step| match &step.action {
        Action::Apply(manifests) => Some(manifests),
        _ => None,
    });
    let mut manifests = scenario.given.iter().chain(applied.flatten());
    manifests.find(|m| m.kind == kind.name() && m.api_version == kind.api_version()).map(|m| m.object.clone())
}
