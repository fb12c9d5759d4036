//! Kubernetes' IntOrString where it means pods: a number of pods, or a percentage of them.

use std::fmt;

use serde_json::Value;

/// `maxSurge: 2` or `maxSurge: 25%`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntOrString {
    /// Pods.
    Int(i64),
    /// Percent: with or without the `%`, a string is never a number of pods.
    String(String),
}

/// A string that is no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a number of pods nor a percentage: write 2 or \"25%\"")]
pub struct NotAPercentage(pub String);

/// What becomes of a part of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the next higher number of pods.
    Up,
    /// To the next lower number of pods.
    Down,
}

impl IntOrString {
    /// Reads a number or a string; anything else is nothing.
    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().map(Self::Int),
            Value::String(text) => Some(Self::String(text.clone())),
            _ => None,
        }
    }

    /// How many pods of `total` it means. The controller reads every string as a percentage, `"25"`
    /// like `"25%"` (`GetValueFromIntOrPercent`, which Kubernetes has deprecated for just that).
    ///
    /// # Errors
    /// If it is a string without a number.
    pub fn pods_of(&self, total: i64, rounding: Rounding) -> Result<i64, NotAPercentage> {
        match self {
            Self::Int(pods) => Ok(*pods),
            Self::String(text) => {
                let percent: i64 = text.replace('%', "").parse().map_err(|_| NotAPercentage(text.clone()))?;
                let hundredths = i128::from(percent) * i128::from(total);
                let pods = match rounding {
                    Rounding::Up => -(-hundredths).div_euclid(100),
                    Rounding::Down => hundredths.div_euclid(100),
                };
                i64::try_from(pods).map_err(|_| NotAPercentage(text.clone()))
            }
        }
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(pods) => write!(f, "{pods}"),
            Self::String(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!(2), 10, 2, 2)]
    #[case(json!("25%"), 10, 3, 2)]
    #[case(json!("25"), 10, 3, 2)]
    #[case(json!("25%"), 4, 1, 1)]
    #[case(json!("25%"), 1, 1, 0)]
    #[case(json!("0%"), 10, 0, 0)]
    #[case(json!("100%"), 7, 7, 7)]
    #[case(json!("+10%"), 5, 1, 0)]
    #[case(json!("-10%"), 5, 0, -1)]
    #[case(json!("2%5"), 4, 1, 1)]
    fn surge_rounds_up_and_unavailable_down(
        #[case] written: Value,
        #[case] total: i64,
        #[case] up: i64,
        #[case] down: i64,
    ) {
        let value = IntOrString::read(&written).unwrap();
        assert_eq!(value.pods_of(total, Rounding::Up), Ok(up));
        assert_eq!(value.pods_of(total, Rounding::Down), Ok(down));
    }

    #[rstest]
    #[case("")]
    #[case("%")]
    #[case("some")]
    #[case("2.5%")]
    #[case(" 25%")]
    fn a_string_without_a_number_is_an_error(#[case] text: &str) {
        let value = IntOrString::String(text.to_owned());
        assert_eq!(value.pods_of(10, Rounding::Up), Err(NotAPercentage(text.to_owned())));
    }

    #[rstest]
    #[case(json!(null))]
    #[case(json!(true))]
    #[case(json!([1]))]
    #[case(json!(1.5))]
    fn what_is_neither_is_nothing(#[case] written: Value) {
        assert_eq!(IntOrString::read(&written), None);
    }

    proptest! {
        #[test]
        fn rounding_brackets_the_exact_part(percent in 0i64..=300, total in 0i64..100_000) {
            let value = IntOrString::String(format!("{percent}%"));
            let (up, down) = (value.pods_of(total, Rounding::Up).unwrap(), value.pods_of(total, Rounding::Down).unwrap());
            prop_assert!(down * 100 <= percent * total && percent * total <= up * 100);
            prop_assert!(up - down <= 1);
        }

        #[test]
        fn never_panics(text in "\\PC{0,12}", total: i64) {
            let _ = IntOrString::String(text).pods_of(total, Rounding::Up);
        }
    }
}
