//! The metric server's address in manifests: known only when the scenario runs.

use serde_json::Value;

/// What stands for the address.
pub const TEXT: &str = "${metrics}";

/// Whether any text in `value` has the placeholder.
pub fn is_in(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(TEXT),
        Value::Array(values) => values.iter().any(is_in),
        Value::Object(map) => map.values().any(is_in),
        _ => false,
    }
}

/// `value` with `url` in the place of each placeholder.
pub fn fill_in(value: &Value, url: &str) -> Value {
    match value {
        Value::String(text) => text.replace(TEXT, url).into(),
        Value::Array(values) => values.iter().map(|value| fill_in(value, url)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), fill_in(value, url))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn is_filled_in_wherever_it_stands() {
        let template = json!({"metrics": [{"url": "${metrics}/a?b=${metrics}"}, {"count": 1, "url": "http://x"}]});
        assert!(is_in(&template));
        let filled = fill_in(&template, "http://127.0.0.1:1");
        let expected = json!({"metrics": [{"url": "http://127.0.0.1:1/a?b=http://127.0.0.1:1"},
            {"count": 1, "url": "http://x"}]});
        assert_eq!(filled, expected);
        assert!(!is_in(&filled));
    }
}
