//! One Rollout of the fleet, ready to be played.

use serde_json::Value;

use super::{
    adapt::adapt,
    cell::{Cell, State},
    read::{Input, name},
    strip::strip,
    stub::{Companions, Known, companions},
};
use crate::scenario::Location;

/// One Rollout of the fleet.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub at: Location,
    /// As it is written, without what a cluster adds.
    pub written: Value,
    /// As it is played.
    pub played: Value,
    /// What goes with it.
    pub companions: Companions,
    /// What is played otherwise than it is written.
    pub notes: Vec<String>,
    /// Why it never pauses, if so.
    pub never_pauses: Option<String>,
}

/// Makes what was read ready to be played; more than `most` replicas are played as so many.
pub fn members(input: &Input, most: u32) -> Vec<Member> {
    let known = Known::of(&input.others);
    let member = |found: &super::read::Found| {
        let (namespace, name) = name(&found.object);
        let written = strip(&found.object);
        let adapted = adapt(&written, most);
        let companions = companions(&adapted.rollout, &known);
        let notes = adapted.notes.iter().chain(&companions.notes).cloned().collect();
        Member {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            at: found.at.clone(),
            written,
            played: adapted.rollout,
            companions,
            notes,
            never_pauses: adapted.never_pauses,
        }
    };
    input.rollouts.iter().map(member).collect()
}

impl Member {
    /// `prod/web`
    pub fn label(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// It in a state; None if it never is in that.
    pub fn cell(&self, state: State) -> Option<Cell> {
        if state == State::Paused && self.never_pauses.is_some() {
            return None;
        }
        Some(Cell {
            rollout: self.played.clone(),
            companions: self.companions.clone(),
            state,
            // Once is enough.
            admission: (state == State::Healthy).then(|| self.written.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Text;

    /// What kubectl printed on a plane, with all that a live object carries.
    #[test]
    fn an_export_of_a_cluster_can_be_played() {
        let mut input = Input::default();
        input.add(&Text::new("live.yaml", include_str!("../../../tests/fleet/live.yaml"))).unwrap();
        let played = members(&input, 3).into_iter().map(|member| {
            let Companions { namespaced, shared, .. } = &member.companions;
            let objects =
                namespaced.iter().chain(shared).map(|object| format!("\n  with {object}")).collect::<String>();
            format!("{} ({})\n  {}{objects}\n  {:?}", member.label(), member.at, member.played, member.notes)
        });
        insta::assert_snapshot!(played.collect::<Vec<_>>().join("\n"));
    }
}
