//! A Service: what it selects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::Fields;
use super::metadata::Metadata;

/// A Service as the API server sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// `metadata`
    pub metadata: Metadata,
    /// `spec.selector`, whole.
    pub selector: BTreeMap<String, String>,
}

impl Service {
    /// Reads the object.
    pub fn read(object: &Value) -> Self {
        let fields = Fields::of(object);
        Self { metadata: Metadata::read(fields), selector: fields.object("spec").strings("selector") }
    }

    /// The revision's hash that the controller wrote into the selector, if it did.
    pub fn selected_hash(&self) -> Option<&str> {
        self.selector.get(super::POD_TEMPLATE_HASH).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_hash_is_in_the_selector_once_the_controller_put_it_there() {
        let mut object = json!({"metadata": {"name": "demo"}, "spec": {"selector": {"app": "demo"}}});
        assert_eq!(Service::read(&object).selected_hash(), None);
        object["spec"]["selector"]["rollouts-pod-template-hash"] = json!("5cd66ff7ff");
        assert_eq!(Service::read(&object).selected_hash(), Some("5cd66ff7ff"));
        assert_eq!(Service::read(&object).selector.len(), 2);
    }
}
