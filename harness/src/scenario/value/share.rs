//! Shares of a whole.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A share of a whole, written in percent: `20%`, `99.99%`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(pub f64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As it was written: without the noise of a binary fraction.
        let percent = format!("{:.6}", self.0 * 100.0);
        write!(f, "{}%", percent.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let number = s.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match number {
            Some(percent) if (0.0..=100.0).contains(&percent) => Ok(Self(percent / 100.0)),
            Some(_) => Err(format!("`{s}` is no share: it lies between 0% and 100%")),
            None => Err(format!("`{s}` is no share: write 20% or 99.99%")),
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$", "description": "A share of a whole, as 20% or 99.99%."})
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("20%", 0.2, "20%")]
    #[case(" 99.99 %", 0.9999, "99.99%")]
    #[case("0%", 0.0, "0%")]
    #[case("100%", 1.0, "100%")]
    #[case("33.3333%", 0.333_333, "33.3333%")]
    fn read_and_written(#[case] written: &str, #[case] share: f64, #[case] shown: &str) {
        let read: Share = written.parse().unwrap();
        assert!((read.0 - share).abs() < 1e-12, "{read:?}");
        assert_eq!(read.to_string(), shown);
    }

    #[rstest]
    #[case("20", "`20` is no share: write 20% or 99.99%")]
    #[case("a fifth", "`a fifth` is no share: write 20% or 99.99%")]
    #[case("120%", "`120%` is no share: it lies between 0% and 100%")]
    #[case("-1%", "`-1%` is no share: it lies between 0% and 100%")]
    #[case("NaN%", "`NaN%` is no share: it lies between 0% and 100%")]
    fn no_share(#[case] written: &str, #[case] why: &str) {
        assert_eq!(written.parse::<Share>().unwrap_err(), why);
    }
}
