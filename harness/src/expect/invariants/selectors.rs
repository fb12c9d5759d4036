//! Service selectors: nobody is sent where there are no pods.
//!
//! The preview and the canary Service may select a ReplicaSet without pods, and may stay there after an
//! abort: nothing is claimed of them.

use std::collections::BTreeSet;

use super::{
    Judgement,
    ground::{Ground, SpecsInFlight},
};
use crate::rollout::Rollout;

/// The Service that users of this Rollout are sent through, and whether its ReplicaSet must stay up.
fn serves(rollout: &Rollout) -> Option<(&str, bool)> {
    if let Some(blue_green) = &rollout.spec.blue_green {
        return Some((&blue_green.active_service, true));
    }
    let canary = rollout.spec.canary.as_ref()?;
    // A basic canary at 100% has no stable pod, and dynamicStableScale lowers stable with its traffic.
    let stays = canary.traffic_routing.is_some() && !canary.dynamic_stable_scale;
    Some((&canary.stable_service, stays))
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut specs = SpecsInFlight::default();
    // uids of ReplicaSets that ever had a pod.
    let mut had_pods: BTreeSet<String> = BTreeSet::new();
    ground.each(|step| {
        if let Some(rollout) = step.entry.object.rollout() {
            specs.note(rollout);
        }
        if let Some(set) = step.entry.object.replica_set().filter(|set| set.current > 0) {
            had_pods.insert(set.metadata.uid.clone());
        }
        if step.entry.deleted || ground.own_writes.contains(&step.entry.rv) {
            return;
        }
        let Some(service) = step.entry.object.service() else { return };
        let before = step.before.and_then(|object| object.service()).and_then(|service| service.selected_hash());
        let Some(hash) = service.selected_hash().filter(|hash| before != Some(*hash)) else { return };
        let name = &service.metadata.name;
        for rollout in step.world.rollouts().filter(|r| serves(r).is_some_and(|(service, _)| service == name)) {
            // None are wanted: there are none.
            if specs.of(rollout).any(|spec| spec.spec.replicas == 0) {
                continue;
            }
            judgement.judged += 1;
            let set = step.world.replica_sets(&rollout.metadata.uid).find(|set| set.hash() == hash);
            let wrong = match set {
                None => "which no ReplicaSet has".to_owned(),
                Some(set) if !had_pods.contains(&set.metadata.uid) => {
                    format!("but {} never had a pod", set.metadata.name)
                }
                Some(_) => continue,
            };
            judgement.violate(step.entry.rv, format!("the Service {name} now selects {hash}, {wrong}"));
        }
    });
    ground.each_scaling(|scaling| {
        let Some((service, true)) = serves(scaling.rollout) else { return };
        let hash = scaling.world.service(service).and_then(|service| service.selected_hash());
        let wanted = scaling.specs.iter().all(|spec| spec.spec.replicas > 0);
        if hash != Some(scaling.set.hash()) || !wanted {
            return;
        }
        judgement.judged += 1;
        if scaling.set.asked() == 0 && scaling.was > 0 {
            let name = &scaling.set.metadata.name;
            judgement.violate(scaling.rv, format!("{name} was scaled to 0 while the Service {service} selects it"));
        }
    });
    judgement
}
