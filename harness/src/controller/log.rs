//! The controller's log: one entry a line (logrus), as JSON where we start it and as `key=value` where
//! it runs as it was installed; klog, panics and goroutine dumps are plain text. Positions are byte
//! offsets into the file.

use std::{
    fmt, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{logfmt, signing::WRITER};

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// Where it begins in the file, bytes.
    pub offset: u64,
    /// Where the next one begins, bytes.
    pub end: u64,
    /// What it says.
    pub content: Content,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A line of the controller's own logger.
    Entry(Entry),
    /// Anything else, as it stands.
    Raw(String),
}

/// A line of the controller's own logger.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When, by the controller's clock; whole seconds.
    pub time: Option<Timestamp>,
    /// `info`, `warning`, `error`, ...
    pub level: String,
    /// The message.
    pub msg: String,
    /// All other fields, as `rollout`, `namespace`, `resourceVersion`.
    pub fields: Map<String, Value>,
}

impl LogLine {
    /// Parses one line, without its newline.
    pub fn parse(offset: u64, text: &str) -> Self {
        let end = offset + text.len() as u64 + 1;
        let content = match entry(text) {
            Some(entry) => Content::Entry(entry),
            None => Content::Raw(text.to_owned()),
        };
        Self { offset, end, content }
    }

    /// The message; the whole line where it is plain text.
    pub fn msg(&self) -> &str {
        match &self.content {
            Content::Entry(entry) => &entry.msg,
            Content::Raw(text) => text,
        }
    }

    /// The text of a field; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        match &self.content {
            Content::Entry(entry) => entry.fields.get(name).and_then(Value::as_str).unwrap_or_default(),
            Content::Raw(_) => "",
        }
    }

    /// Which of several controllers wrote it; empty where there is but one.
    pub fn writer(&self) -> &str {
        self.field(WRITER)
    }

    /// Whether it is about this Rollout.
    pub fn is_about(&self, namespace: &str, rollout: &str) -> bool {
        self.field("namespace") == namespace && self.field("rollout") == rollout
    }
}

fn entry(text: &str) -> Option<Entry> {
    let mut fields: Map<String, Value> =
        if text.starts_with('{') { serde_json::from_str(text).ok()? } else { logfmt::fields(text)? };
    let mut take = |name: &str| match fields.shift_remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (level, msg) = (take("level")?, take("msg")?);
    let time = take("time").and_then(|t| t.parse().ok());
    Some(Entry { time, level, msg, fields })
}

/// For people: `04:16:38 info  Started syncing rollout (generation=1 resourceVersion=326)`. The
/// namespace is left out (a scenario has one), and so are the Rollout and what is empty.
impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { time, level, msg, fields } = match &self.content {
            Content::Entry(entry) => entry,
            Content::Raw(text) => return f.write_str(text.trim_end()),
        };
        match time {
            Some(time) => write!(f, "{} ", time.strftime("%H:%M:%S"))?,
            None => f.write_str("         ")?,
        }
        let level = if level == "warning" { "warn" } else { level };
        // Further lines of a message stand below its first.
        write!(f, "{level:<5} {}", msg.trim_end().replace('\n', "\n               "))?;
        let mut separator = " (";
        for (name, value) in fields {
            if matches!(name.as_str(), "namespace" | "rollout" | "event-reason") || value.as_str() == Some("") {
                continue;
            }
            f.write_str(separator)?;
            separator = " ";
            match value {
                Value::String(text) => write!(f, "{name}={text}")?,
                Value::Number(number) if number.is_f64() => {
                    write!(f, "{name}={:.1}", number.as_f64().unwrap_or_default())?;
                }
                other => write!(f, "{name}={other}")?,
            }
        }
        if separator == " " { f.write_str(")") } else { Ok(()) }
    }
}

/// The log file of one controller, over all its restarts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
    file: Arc<std::fs::File>,
    /// Of a controller that serves many: only what is said of this namespace is read.
    only: Option<Arc<str>>,
    is_behind: bool,
}

