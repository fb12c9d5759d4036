//! How old something is, as `kubectl` says it.

use jiff::{SignedDuration, Timestamp};

/// The time between `since` and `now` in two or three figures, as `22s`, `8m33s`, `17m` or `2d3h`
/// (`duration.HumanDuration` of apimachinery). What has no time of creation is 292 years old, which
/// is as far as Go's durations reach.
pub fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(|| "292y".to_owned(), |since| human(now.duration_since(since)))
}

/// A length of time in two or three figures.
pub(super) fn human(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    // Clocks may differ a little: up to two seconds in the future count as now.
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let pair = |big: i64, unit: &str, small: i64, of: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{of}"),
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => pair(days, "d", hours % 24, "h"),
        () if days < 365 * 2 => format!("{days}d"),
        () if days < 365 * 8 => pair(years, "y", days % 365, "d"),
        () => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(-2_500, "<invalid>")]
    #[case(-1_999, "0s")]
    #[case(0, "0s")]
    #[case(999, "0s")]
    #[case(22_000, "22s")]
    #[case(119_999, "119s")]
    #[case(120_000, "2m")]
    #[case(513_000, "8m33s")]
    #[case(600_000, "10m")]
    #[case(1_020_000, "17m")]
    #[case(10_799_000, "179m")]
    #[case(10_800_000, "3h")]
    #[case(14_399_000, "3h59m")]
    #[case(28_800_000, "8h")]
    #[case(172_799_000, "47h")]
    #[case(172_800_000, "2d")]
    #[case(176_400_000, "2d1h")]
    #[case(691_199_000, "7d23h")]
    #[case(691_200_000, "8d")]
    #[case(63_071_999_000, "729d")]
    #[case(63_072_000_000, "2y")]
    #[case(63_158_400_000, "2y1d")]
    #[case(252_288_000_000, "8y")]
    fn two_or_three_figures(#[case] millis: i64, #[case] expected: &str) {
        let now: Timestamp = "2026-11-23T04:16:38Z".parse().unwrap();
        let since = now - SignedDuration::from_millis(millis);
        assert_eq!(age(Some(since), now), expected);
    }

    #[test]
    fn what_was_never_created_is_as_old_as_can_be() {
        assert_eq!(age(None, Timestamp::UNIX_EPOCH), "292y");
    }
}
