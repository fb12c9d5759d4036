//! What is wrong with a scenario, and where: file, line, column, the line itself with a caret, and
//! how to mend it.

use std::{fmt, sync::Arc};

use super::cases::Substituted;

/// A place in a file. Lines and columns count from 1; 0 means the file as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Location {
    /// The file, as a person would name it.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// A stretch of one line of the file that is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub line: u32,
    pub column: u32,
    /// Characters; 0 if unknown.
    pub width: u32,
}

/// A file's name and text: makes [`Location`]s and [`Fault`]s of [`Mark`]s.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub name: Arc<str>,
    pub text: Arc<str>,
    /// What the text was made from, if it is not the file's own.
    pub(super) substituted: Option<Arc<Substituted>>,
}

impl Text {
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into(), substituted: None }
    }

    pub fn at(&self, mark: Mark) -> Location {
        let mark = self.as_written(mark);
        Location { file: self.name.clone(), line: mark.line, column: mark.column }
    }

    pub fn fault(&self, mark: Mark, what: impl Into<String>) -> Fault {
        let written = self.substituted.as_ref().map_or(&self.text, |s| &s.written);
        let line = mark.line.checked_sub(1).and_then(|n| written.lines().nth(n as usize)).map(ToOwned::to_owned);
        let width = self.as_written(mark).width;
        Fault { at: self.at(mark), line, width, what: what.into(), help: None }
    }

    /// Where a place of the text stands in the file as it is written.
    fn as_written(&self, mark: Mark) -> Mark {
        self.substituted.as_ref().map_or(mark, |s| s.written_mark(mark))
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: Location,
    /// The line as it is written, if there is one.
    pub line: Option<String>,
    /// How many characters of it are meant.
    pub width: u32,
    /// What is wrong, one line.
    pub what: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Fault {
    /// One about a file as a whole.
    pub(crate) fn file(name: &str, what: impl Into<String>) -> Self {
        let at = Location { file: name.into(), line: 0, column: 0 };
        Self { at, line: None, width: 0, what: what.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)?;
        let number = self.at.line.to_string();
        let margin = " ".repeat(number.len());
        if let Some(line) = &self.line {
            let before = (self.at.column as usize).saturating_sub(1);
            // A tab stays a tab, so that the caret stands below what it means.
            let indent: String = line.chars().take(before).map(|c| if c == '\t' { c } else { ' ' }).collect();
            let left = line.trim_end().chars().count().saturating_sub(before);
            let carets = "^".repeat((self.width as usize).clamp(1, left.max(1)));
            write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}{carets}", line.trim_end())?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{margin} = {help}")?;
        }
        Ok(())
    }
}

/// A scenario that cannot be used: everything that was found wrong with it, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// In the order of the file.
    pub faults: Vec<Fault>,
}

impl From<Fault> for ScenarioError {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// "did you mean `x`?" for what is probably a slip of the pen.
pub(super) fn did_you_mean<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wrong, right).map(|near| format!("did you mean `{near}`?"))
}

/// As [`did_you_mean`], else all that is possible.
pub(super) fn one_of(wrong: &str, right: &[&str]) -> String {
    did_you_mean(wrong, right.iter().copied()).unwrap_or_else(|| match right {
        [] => "nothing can stand here".into(),
        right => format!("possible: {}", right.iter().map(|r| format!("`{r}`")).collect::<Vec<_>>().join(", ")),
    })
}

fn nearest<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let farthest = (wrong.chars().count() / 3).max(1);
    right
        .into_iter()
        .map(|r| (strsim::damerau_levenshtein(&wrong, &r.to_lowercase()), r))
        .filter(|(distance, _)| *distance <= farthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, r)| r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_what_is_meant() {
        let text = Text::new("a.yaml", "one:\n\ttwo: thre  \n");
        let fault =
            text.fault(Mark { line: 2, column: 7, width: 4 }, "unknown number `thre`").help("did you mean `three`?");
        insta::assert_snapshot!(fault.to_string(), @r"
        a.yaml:2:7: unknown number `thre`
          |
        2 | 	two: thre
          | 	     ^^^^
          = did you mean `three`?
        ");
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        assert_eq!(did_you_mean("wieght", ["step", "weight"]).as_deref(), Some("did you mean `weight`?"));
        assert_eq!(did_you_mean("healthy", ["Healthy"]).as_deref(), Some("did you mean `Healthy`?"));
        assert_eq!(did_you_mean("colour", ["step", "weight"]), None);
        assert_eq!(one_of("colour", &["step", "weight"]), "possible: `step`, `weight`");
    }
}
