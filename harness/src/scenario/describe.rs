//! A description of a state in words, one for each demand, as `phase Paused` or `revision 2: 1 pod`.

use std::fmt::{self, Display};

use super::{
    model::{
        ConditionMatch, HashesMatch, ListMatch, Replicas, ReplicasMatch, RevisionMatch, Role, ServiceMatch, StateMatch,
        Traffic, TrafficMatch, WeightMatch,
    },
    value::{ByRelease, Share},
};

impl StateMatch {
    /// What it demands, one text for each demand, in the order of `get rollout`.
    pub fn demands(&self) -> Vec<String> {
        let mut says = Vec::new();
        if let Some(exists) = self.exists {
            says.push(if exists { "the Rollout exists" } else { "the Rollout does not exist" }.to_owned());
        }
        value(&mut says, "phase", self.phase.as_ref());
        if let Some(at_rest) = self.at_rest {
            says.push(if at_rest { "at rest" } else { "not at rest" }.to_owned());
        }
        value(&mut says, "message", self.message.as_ref());
        value(&mut says, "step", self.step.as_ref());
        if let Some(WeightMatch { set, actual }) = &self.weight {
            value(&mut says, "set weight", set.as_ref());
            value(&mut says, "actual weight", actual.as_ref());
        }
        if let Some(images) = &self.images {
            let images: Vec<_> =
                images.iter().map(|(image, roles)| format!("{image}{}", in_parentheses(roles))).collect();
            says.push(format!("images {}", images.join(", ")));
        }
        if let Some(Replicas::Model) = &self.replicas {
            says.push("replicas as the model says".to_owned());
        }
        if let Some(Replicas::Are(ReplicasMatch { desired, current, updated, ready, available })) = &self.replicas {
            let counters = [
                ("desired", desired),
                ("current", current),
                ("updated", updated),
                ("ready", ready),
                ("available", available),
            ];
            counters.iter().for_each(|(name, counter)| value(&mut says, name, counter.as_ref()));
        }
        says.extend(self.revisions.iter().rev().map(|(number, r)| format!("revision {number}: {}", revision(r))));
        says.extend(self.services.iter().map(|(name, s)| format!("Service {name}: {}", service(s))));
        if let Some(list) = &self.list {
            says.push(format!("list row {}", row(list)));
        }
        says.extend(self.conditions.iter().map(|(name, c)| format!("condition {name}: {}", condition(c))));
        let hashes = self.hashes.iter().flat_map(HashesMatch::parts);
        says.extend(hashes.map(|(key, revision)| format!("{key} hash of revision {revision}")));
        says.extend(self.status.iter().map(|status| format!("status {status}")));
        says.extend(self.objects.iter().map(|object| format!("{}: {}", object.subject(), object.demands().join(", "))));
        says.extend(self.event.iter().map(|event| format!("event {event}")));
        says
    }
}

impl TrafficMatch {
    /// What it demands, one text for each demand.
    pub fn demands(&self) -> Vec<String> {
        let mut says = Vec::new();
        if let Some(claim) = self.split_claim() {
            let shares: Vec<_> =
                self.split.iter().rev().map(|(revision, share)| format!("{share} to revision {revision}")).collect();
            let (tolerance, confidence) = (Share(claim.tolerance), Share(claim.confidence));
            says.push(format!(
                "{}, measured over {} requests: {tolerance} off is noticed, with {confidence} confidence",
                shares.join(", "),
                claim.sample_size()
            ));
        }
        says.extend(self.failures.map(|failures| format!("failed until the next action: {failures}")));
        says
    }
}

impl Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        write!(f, "{} requests per second to Service {}{port}{}", self.rate, self.service, self.path)
    }
}

fn value<T: Display>(says: &mut Vec<String>, name: &str, value: Option<&ByRelease<T>>) {
    says.extend(value.map(|value| format!("{name} {value}")));
}

fn in_parentheses(roles: &[Role]) -> String {
    let names: Vec<_> = roles.iter().map(ToString::to_string).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

fn revision(r: &RevisionMatch) -> String {
    let mut says = Vec::new();
    if let Some(exists) = r.exists {
        says.push(if exists { "exists" } else { "does not exist" }.to_owned());
    }
    says.extend(r.role.map(|role| role.to_string()));
    says.extend(r.was.map(|was| format!("the ReplicaSet that was revision {was}")));
    if let Some(scaled_down) = r.scaled_down {
        says.push(if scaled_down { "scaled down" } else { "not scaled down" }.to_owned());
    }
    let counters = [
        ("desired", &r.desired),
        ("pods", &r.pods),
        ("terminating", &r.terminating),
        ("ready", &r.ready),
        ("available", &r.available),
    ];
    counters.iter().for_each(|(name, counter)| value(&mut says, name, counter.as_ref()));
    says.extend(r.image.as_ref().map(|image| format!("image {image}")));
    says.join(", ")
}

fn condition(c: &ConditionMatch) -> String {
    let mut says = Vec::new();
    if let Some(exists) = c.exists {
        says.push(if exists { "exists" } else { "does not exist" }.to_owned());
    }
    says.extend(c.status.map(|status| status.to_string()));
    value(&mut says, "reason", c.reason.as_ref());
    value(&mut says, "message", c.message.as_ref());
    if says.is_empty() { "exists".to_owned() } else { says.join(", ") }
}

fn service(s: &ServiceMatch) -> String {
    let mut says = Vec::new();
    if let Some(exists) = s.exists {
        says.push(if exists { "exists" } else { "does not exist" }.to_owned());
    }
    if let Some(selector) = &s.selector {
        let pairs: Vec<_> = selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
        says.push(format!("selector {}", pairs.join(",")));
    }
    says.extend(s.revision.map(|r| format!("selects revision {r}")));
    says.join(", ")
}

fn row(list: &ListMatch) -> String {
    let columns = [
        ("STRATEGY", &list.strategy),
        ("STATUS", &list.status),
        ("STEP", &list.step),
        ("SET-WEIGHT", &list.set_weight),
        ("READY", &list.ready),
        ("DESIRED", &list.desired),
        ("UP-TO-DATE", &list.up_to_date),
        ("AVAILABLE", &list.available),
    ];
    let written = columns.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
    written.collect::<Vec<_>>().join(", ")
}
