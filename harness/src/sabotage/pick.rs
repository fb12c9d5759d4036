//! Which breaks are made.

use std::collections::BTreeMap;

use crate::scenario::{Family, LoadedBreak, Scenario};

/// A break, and the scenario with it.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The id of the scenario as it is.
    pub of: String,
    /// The break.
    pub by: LoadedBreak,
    /// The names of the steps.
    pub steps: Vec<String>,
    /// Bugs that are known on some releases: where one shows, the scenario is red without a break.
    pub known: Vec<crate::scenario::LoadedKnown>,
    /// The scenario with the break.
    pub scenario: Scenario,
}

/// All breaks of these files; and the files that have none.
pub fn all(families: &[Family]) -> (Vec<Broken>, Vec<String>) {
    let mut broken = Vec::new();
    let mut without: BTreeMap<&str, bool> = BTreeMap::new();
    for scenario in families.iter().flat_map(|family| &family.scenarios) {
        *without.entry(scenario.family()).or_insert(true) &= scenario.breaks.is_empty();
        broken.extend(scenario.breaks.iter().map(|by| Broken {
            of: scenario.id.clone(),
            by: by.clone(),
            steps: scenario.steps.iter().map(|step| step.name.clone()).collect(),
            known: scenario.known.clone(),
            scenario: by.made_in(scenario),
        }));
    }
    let without = without.into_iter().filter(|(_, none)| *none).map(|(id, _)| id.to_owned());
    (broken, without.collect())
}

/// `count` of them, by chance; the same for the same seed.
pub fn sample(mut broken: Vec<Broken>, count: usize, seed: u64) -> Vec<Broken> {
    let mut places: Vec<usize> = (0..broken.len()).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut places);
    places.truncate(count);
    let mut place = 0..;
    broken.retain(|_| place.next().is_some_and(|place| places.contains(&place)));
    broken
}
