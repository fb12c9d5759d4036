//! What holds for all texts.

use std::time::Duration;

use proptest::prelude::*;

use super::load_beside;
use crate::scenario::{
    fault::Text,
    model::StepIndex,
    value::{Number, Span},
    yaml,
};

const GUIDE: &str = include_str!("../../../../fixtures/guide/canary-basic.yaml");

fn number() -> impl Strategy<Value = Number> {
    let n = any::<i64>();
    prop_oneof![
        n.prop_map(Number::Eq),
        n.prop_map(Number::Ne),
        n.prop_map(Number::Lt),
        n.prop_map(Number::Le),
        n.prop_map(Number::Gt),
        n.prop_map(Number::Ge),
        (n, n).prop_map(|(a, b)| Number::Between(a.min(b), a.max(b))),
    ]
}

proptest! {
    #[test]
    fn numbers_are_read_as_they_are_written(n in number()) {
        prop_assert_eq!(n.to_string().parse::<Number>().unwrap(), n);
    }

    #[test]
    fn a_comparison_holds_for_what_it_says(n in number(), x in any::<i64>()) {
        let holds = match n {
            Number::Eq(a) => x == a, Number::Ne(a) => x != a, Number::Lt(a) => x < a, Number::Le(a) => x <= a,
            Number::Gt(a) => x > a, Number::Ge(a) => x >= a, Number::Between(a, b) => (a..=b).contains(&x),
        };
        prop_assert_eq!(n.holds(x), holds);
    }

    #[test]
    fn step_indexes_are_read_as_they_are_written(index in any::<u32>(), more in proptest::option::of(any::<u32>())) {
        let step = StepIndex { index, total: more.map(|m| index.saturating_add(m)) };
        prop_assert_eq!(step.to_string().parse::<StepIndex>().unwrap(), step);
    }

    #[test]
    fn spans_are_read_as_they_are_written(ms in 0_u64..10_000_000_000) {
        let span = Span(Duration::from_millis(ms));
        prop_assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
    }

    #[test]
    fn no_text_makes_a_value_panic(text in "\\PC{0,20}") {
        let _ = text.parse::<Number>();
        let _ = text.parse::<StepIndex>();
        let _ = text.parse::<Span>();
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-:{}\\[\\]\"'#&*!|>%@`a-z0-9 \n\t]{0,60}") {
        let _ = yaml::scenario(&Text::new("x", text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The guide with a piece cut out and another put in: an error that points into the file, or a scenario.
    #[test]
    fn a_mutated_scenario_is_an_error_or_a_scenario(
        from in 0..GUIDE.len(), len in 0_usize..40, put in "[-:{}\\[\\]\"a-z0-9 \n]{0,12}",
    ) {
        let bytes = GUIDE.as_bytes();
        let mut text = String::from_utf8_lossy(&bytes[..from]).into_owned();
        text.push_str(&put);
        text.push_str(&String::from_utf8_lossy(&bytes[(from + len).min(bytes.len())..]));
        let lines = text.lines().count() as u32;
        let service = include_str!("../../../../fixtures/guide/canary-basic.service.yaml");
        let files = [("canary-basic.rollout.yaml", super::ROLLOUT), ("canary-basic.service.yaml", service)];
        if let Err(error) = load_beside(&text, &files) {
            prop_assert!(!error.faults.is_empty());
            for fault in &error.faults {
                prop_assert!(&*fault.at.file == "my.yaml" && fault.at.line <= lines + 1, "{fault}");
                prop_assert!(!fault.what.is_empty() && !fault.to_string().contains("serde"), "{fault}");
            }
        }
    }
}

#[rstest::rstest]
#[case("[", "]")]
#[case("{a: ", "}")]
#[case("- ", "")]
fn a_deep_nest_is_refused_not_overrun(
    #[case] open: &str,
    #[case] close: &str,
    #[values(40, 70, 100_000)] depth: usize,
) {
    let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
    assert!(yaml::scenario(&Text::new("x", text.as_str())).is_err());
    if depth > 64 {
        assert!(yaml::documents(&Text::new("x", text)).is_err());
    }
}