impl Log {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: Arc::new(std::fs::File::open(path)?), only: None, is_behind: false })
    }

    /// Opens the log of a controller that serves many namespaces, for what it says of this one: the
    /// lines that name it. (Names of namespaces end in a random suffix: no other line does.)
    ///
    /// Somebody else writes this file, a moment after the controller has spoken: see
    /// [`Self::is_behind`].
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn of_namespace(path: &Path, namespace: &str) -> io::Result<Self> {
        Ok(Self { only: Some(namespace.into()), is_behind: true, ..Self::open(path)? })
    }

    /// Opens a log that several controllers write to: their lines come signed, and so a moment later
    /// ([`Self::is_behind`]).
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn of_several(path: &Path) -> io::Result<Self> {
        Ok(Self { is_behind: true, ..Self::open(path)? })
    }

    /// Whether its end may be behind what the controller has said already.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The end of what has been written so far, bytes.
    ///
    /// # Errors
    /// As `stat`.
    pub fn position(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// The lines that begin at or after `from` and before `to`. A last line that is still being
    /// written is left out.
    ///
    /// # Errors
    /// As reading.
    pub fn slice(&self, from: u64, to: u64) -> io::Result<Vec<LogLine>> {
        // As far as a line that begins before `to` may reach.
        const LONGEST: u64 = 1024 * 1024;
        let end = self.position()?.min(to.saturating_add(LONGEST));
        let mut tail = LogTail { log: self.clone(), offset: from };
        let mut lines = tail.read(end)?;
        lines.retain(|line| line.offset < to);
        Ok(lines)
    }

    /// The lines of a stretch, of a long one only those at its end. Tells whether that is all of it.
    ///
    /// # Errors
    /// As reading.
    pub fn end_of(&self, from: u64, to: u64) -> io::Result<(Vec<LogLine>, bool)> {
        // A controller that runs in a circle writes hundreds of megabytes.
        const WINDOW: u64 = 256 * 1024;
        let begin = from.max(to.saturating_sub(WINDOW));
        let mut lines = self.slice(begin, to)?;
        if begin > from && !lines.is_empty() {
            lines.remove(0);
        }
        Ok((lines, begin == from))
    }

    /// The last `count` lines that stand there.
    ///
    /// # Errors
    /// As reading.
    pub fn last(&self, count: usize) -> io::Result<Vec<LogLine>> {
        let (mut lines, _) = self.end_of(0, self.position()?)?;
        Ok(lines.split_off(lines.len().saturating_sub(count)))
    }

    /// Copies all of it into a new file, even if it has been removed from its directory since.
    ///
    /// # Errors
    /// As reading and writing.
    pub fn copy_to(&self, path: &Path) -> io::Result<()> {
        if let Some(only) = &self.only {
            let all = io::read_to_string(std::fs::File::open(&self.path)?)?;
            let lines = all.split_inclusive('\n').filter(|line| line.contains(&**only));
            return std::fs::write(path, lines.collect::<String>());
        }
        let mut bytes = vec![0; usize::try_from(self.position()?).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0)?;
        std::fs::write(path, bytes)
    }

    /// Follows the file from `offset` on.
    pub fn tail(&self, offset: u64) -> LogTail {
        LogTail { log: self.clone(), offset }
    }
}

/// Follows a log, without reading anything twice.
#[derive(Debug, Clone)]
pub struct LogTail {
    log: Log,
    offset: u64,
}

impl LogTail {
    /// The lines that were completed since the last call.
    ///
    /// # Errors
    /// As reading.
    pub fn next_lines(&mut self) -> io::Result<Vec<LogLine>> {
        let end = self.log.position()?;
        self.read(end)
    }

    fn read(&mut self, end: u64) -> io::Result<Vec<LogLine>> {
        let Some(length) = end.checked_sub(self.offset).and_then(|l| usize::try_from(l).ok()).filter(|l| *l > 0) else {
            return Ok(Vec::new());
        };
        let mut bytes = vec![0; length];
        self.log.file.read_exact_at(&mut bytes, self.offset)?;
        let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1);
        let mut lines = Vec::new();
        for line in bytes[..complete].split_inclusive(|b| *b == b'\n') {
            let text = String::from_utf8_lossy(&line[..line.len() - 1]);
            let mut parsed = LogLine::parse(self.offset, &text);
            // What is not UTF-8 changes its length when it is made so.
            parsed.end = self.offset + line.len() as u64;
            self.offset = parsed.end;
            if self.log.only.as_ref().is_none_or(|only| text.contains(&**only)) {
                lines.push(parsed);
            }
        }
        Ok(lines)
    }
}

/// Lines for people, one below the other; `(nothing)` where there are none.
pub fn render(lines: &[LogLine]) -> String {
    if lines.is_empty() {
        return "(nothing)\n".to_owned();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
