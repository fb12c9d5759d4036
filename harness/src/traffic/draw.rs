//! The split over time, as a drawing of text: a row per stretch of time, a bar per row.

use std::{collections::BTreeSet, time::Duration};

use super::{Counts, Revisions, Seen, Window};

/// Characters of a bar.
const WIDTH: usize = 40;
/// More rows than these nobody reads: each stands for a longer time then.
const ROWS: u128 = 40;
/// Seconds that a row may stand for.
const STEPS: [u64; 9] = [1, 2, 5, 10, 30, 60, 120, 300, 600];
/// In a bar: answered by nobody knows whom; failed.
const UNKNOWN: char = '?';
const FAILED: char = '!';

/// Draws the requests of a window. A bar has the last digit of each revision as often as its share says,
/// and an exclamation mark for what failed, even where that is less than one character's worth.
pub fn draw(seen: &[Seen], revisions: &Revisions, window: Window) -> String {
    let length = window.to.duration_since(window.from).as_nanos().max(1).unsigned_abs();
    let step = STEPS.into_iter().find(|s| length <= ROWS * u128::from(*s) * 1_000_000_000).unwrap_or(STEPS[8]);
    let rows: Vec<Row> = rows(seen, revisions, window, length, step);
    let numbers: BTreeSet<u64> = rows.iter().flat_map(|row| row.counts.revisions.keys().copied()).collect();
    let unknown = rows.iter().any(|row| row.counts.unknown > 0);

    let mut text = String::from("    time  requests");
    text.extend(numbers.iter().map(|number| format!("{:>8}", format!("rev {number}"))));
    if unknown {
        text.push_str(" unknown");
    }
    text.push_str("  failed\n");
    for (i, row) in rows.iter().enumerate() {
        text.push_str(&format!("{:>8}  {:>8}", format!("+{} s", i as u64 * step), row.total()));
        text.extend(numbers.iter().map(|number| format!("{:>8}", row.of(*number))));
        if unknown {
            text.push_str(&format!("{:>8}", row.counts.unknown));
        }
        let line = format!("{:>8}  {}", row.failed, row.bar());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The requests of one stretch of time. Those that failed are in no other count.
#[derive(Default)]
struct Row {
    counts: Counts,
    failed: u64,
}

fn rows(seen: &[Seen], revisions: &Revisions, window: Window, length: u128, step: u64) -> Vec<Row> {
    let step = Duration::from_secs(step).as_nanos();
    let mut rows: Vec<Row> = Vec::new();
    rows.resize_with(usize::try_from(length.div_ceil(step)).unwrap_or(usize::MAX), Row::default);
    for one in window.of(seen) {
        let since = one.at().duration_since(window.from).as_nanos().unsigned_abs();
        let Some(row) = usize::try_from(since / step).ok().and_then(|at| rows.get_mut(at)) else { continue };
        match one {
            _ if one.failed().is_some() => row.failed += 1,
            Seen::Answer(answer) => match revisions.of(answer) {
                Some(revision) => *row.counts.revisions.entry(revision).or_default() += 1,
                None => row.counts.unknown += 1,
            },
            Seen::Failure(_) => {}
        }
    }
    rows
}

impl Row {
    fn total(&self) -> u64 {
        self.counts.total() + self.failed
    }

    fn of(&self, revision: u64) -> u64 {
        self.counts.revisions.get(&revision).copied().unwrap_or(0)
    }

    fn bar(&self) -> String {
        let digit = |revision: u64| char::from_digit((revision % 10) as u32, 10).unwrap_or(UNKNOWN);
        let mut parts: Vec<(char, u64)> = self.counts.revisions.iter().map(|(r, n)| (digit(*r), *n)).collect();
        parts.extend([(UNKNOWN, self.counts.unknown), (FAILED, self.failed)]);
        parts.retain(|(_, count)| *count > 0);
        let total = self.total();
        if total == 0 {
            return String::new();
        }
        let width = WIDTH as u64;
        let mut lengths: Vec<u64> = parts.iter().map(|(_, count)| (count * width / total).max(1)).collect();
        // What rounding has left over, or taken too much, is the longest one's.
        let drawn: u64 = lengths.iter().sum();
        if let Some(longest) = (0..parts.len()).max_by_key(|i| lengths[*i]) {
            lengths[longest] = (lengths[longest] + width).saturating_sub(drawn);
        }
        let bars = parts.iter().zip(&lengths).map(|((c, _), length)| c.to_string().repeat(*length as usize));
        bars.collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::traffic::{Answer, Failure};

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    /// A request every 20 ms, to the colour that `who` says; an empty word fails.
    fn traffic(milliseconds: i64, who: impl Fn(i64) -> &'static str) -> Vec<Seen> {
        let one = |n: i64| {
            let (at, took) = (at(n * 20), Duration::ZERO);
            match who(n) {
                "" => Seen::Failure(Failure { at, took, why: "timeout".into() }),
                colour => Seen::Answer(Answer { at, took, status: 200, colour: colour.into(), host: String::new() }),
            }
        };
        (0..milliseconds / 20).map(one).collect()
    }

    fn colours() -> Revisions {
        let colours = [("blue", 1), ("yellow", 2)].map(|(colour, revision)| (colour.to_owned(), revision));
        Revisions { colours: colours.into(), ..Revisions::default() }
    }

    #[test]
    fn an_update() {
        let seen = traffic(8400, |n| match (n / 50, n % 5) {
            (0, _) => "blue",
            (1 | 2, 0) => "yellow",
            (1 | 2, _) => "blue",
            (3, _) if n == 170 => "",
            (3, 0..3) => "yellow",
            (3, _) => "blue",
            (4, _) if n < 225 => "",
            (6, 0) => "green",
            (7, _) if n != 399 => "yellow",
            (7, _) => "blue",
            _ => "yellow",
        });
        let seen: Vec<Seen> = seen.into_iter().filter(|one| !(at(5000)..at(6000)).contains(&one.at())).collect();
        insta::assert_snapshot!(draw(&seen, &colours(), Window { from: at(0), to: at(8400) }));
    }

    #[test]
    fn a_long_time_has_longer_rows() {
        let seen = traffic(130_000, |n| if n < 3000 { "blue" } else { "yellow" });
        let text = draw(&seen, &colours(), Window { from: at(0), to: at(130_000) });
        assert_eq!(text.lines().count(), 1 + 26, "5 s a row:\n{text}");
        assert_eq!(
            text.lines().nth(13),
            Some("   +60 s       250       0     250       0  2222222222222222222222222222222222222222")
        );
    }

    #[test]
    fn nothing_at_all() {
        let text = draw(&[], &Revisions::default(), Window { from: at(0), to: at(1500) });
        assert_eq!(text, "    time  requests  failed\n    +0 s         0       0\n    +1 s         0       0\n");
    }
}
