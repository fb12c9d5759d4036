//! Traffic: that it goes to a Service that is there, and that what is claimed of it can be judged.

use super::Faults;
use crate::{
    scenario::{
        fault::one_of,
        manifest::Manifest,
        model::{ScenarioFile, Step, Traffic, TrafficMatch},
        tree::Node,
    },
    traffic::SplitClaim,
};

/// The longest time for which a split is measured, in seconds: more is a slip of the pen.
const LONGEST: u64 = 600;

/// Checks the traffic of a file, `tree`; `manifests` are all that it applies, None if some cannot be read.
pub(in crate::scenario) fn traffic(
    tree: &Node,
    file: &ScenarioFile,
    manifests: Option<Vec<&Manifest>>,
    faults: &mut Faults,
) {
    let nodes = tree.get("steps").map(Node::items).unwrap_or_default();
    let steps = || nodes.iter().zip(&file.steps).filter_map(|(node, step)| Some((node, step, step.traffic.as_ref()?)));
    let (Some(traffic), Some(node)) = (&file.traffic, tree.get("traffic")) else {
        for (node, _, _) in steps() {
            let help = "write, beside `steps`, where requests go: `traffic: {service: NAME}`";
            faults.at(node.key_at("traffic"), "no traffic is sent", help);
        }
        return;
    };
    if steps().next().is_none() {
        let help = "write what must be seen of it in a step, as `traffic: {failures: 0}`";
        faults.at(tree.key_at("traffic"), "no step expects anything of the traffic", help);
    }
    if !(1..=Traffic::MOST).contains(&traffic.rate) {
        let what = format!("{} requests per second", traffic.rate);
        faults.at(node.key_at("rate"), what, format!("write a number from 1 to {}", Traffic::MOST));
    }
    if !traffic.path.starts_with('/') {
        faults.at(node.key_at("path"), "a path begins with a slash", "as `path: /color`");
    }
    if let Some(manifests) = manifests {
        service(node, traffic, &manifests, faults);
    }
    for (node, step, claim) in steps() {
        if let Some(node) = node.get("traffic") {
            claims(node, step, claim, traffic.rate, faults);
        }
    }
}

fn service(node: &Node, traffic: &Traffic, manifests: &[&Manifest], faults: &mut Faults) {
    let services: Vec<&&Manifest> = manifests.iter().filter(|manifest| manifest.kind == "Service").collect();
    let Some(service) = services.iter().find(|service| service.name == traffic.service) else {
        let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
        let what = format!("no manifest of this scenario has the Service `{}`", traffic.service);
        faults.at(node.get("service").map_or(node.at, |value| value.at), what, one_of(&traffic.service, &names));
        return;
    };
    let ports: Vec<u64> = service
        .object
        .pointer("/spec/ports")
        .and_then(|ports| ports.as_array())
        .into_iter()
        .flatten()
        .filter_map(|port| port["port"].as_u64())
        .collect();
    let all: Vec<String> = ports.iter().map(u64::to_string).collect();
    let has = format!("the Service `{}` has: {}", traffic.service, all.join(", "));
    match traffic.port {
        Some(port) if !ports.contains(&port.into()) => faults.at(node.key_at("port"), "there is no such port", has),
        None if ports.len() > 1 => faults.at(node.key_at("service"), "which port? `port` is missing", has),
        _ => {}
    }
}

fn claims(node: &Node, step: &Step, claim: &TrafficMatch, rate: u32, faults: &mut Faults) {
    if claim.split.is_empty() && claim.failures.is_none() {
        let help = "write `split: {2: 20%, 1: 80%}`, or `failures: 0`, or both";
        faults.at(node.at, "nothing is expected of the traffic", help);
    }
    for key in ["tolerance", "confidence"] {
        if let Some((key, _)) = node.entry(key).filter(|_| claim.split.is_empty()) {
            faults.at(key.at, format!("`{}` without `split`", key.name), "it says how sure the split is");
        }
    }
    let Some(split) = claim.split_claim() else { return };
    let split_at = |key: &str| node.get("split").map_or(node.at, |split| split.key_at(key));
    let wrong = [
        (
            step.expect.is_none(),
            node.key_at("split"),
            "`split` without `expect`",
            "`expect` is the state in which the split is measured",
        ),
        (claim.split.contains_key(&0), split_at("0"), "there is no revision 0", "revisions count from 1"),
        (
            split.shares.values().sum::<f64>() > 1.0 + 1e-9,
            node.key_at("split"),
            "the shares are more than 100% together",
            "write shares of one whole",
        ),
        (
            !(0.5..1.0).contains(&split.confidence),
            node.key_at("confidence"),
            "this is no confidence",
            "write 50% or more and less than 100%: certainty takes endless requests",
        ),
        (
            split.tolerance <= 0.0,
            node.key_at("tolerance"),
            "this is no tolerance",
            "write more than 0%: an endlessly small one takes endless requests",
        ),
    ];
    for (_, at, what, help) in wrong.iter().filter(|(is_wrong, ..)| *is_wrong) {
        faults.at(*at, *what, *help);
    }
    if wrong.iter().all(|(is_wrong, ..)| !is_wrong) {
        patience(node, &split, rate, faults);
    }
}

fn patience(node: &Node, split: &SplitClaim, rate: u32, faults: &mut Faults) {
    // Cheap to see, and what follows is dear: so small a tolerance asks for more than a million requests.
    let requests = if split.tolerance < 0.001 { u64::MAX } else { split.sample_size() };
    if requests / u64::from(rate) > LONGEST {
        let what = format!("at {rate} requests per second this takes more than {LONGEST} seconds to measure");
        faults.at(node.key_at("split"), what, "allow a larger `tolerance`, or a smaller `confidence`");
    }
}
