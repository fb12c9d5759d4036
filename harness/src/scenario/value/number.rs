//! Numbers with comparisons.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// A whole number to compare with: `5`, `"< 4"`, `">= 1"`, `"!= 0"` or `"1..3"` (both ends in).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Exactly this.
    Eq(i64),
    /// Anything but this.
    Ne(i64),
    /// Less.
    Lt(i64),
    /// At most.
    Le(i64),
    /// More.
    Gt(i64),
    /// At least.
    Ge(i64),
    /// From the first to the second, both in.
    Between(i64, i64),
}

impl Number {
    /// Whether `n` satisfies the comparison.
    pub fn holds(&self, n: i64) -> bool {
        match *self {
            Self::Eq(x) => n == x,
            Self::Ne(x) => n != x,
            Self::Lt(x) => n < x,
            Self::Le(x) => n <= x,
            Self::Gt(x) => n > x,
            Self::Ge(x) => n >= x,
            Self::Between(a, b) => a <= n && n <= b,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eq(x) => write!(f, "{x}"),
            Self::Ne(x) => write!(f, "!= {x}"),
            Self::Lt(x) => write!(f, "< {x}"),
            Self::Le(x) => write!(f, "<= {x}"),
            Self::Gt(x) => write!(f, "> {x}"),
            Self::Ge(x) => write!(f, ">= {x}"),
            Self::Between(a, b) => write!(f, "{a}..{b}"),
        }
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let bad =
            || format!("`{s}` is no comparison: write 5, \"< 4\", \"<= 4\", \"> 4\", \">= 4\", \"!= 4\" or \"1..3\"");
        let number = |t: &str| t.trim().parse::<i64>().map_err(|_| bad());
        let s = s.trim();
        if let Some((a, b)) = s.split_once("..") {
            let (a, b) = (number(a)?, number(b)?);
            if a > b {
                return Err(format!("`{s}` holds for no number: {a} is more than {b}"));
            }
            return Ok(Self::Between(a, b));
        }
        type Make = fn(i64) -> Number;
        let operators: [(&str, Make); 7] = [
            ("<=", Self::Le),
            (">=", Self::Ge),
            ("!=", Self::Ne),
            ("==", Self::Eq),
            ("<", Self::Lt),
            (">", Self::Gt),
            ("=", Self::Eq),
        ];
        for (operator, make) in operators {
            if let Some(rest) = s.strip_prefix(operator) {
                return number(rest).map(make);
            }
        }
        number(s).map(Self::Eq)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a comparison such as \"< 4\"")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Number, E> {
                Ok(Number::Eq(n))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Number, E> {
                i64::try_from(n).map(Number::Eq).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Number, E> {
                s.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A whole number, or a comparison: \"< 4\", \">= 1\", \"!= 0\", \"1..3\".",
            "oneOf": [
                {"type": "integer"},
                {"type": "string", "pattern": r"^\s*((<=|>=|!=|==|<|>|=)?\s*-?\d+|-?\d+\s*\.\.\s*-?\d+)\s*$"}
            ]
        })
    }
}
