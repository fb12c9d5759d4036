//! logrus' text format: `time="2026-11-23T08:00:00Z" level=info msg="Started syncing rollout" rollout=demo`.

use serde_json::{Map, Value};

/// The fields of a line; None if it is not of this form.
pub(super) fn fields(line: &str) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    let mut rest = line.trim_end();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return None;
        }
        let end = if after.starts_with('"') { closing(after)? + 1 } else { after.find(' ').unwrap_or(after.len()) };
        let (value, left) = after.split_at(end);
        fields.insert(key.to_owned(), Value::String(unquoted(value)));
        rest = left.trim_start();
    }
    Some(fields)
}

/// Where the quote that `text` begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// Go's `%q`, for which JSON's strings are close enough: what is no JSON string stays as it is written.
fn unquoted(value: &str) -> String {
    if !value.starts_with('"') {
        return value.to_owned();
    }
    serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_line_of_logrus() {
        let line = r#"time="2026-11-23T08:00:00Z" level=info msg="Started syncing rollout" generation=1 namespace=ns resourceVersion=326 rollout=demo"#;
        let fields = fields(line).unwrap();
        let text = |key: &str| fields[key].as_str().unwrap().to_owned();
        assert_eq!(text("msg"), "Started syncing rollout");
        assert_eq!((text("resourceVersion"), text("rollout")), ("326".to_owned(), "demo".to_owned()));
    }

    #[rstest]
    #[case::klog("I1123 08:00:00.000000       1 leaderelection.go:257] attempting to acquire leader lease")]
    #[case::panic("panic: runtime error: invalid memory address")]
    #[case::half(r#"level=info msg="half"#)]
    #[case::spaces("a b=c")]
    fn other_lines_are_none(#[case] line: &str) {
        assert_eq!(fields(line), None);
    }

    proptest! {
        #[test]
        fn what_is_quoted_comes_back(text in "[ -~]{0,40}") {
            let quoted = serde_json::to_string(&text).unwrap();
            let fields = fields(&format!("level=info msg={quoted} last=x")).unwrap();
            prop_assert_eq!(fields["msg"].as_str().unwrap(), text);
            prop_assert_eq!(fields["last"].as_str().unwrap(), "x");
        }
    }
}
