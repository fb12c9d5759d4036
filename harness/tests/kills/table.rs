//! What a storm did, for people.

use std::time::Duration;

/// A kill.
pub struct Row {
    /// Who, and by what.
    pub kind: String,
    /// When, after the start.
    pub moment: Duration,
    /// How long it took until nothing was left.
    pub clean: Duration,
    /// What else was seen.
    pub note: String,
}

/// The rows as a table, with the longest time until all was clean at its end.
pub fn render(rows: &[Row]) -> String {
    let mut text = format!("{:<34}  {:>8}  {:>11}\n", "kill", "moment", "clean after");
    for Row { kind, moment, clean, note } in rows {
        let (moment, clean) = (moment.as_secs_f64(), clean.as_secs_f64());
        text += format!("{kind:<34}  {moment:>6.2} s  {clean:>9.2} s  {note}").trim_end();
        text.push('\n');
    }
    let mut clean: Vec<Duration> = rows.iter().map(|row| row.clean).collect();
    clean.sort();
    let at = |index: usize| clean.get(index).copied().unwrap_or_default().as_secs_f64();
    text += &format!(
        "{} kills; clean after {:.2} s (median), {:.2} s (at most)\n",
        rows.len(),
        at(clean.len() / 2),
        at(clean.len().saturating_sub(1))
    );
    text
}
