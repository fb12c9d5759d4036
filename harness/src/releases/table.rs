//! The matrix for people: a line for each scenario, and below it why something is not as it must be.

use std::fmt::Write as _;

use super::{Cell, Mark, Matrix};
use crate::report::v1::Verdict;

/// As it stands in the table.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::Known => "known",
        Verdict::Skip => "skip",
        Verdict::Error => "ERROR",
    }
}

/// How many lines of a reason are shown; all of it is in the evidence and in the JSON.
const REASON_LINES: usize = 14;

/// The whole text; `columns`: what the columns are.
pub fn render(matrix: &Matrix, columns: &str) -> String {
    let mut text = String::new();
    let id = matrix.rows.iter().map(|row| row.id.chars().count()).max().unwrap_or(0).max("(in timed pauses)".len());
    let widths: Vec<usize> = matrix.columns.iter().map(|column| column.label.chars().count().max(5)).collect();
    let mut line = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:width$}")).collect();
        text += format!("{first:id$}{cells}").trim_end();
        text.push('\n');
    };
    line("SCENARIO", matrix.columns.iter().map(|column| column.label.clone()).collect());
    for row in &matrix.rows {
        line(&row.id, row.cells.iter().map(|cell| word(cell.verdict).to_owned()).collect());
    }
    let seconds = matrix.columns.iter().map(|column| column.report.as_ref().map_or(0.0, |report| report.seconds));
    line("(wall time)", seconds.map(|seconds| format!("{seconds:.0}s")).collect());
    line("(in timed pauses)", matrix.columns.iter().map(|column| share(column.share_of_pauses())).collect());
    // Writing to a String cannot fail.
    for column in matrix.columns.iter() {
        if let Some(trouble) = &column.trouble {
            let _ = writeln!(text, "\n{}: nothing was run: {}", column.label, trouble.trim_end());
        }
    }
    vectors(&mut text, matrix);
    for verdict in [Verdict::Skip, Verdict::Known, Verdict::Error, Verdict::Fail] {
        reasons(&mut text, matrix, verdict);
    }
    let _ = writeln!(text, "\n{}", totals(matrix, columns));
    text
}

/// `12%`; `-` where nothing was run.
fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", 100.0 * share))
}

/// The known bugs: predicted and found.
fn vectors(text: &mut String, matrix: &Matrix) {
    if matrix.vectors.is_empty() {
        return;
    }
    let labels: Vec<_> = matrix.columns.iter().map(|column| column.label.as_str()).collect();
    let _ = writeln!(
        text,
        "\nknown bugs on {}: X shows, . does not, ? may or may not, - not run, ! something else is wrong",
        labels.join(" ")
    );
    let width = matrix.vectors.iter().map(|v| v.id.chars().count() + v.issue.chars().count() + 1).max().unwrap_or(0);
    for vector in &matrix.vectors {
        let name = format!("{} {}", vector.id, vector.issue);
        let word = match (vector.is_as_predicted(), vector.tells_apart()) {
            (false, _) => "  NOT as predicted",
            (true, false) => "  (the same on all)",
            (true, true) => "",
        };
        let (predicted, found) = (marks(&vector.predicted), marks(&vector.found));
        let _ = writeln!(text, "  {name:width$}  predicted {predicted}  found {found}{word}");
    }
}

fn marks(marks: &[Mark]) -> String {
    let letters: Vec<_> = marks.iter().map(|mark| mark.letter().to_string()).collect();
    letters.join(" ")
}

/// Why cells ended so; what is said of several releases is said once.
fn reasons(text: &mut String, matrix: &Matrix, verdict: Verdict) {
    for row in &matrix.rows {
        let mut told: Vec<(String, Vec<&str>)> = Vec::new();
        for (cell, column) in row.cells.iter().zip(&matrix.columns) {
            if cell.verdict != verdict || column.trouble.is_some() {
                continue;
            }
            let reason = shown(cell);
            match told.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, labels)) => labels.push(&column.label),
                None => told.push((reason, vec![&column.label])),
            }
        }
        for (reason, labels) in told {
            let _ = writeln!(text, "\n{} {} on {}: {reason}", word(verdict), row.id, labels.join(", "));
        }
    }
}

fn shown(cell: &Cell) -> String {
    let reason = cell.reason.as_deref().unwrap_or_default().trim_end();
    let lines: Vec<&str> = reason.lines().collect();
    let mut text = lines.iter().take(REASON_LINES).copied().collect::<Vec<_>>().join("\n  ");
    if lines.len() > REASON_LINES {
        text += "\n  [...]";
    }
    if let Some(evidence) = &cell.evidence {
        text += &format!("\n  evidence: {evidence}");
    }
    text
}

/// `35 scenarios, 5 releases: 160 pass, 1 FAIL, ...`
fn totals(matrix: &Matrix, columns: &str) -> String {
    let counts = [Verdict::Pass, Verdict::Fail, Verdict::Known, Verdict::Skip, Verdict::Error]
        .map(|verdict| (matrix.count(verdict), word(verdict)));
    let counts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    format!(
        "{} scenarios, {} {columns}: {}; {:.1} s in all",
        matrix.rows.len(),
        matrix.columns.len(),
        counts.join(", "),
        matrix.seconds
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::releases::{Column, Row, Vector};

    fn cell(verdict: Verdict, reason: &str) -> Cell {
        let evidence = (verdict == Verdict::Fail).then(|| "target/proofroll/x".to_owned());
        Cell { verdict, seconds: 1.0, reason: (!reason.is_empty()).then(|| reason.to_owned()), evidence }
    }

    #[test]
    fn the_table() {
        let column = |label: &str, trouble: Option<&str>| Column {
            label: label.into(),
            trouble: trouble.map(ToOwned::to_owned),
            report: None,
        };
        let ids = ["guide/canary-basic".to_owned(), "pods/crash".to_owned()];
        let columns = vec![
            column("v1.7.2", None),
            column("v1.8.5", None),
            column("v1.10.2", Some("the API server refused its CRDs\n")),
        ];
        let mut matrix = Matrix::new("now".into(), 12.34, &ids, columns);
        assert!(matrix.rows.iter().all(|row| row.cells.iter().all(|cell| cell.verdict == Verdict::Error)));
        assert!(matrix.rows[0].cells[2].reason.as_deref().unwrap().contains("refused"));
        let long = (1..=20).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let mut set = |row: usize, cells: Vec<Cell>| matrix.rows[row].cells[..2].clone_from_slice(&cells);
        set(0, vec![cell(Verdict::Pass, ""), cell(Verdict::Fail, &long)]);
        set(1, vec![cell(Verdict::Skip, "for releases >=1.9"), cell(Verdict::Skip, "for releases >=1.9")]);
        let Row { id, .. } = &matrix.rows[1];
        assert_eq!(id, "pods/crash");
        let vector = |issue: &str, predicted: [Mark; 3], found: [Mark; 3]| Vector {
            id: "pods/crash".into(),
            issue: issue.into(),
            shows: "it hangs".into(),
            predicted: predicted.into(),
            found: found.into(),
        };
        use Mark::*;
        matrix.vectors = vec![
            vector("4787", [Shows, Shows, Not], [Shows, Shows, Not]),
            vector("1", [Shows, Not, Not], [Not, Not, Not]),
            vector("findings/x.md", [May, NotRun, Shows], [Shows, NotRun, Shows]),
        ];
        insta::assert_snapshot!(render(&matrix, "releases"));
    }
}
