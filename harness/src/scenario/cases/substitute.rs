//! The text of one case: placeholders replaced, and the way back from a place in it to the file as it
//! is written.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Values,
    placeholder::{Piece, Placed, Style},
};
use crate::scenario::fault::{Fault, Mark, ScenarioError, Text};

/// What a text was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::scenario) struct Substituted {
    /// The text as it is written.
    pub written: Arc<str>,
    shifts: Vec<Shift>,
}

/// A stretch of a line that was replaced. Columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shift {
    line: u32,
    written: (u32, u32),
    now: (u32, u32),
}

impl Substituted {
    /// Where in the file as it is written `mark` of the text stands; what was replaced as a whole.
    pub fn written_mark(&self, mark: Mark) -> Mark {
        let mut column = mark.column;
        for shift in self.shifts.iter().filter(|s| s.line == mark.line) {
            let (now, now_width) = shift.now;
            if mark.column < now {
                break;
            }
            let (written, written_width) = shift.written;
            if mark.column < now + now_width {
                return Mark { column: written, width: written_width, ..mark };
            }
            column = mark.column - (now + now_width) + written + written_width;
        }
        Mark { column, ..mark }
    }
}

/// `text` with `values` in the place of its placeholders.
pub(super) fn text(text: &Text, placed: &[Placed], values: &Values) -> Result<Text, ScenarioError> {
    let chars: Vec<char> = text.text.chars().collect();
    let mut faults = Vec::new();
    let (mut made, mut shifts) = (String::new(), Vec::new());
    let (mut from, mut line, mut written_column, mut column) = (0, 1_u32, 1_u32, 1_u32);
    for placed in placed {
        let new = match replacement(placed, values) {
            Ok(new) => new,
            Err(what) => {
                faults.push(fault(text, placed, what));
                continue;
            }
        };
        for c in &chars[from..placed.span.0] {
            made.push(*c);
            if *c == '\n' {
                (line, written_column, column) = (line + 1, 1, 1);
            } else {
                (written_column, column) = (written_column + 1, column + 1);
            }
        }
        made.push_str(&new);
        from = placed.span.0 + placed.span.1;
        if placed.style == Style::Block {
            // Lines stay lines, and nothing but text stands in them.
            line += u32::try_from(new.matches('\n').count()).unwrap_or(0);
            (written_column, column) = (1, 1);
            continue;
        }
        let width = u32::try_from(new.chars().count()).unwrap_or(u32::MAX);
        shifts.push(Shift { line, written: (written_column, placed.at.width), now: (column, width) });
        (written_column, column) = (written_column + placed.at.width, column + width);
    }
    if !faults.is_empty() {
        return Err(ScenarioError { faults });
    }
    made.extend(&chars[from..]);
    let substituted = Substituted { written: text.text.clone(), shifts };
    Ok(Text { name: text.name.clone(), text: made.into(), substituted: Some(Arc::new(substituted)) })
}

fn fault(text: &Text, placed: &Placed, (what, help): (String, &str)) -> Fault {
    text.fault(placed.at, what).help(help)
}

/// What stands for the scalar in the text of the case. JSON is YAML.
fn replacement(placed: &Placed, values: &Values) -> Result<String, (String, &'static str)> {
    let value = |name: &str| values.get(name).unwrap_or(&Value::Null);
    if let Some(name) = placed.only()
        && placed.style == Style::Line
    {
        return match value(name) {
            Value::Null | Value::Array(_) | Value::Object(_) if placed.is_key => {
                Err((format!("`{name}` is no name of a key"), "a key is a word or a number"))
            }
            value => Ok(value.to_string()),
        };
    }
    let pieces = if placed.style == Style::Block { &placed.source } else { &placed.value };
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Parameter(name) => text.push_str(&inside(name, value(name), placed.style)?),
        }
    }
    Ok(if placed.style == Style::Block { text } else { Value::String(text).to_string() })
}

/// A value as a part of a text.
fn inside(name: &str, value: &Value, style: Style) -> Result<String, (String, &'static str)> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let what = if value.is_null() {
                "null"
            } else if value.is_array() {
                "a list"
            } else {
                "a map"
            };
            return Err((
                format!("`{name}` is {what}, which can't stand inside of a text"),
                "alone it can: `key: $(name)`",
            ));
        }
    };
    if style == Style::Block && (text.contains('\n') || text.starts_with(char::is_whitespace)) {
        return Err((
            format!("`{name}` has a line break, or begins with a space"),
            "in a block a parameter is plain words",
        ));
    }
    Ok(text)
}
