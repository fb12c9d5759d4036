//! How long to wait: every limit of a run passes through here, so that a slow machine can stretch
//! them all at once.

use std::{sync::OnceLock, time::Duration};

/// Stretches all limits; a number above 0, default 1.
pub const VARIABLE: &str = "PROOFROLL_TIMEOUT_SCALE";

/// What [`VARIABLE`] must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE} is {0:?}: it must be a number above 0, as 2 or 0.5")]
pub struct ScaleError(String);

/// Reads the scale from the environment. Call it once at the start, so that a slip is told at once.
///
/// # Errors
/// If the variable is set to something else than a number above 0.
pub fn scale() -> Result<f64, ScaleError> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(1.0) };
    parse(&text)
}

fn parse(text: &str) -> Result<f64, ScaleError> {
    match text.trim().parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale.is_finite() => Ok(scale),
        _ => Err(ScaleError(text.to_owned())),
    }
}

/// How slow the cluster is by nature.
static PACE: OnceLock<f64> = OnceLock::new();

/// Says how slow the cluster is by nature, as a multiple of one with fake pods, on which limits are
/// written: a kubelet takes seconds for what kwok does in milliseconds. Only the first call counts.
pub fn set_pace(pace: f64) {
    let _ = PACE.set(pace);
}

/// `limit`, stretched by the cluster's pace and by [`VARIABLE`].
pub fn scaled(limit: Duration) -> Duration {
    static SCALE: OnceLock<f64> = OnceLock::new();
    // A wrong value was reported when the program started.
    let scale = *SCALE.get_or_init(|| scale().unwrap_or(1.0));
    limit.mul_f64(scale * PACE.get().unwrap_or(&1.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2", Some(2.0))]
    #[case(" 0.5 ", Some(0.5))]
    #[case("0", None)]
    #[case("-1", None)]
    #[case("inf", None)]
    #[case("fast", None)]
    fn a_scale_is_a_number_above_zero(#[case] text: &str, #[case] scale: Option<f64>) {
        assert_eq!(parse(text).ok(), scale);
    }

    #[test]
    fn a_wrong_scale_says_what_would_be_right() {
        insta::assert_snapshot!(parse("fast").unwrap_err(), @r#"PROOFROLL_TIMEOUT_SCALE is "fast": it must be a number above 0, as 2 or 0.5"#);
    }
}
