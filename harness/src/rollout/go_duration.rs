//! Durations as Go writes and reads them (`time.ParseDuration`): `10s`, `1h15m30.5s`, `-1.5h`, `250ms`.

use jiff::SignedDuration;

/// Why a text is no Go duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoDurationError {
    /// No number where one must be.
    #[error("`{0}` is no duration: write numbers with units, as 10s, 1m30s or 500ms")]
    Invalid(String),
    /// A number without its unit.
    #[error("`{0}` is no duration: a unit is missing after a number (ns, us, ms, s, m or h)")]
    MissingUnit(String),
    /// A unit that does not exist.
    #[error("`{text}` is no duration: `{unit}` is no unit, write ns, us, ms, s, m or h")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The unit in it.
        unit: String,
    },
    /// Beyond about 292 years.
    #[error("`{0}` is too long for a duration")]
    TooLong(String),
}

/// Reads a Go duration.
///
/// # Errors
/// If Go would not read it either: no number, no unit, an unknown unit, or more than about 292 years.
pub fn parse_go_duration(text: &str) -> Result<SignedDuration, GoDurationError> {
    let invalid = || GoDurationError::Invalid(text.to_owned());
    let too_long = || GoDurationError::TooLong(text.to_owned());
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale = match unit {
            "" => return Err(GoDurationError::MissingUnit(text.to_owned())),
            "ns" => 1,
            // Both the micro sign and the Greek letter mean a millionth.
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(GoDurationError::UnknownUnit { text: text.to_owned(), unit: unit.to_owned() }),
        };
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| too_long())? };
        nanos = nanos.saturating_add(i128::from(whole) * scale + part_of(fraction, scale));
        rest = after;
    }
    let nanos = if negative { -nanos } else { nanos };
    i64::try_from(nanos).map(SignedDuration::from_nanos).map_err(|_| too_long())
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `0.FRACTION` of `scale`, rounded down. Digits beyond the 18th cannot make a nanosecond.
fn part_of(fraction: &str, scale: i128) -> i128 {
    let fraction = &fraction[..fraction.len().min(18)];
    let digits: i128 = fraction.bytes().fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    digits * scale / 10i128.pow(fraction.len() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", 0)]
    #[case("-0", 0)]
    #[case("10s", 10_000_000_000)]
    #[case("+5s", 5_000_000_000)]
    #[case("-1.5h", -5_400_000_000_000)]
    #[case("1h15m30.918273645s", 4_530_918_273_645)]
    #[case(".5s", 500_000_000)]
    #[case("5.s", 5_000_000_000)]
    #[case("250ms", 250_000_000)]
    #[case("1us1µs1μs", 3_000)]
    #[case("0.3333333333333333333h", 1_200_000_000_000 - 1)]
    #[case("9223372036854775807ns", i64::MAX)]
    #[case("-9223372036854775808ns", i64::MIN)]
    #[case("10s10s", 20_000_000_000)]
    fn reads_what_go_reads(#[case] text: &str, #[case] nanos: i64) {
        assert_eq!(parse_go_duration(text), Ok(SignedDuration::from_nanos(nanos)));
    }

    #[rstest]
    #[case("", "`` is no duration: write numbers with units, as 10s, 1m30s or 500ms")]
    #[case("-", "`-` is no duration: write numbers with units, as 10s, 1m30s or 500ms")]
    #[case(".s", "`.s` is no duration: write numbers with units, as 10s, 1m30s or 500ms")]
    #[case("s", "`s` is no duration: write numbers with units, as 10s, 1m30s or 500ms")]
    #[case("3", "`3` is no duration: a unit is missing after a number (ns, us, ms, s, m or h)")]
    #[case("1.2.3s", "`1.2.3s` is no duration: a unit is missing after a number (ns, us, ms, s, m or h)")]
    #[case("1d", "`1d` is no duration: `d` is no unit, write ns, us, ms, s, m or h")]
    #[case("1 s", "`1 s` is no duration: ` s` is no unit, write ns, us, ms, s, m or h")]
    #[case("9223372036854775808ns", "`9223372036854775808ns` is too long for a duration")]
    #[case("3000000h", "`3000000h` is too long for a duration")]
    fn refuses_what_go_refuses(#[case] text: &str, #[case] message: &str) {
        assert_eq!(parse_go_duration(text).unwrap_err().to_string(), message);
    }

    proptest! {
        #[test]
        fn never_panics(text in "[-+]?[0-9.a-zµ ]{0,12}") {
            let _ = parse_go_duration(&text);
        }

        #[test]
        fn parts_add_up(h in 0i64..100, m in 0i64..100, s in 0i64..100, ms in 0i64..5000, negative: bool) {
            let sign = if negative { "-" } else { "" };
            let millis = ((h * 60 + m) * 60 + s) * 1000 + ms;
            let expected = SignedDuration::from_millis(if negative { -millis } else { millis });
            prop_assert_eq!(parse_go_duration(&format!("{sign}{h}h{m}m{s}s{ms}ms")), Ok(expected));
        }

        #[test]
        fn a_fraction_is_a_part_of_its_unit(nanos in 0i64..10_000_000_000) {
            let text = format!("{}.{:09}s", nanos / 1_000_000_000, nanos % 1_000_000_000);
            prop_assert_eq!(parse_go_duration(&text), Ok(SignedDuration::from_nanos(nanos)));
        }
    }
}
