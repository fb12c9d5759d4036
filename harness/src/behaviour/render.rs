//! A comparison for people: a scenario, a step, what A does, what B does.

use std::fmt::Write as _;

use super::result::{Aspect, Comparison, Difference};

/// How many things of one kind are listed; all of them are in the JSON.
const LISTED: usize = 6;

/// The whole text.
pub fn render(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let Comparison { a, b, .. } = comparison;
    let _ = writeln!(text, "A: {}{}\nB: {}{}", a.label, sum(&a.sha256), b.label, sum(&b.sha256));
    for scenario in comparison.scenarios.iter().filter(|s| !s.differences.is_empty() || !s.left_out.is_empty()) {
        let _ = writeln!(text, "\n{}", scenario.id);
        let mut place = None;
        for difference in &scenario.differences {
            if let Some(step) = &difference.step
                && place != Some(step.number)
            {
                let _ = writeln!(text, "  step {} `{}`", step.number, step.name);
                place = Some(step.number);
            }
            entry(&mut text, difference);
        }
        for left in &scenario.left_out {
            let _ = writeln!(text, "  not compared: {}: {}", left.what, left.why);
        }
    }
    if !comparison.left_out.is_empty() {
        text.push('\n');
    }
    for left in &comparison.left_out {
        let _ = writeln!(text, "not compared: {}: {}", left.what, left.why);
    }
    let _ = writeln!(text, "\n{}", totals(comparison));
    text
}

fn sum(sha256: &str) -> String {
    sha256.get(..12).map_or_else(String::new, |start| format!(" (sha256 {start})"))
}

fn entry(text: &mut String, difference: &Difference) {
    let aspect = difference.aspect.to_string();
    let absent = match difference.aspect {
        Aspect::Reached => "never",
        _ => "never that",
    };
    let mut first = true;
    for (name, lines) in [("A", &difference.a), ("B", &difference.b)] {
        let shown: Vec<&str> = lines.iter().map(String::as_str).take(LISTED).collect();
        let shown = if shown.is_empty() { vec![absent] } else { shown };
        for (index, line) in shown.iter().enumerate() {
            let label = if first { aspect.as_str() } else { "" };
            let name = if index == 0 { name } else { " " };
            let _ = writeln!(text, "    {label:10}  {name}  {line}");
            first = false;
        }
        if lines.len() > LISTED {
            let _ = writeln!(text, "    {:10}     and {} more", "", lines.len() - LISTED);
        }
    }
    if let Some(ratio) = difference.ratio {
        let _ = writeln!(
            text,
            "    {:10}     B is {:.2} times A ({:.2} to {:.2})",
            "", ratio.median, ratio.least, ratio.most
        );
    }
}

/// `2 of 5 scenarios differ, ...`
fn totals(comparison: &Comparison) -> String {
    let scenarios = &comparison.scenarios;
    let differ = scenarios.iter().filter(|scenario| !scenario.differences.is_empty()).count();
    let runs = scenarios.iter().map(|scenario| scenario.runs_of_a + scenario.runs_of_b).sum::<usize>();
    let word = if differ == 0 { "no difference" } else { "different" };
    let mut text = format!(
        "{word}: {differ} of {} scenarios differ, in {} things; {runs} runs, at least {} of each scenario on each side",
        scenarios.len(),
        comparison.differences(),
        comparison.needed
    );
    if let Some(pace) = comparison.pace {
        let _ = write!(text, "; on the whole the steps of B take {pace:.2} times as long as those of A");
    }
    if !comparison.left_out.is_empty() {
        let _ = write!(text, "; {} not compared", comparison.left_out.len());
    }
    text
}
