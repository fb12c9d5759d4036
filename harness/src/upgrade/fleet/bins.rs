//! Which Rollouts share a namespace of the plane.
//!
//! A namespace costs a watch for each kind, so one for each Rollout is too many; but one for all does not do: Rollouts
//! of different namespaces may have the same name, name different Services by the same name, or select each other's pods.

use std::collections::BTreeMap;

use serde_json::Value;

use super::stub::template_of;

/// So many in a namespace: looking for one of them stays cheap.
const FULL: usize = 24;

/// Labels, or what a selector asks of them.
type Labels<'a> = Vec<(&'a str, &'a str)>;

/// What must not meet something else of the same name.
#[derive(Debug, Clone, Default)]
pub(super) struct Content<'a> {
    /// (kind, name) -> object.
    objects: BTreeMap<(&'a str, &'a str), &'a Value>,
    /// Selector and labels of its pods.
    pods: Vec<(Labels<'a>, Labels<'a>)>,
    len: usize,
}

/// What one Rollout brings along.
pub(super) fn content<'a>(rollout: &'a Value, companions: &'a [Value], workload: Option<&'a Value>) -> Content<'a> {
    let key = |object: &'a Value| {
        (object["kind"].as_str().unwrap_or_default(), object["metadata"]["name"].as_str().unwrap_or_default())
    };
    let objects = companions.iter().chain([rollout]).map(|object| (key(object), object)).collect();
    let template = workload.map_or(&rollout["spec"]["template"], template_of);
    let labels = pairs(&template["metadata"]["labels"]);
    let selector = pairs(&rollout["spec"]["selector"]["matchLabels"]);
    // What selects by expressions may select anything; so may who selects nothing in particular.
    let expressions = rollout["spec"]["selector"]["matchExpressions"].as_array().is_some_and(|list| !list.is_empty());
    let selector = if expressions || selector.is_empty() && workload.is_none() { Vec::new() } else { selector };
    let selector = if workload.is_some() && selector.is_empty() { labels.clone() } else { selector };
    Content { objects, pods: vec![(selector, labels)], len: 1 }
}

fn pairs(labels: &Value) -> Vec<(&str, &str)> {
    let labels = labels.as_object().into_iter().flatten();
    labels.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
}

impl<'a> Content<'a> {
    fn goes_with(&self, other: &Self) -> bool {
        let selects =
            |selector: &[(&str, &str)], labels: &[(&str, &str)]| selector.iter().all(|pair| labels.contains(pair));
        let meets = |a: &Self, b: &Self| {
            a.pods.iter().any(|(selector, _)| b.pods.iter().any(|(_, labels)| selects(selector, labels)))
        };
        let same = |(key, object): (&(&str, &str), &&Value)| self.objects.get(key).is_none_or(|own| own == object);
        // Two Rollouts are never the same one, however alike.
        let apart = other.objects.keys().all(|key| key.0 != "Rollout" || !self.objects.contains_key(key));
        self.len + other.len <= FULL
            && apart
            && other.objects.iter().all(same)
            && !meets(self, other)
            && !meets(other, self)
    }

    fn join(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.pods.extend(other.pods);
        self.len += other.len;
    }
}

/// Puts what goes together together; answers which numbers.
pub(super) fn pack(contents: Vec<Content<'_>>) -> Vec<Vec<usize>> {
    let mut bins: Vec<(Content<'_>, Vec<usize>)> = Vec::new();
    for (number, content) in contents.into_iter().enumerate() {
        match bins.iter_mut().find(|(bin, _)| bin.goes_with(&content)) {
            Some((bin, numbers)) => {
                bin.join(content);
                numbers.push(number);
            }
            None => bins.push((content, vec![number])),
        }
    }
    bins.into_iter().map(|(_, numbers)| numbers).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rollout(name: &str, app: &str) -> Value {
        json!({"kind": "Rollout", "metadata": {"name": name}, "spec": {
            "selector": {"matchLabels": {"app": app}}, "template": {"metadata": {"labels": {"app": app, "v": "1"}}}}})
    }

    fn service(port: u32) -> Vec<Value> {
        vec![json!({"kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": port}]}})]
    }

    #[test]
    fn only_what_does_not_meet_shares_a_namespace() {
        let rollouts = [rollout("a", "a"), rollout("b", "b"), rollout("a", "c"), rollout("d", "a"), rollout("e", "e")];
        let services = [service(80), service(80), service(80), service(80), service(81)];
        let contents = rollouts.iter().zip(&services).map(|(rollout, services)| content(rollout, services, None));
        // The third has a name that is there, the fourth would select the first one's pods, the fifth's Service is another.
        assert_eq!(pack(contents.collect()), [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn a_namespace_gets_full() {
        let rollouts: Vec<_> = (0..=FULL).map(|n| rollout(&n.to_string(), &n.to_string())).collect();
        let bins = pack(rollouts.iter().map(|rollout| content(rollout, &[], None)).collect());
        assert_eq!(bins.iter().map(Vec::len).collect::<Vec<_>>(), [FULL, 1]);
    }

    #[test]
    fn who_selects_by_expressions_is_alone() {
        let mut other = rollout("b", "b");
        other["spec"]["selector"] = json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]});
        let one = rollout("a", "a");
        assert_eq!(pack(vec![content(&one, &[], None), content(&other, &[], None)]).len(), 2);
    }
}
