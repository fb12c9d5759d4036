//! What became of each request, as the probe tells it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

/// An answer, good or bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// When the request was sent.
    pub at: Timestamp,
    /// Until the answer was read.
    pub took: Duration,
    /// Its HTTP status.
    pub status: u16,
    /// The colour of the application that answered; empty if another program did.
    pub colour: String,
    /// The name of the pod that answered; empty if another program did.
    pub host: String,
}

/// A request without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When the request was sent.
    pub at: Timestamp,
    /// Until that was known.
    pub took: Duration,
    /// Why: `dial: connect: connection refused`.
    pub why: String,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// There was an answer.
    Answer(Answer),
    /// There was none.
    Failure(Failure),
}

impl Seen {
    /// When the request was sent.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Answer(answer) => answer.at,
            Self::Failure(failure) => failure.at,
        }
    }

    /// Why a user would call it failed: no answer, or one that says that the server failed.
    pub fn failed(&self) -> Option<String> {
        match self {
            Self::Answer(answer) if answer.status >= 500 => Some(format!("status {}", answer.status)),
            Self::Answer(_) => None,
            Self::Failure(failure) => Some(failure.why.clone()),
        }
    }
}

/// A stretch of time: its beginning belongs to it, its end does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From this moment.
    pub from: Timestamp,
    /// Up to this one.
    pub to: Timestamp,
}

impl Window {
    /// The requests that were sent in it.
    pub fn of<'a>(&self, seen: &'a [Seen]) -> impl Iterator<Item = &'a Seen> + use<'a> {
        let Self { from, to } = *self;
        seen.iter().filter(move |one| from <= one.at() && one.at() < to)
    }
}

/// Which revision an answer came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Name of a pod to the revision of its ReplicaSet. It goes first.
    pub hosts: BTreeMap<String, u64>,
    /// Colour to revision, where each revision has another one.
    pub colours: BTreeMap<String, u64>,
}

impl Revisions {
    /// That of this answer; None if nobody knows who it was.
    pub fn of(&self, answer: &Answer) -> Option<u64> {
        self.hosts.get(&answer.host).or_else(|| self.colours.get(&answer.colour)).copied()
    }
}

/// One answer of the probe's `/results?from=N`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The results, in the order in which requests ended.
    pub seen: Vec<Seen>,
    /// The number to ask from the next time.
    pub next: u64,
    /// How many results before these are lost: nobody has asked for them in time.
    pub lost: u64,
}

/// A line that is no result of the probe.
#[derive(Debug, thiserror::Error)]
#[error("this is no result of the probe: {line}: {source}")]
pub struct NotAResult {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Lost { lost: u64 },
    Result(Written),
}

/// A result as the probe writes it; times in nanoseconds.
#[derive(Deserialize)]
struct Written {
    n: u64,
    at: i64,
    took: u64,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    colour: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    error: Option<String>,
}

impl Page {
    /// Reads what the probe answered when it was asked from number `from` on.
    ///
    /// # Errors
    /// With the first line that is not understood.
    pub fn read(text: &str, from: u64) -> Result<Self, NotAResult> {
        let mut page = Self { next: from, ..Self::default() };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str(line).map_err(|source| NotAResult { line: line.to_owned(), source })? {
                Line::Lost { lost } => page.lost += lost,
                Line::Result(written) => {
                    page.next = written.n + 1;
                    page.seen.push(written.into());
                }
            }
        }
        Ok(page)
    }
}

impl From<Written> for Seen {
    fn from(written: Written) -> Self {
        let Written { at, took, status, colour, host, error, .. } = written;
        // 64 bits of nanoseconds end in 2262, well within a Timestamp.
        let at = Timestamp::from_nanosecond(at.into()).unwrap_or(Timestamp::UNIX_EPOCH);
        let took = Duration::from_nanos(took);
        match error {
            Some(why) => Self::Failure(Failure { at, took, why }),
            None => Self::Answer(Answer { at, took, status, colour, host }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERED: &str = r#"
{"lost":40}
{"n":40,"at":1763890000000000001,"took":1500000,"status":200,"colour":"blue","host":"a-1"}
{"n":41,"at":1763890001000000000,"took":2000000000,"error":"timeout"}
{"n":42,"at":1763890002000000000,"took":900000,"status":500,"colour":"red","host":"b-1"}
{"n":43,"at":1763890003000000000,"took":900000,"status":404}
"#;

    #[test]
    fn the_probes_lines_are_read() {
        let page = Page::read(ANSWERED, 0).unwrap();
        assert_eq!((page.next, page.lost), (44, 40));
        let at = |nanoseconds: i128| Timestamp::from_nanosecond(nanoseconds).unwrap();
        let (colour, host) = ("blue".to_owned(), "a-1".to_owned());
        let took = Duration::from_micros(1500);
        let first = Answer { at: at(1_763_890_000_000_000_001), took, status: 200, colour, host };
        assert_eq!(page.seen[0], Seen::Answer(first));
        let failed: Vec<_> = page.seen.iter().map(Seen::failed).collect();
        assert_eq!(failed, [None, Some("timeout".into()), Some("status 500".into()), None]);
    }

    #[test]
    fn nothing_new_is_no_fault() {
        assert_eq!(Page::read("", 7).unwrap(), Page { next: 7, ..Page::default() });
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let error = Page::read("{\"n\":1,\"at\":1,\"took\":1}\n<html>", 0).unwrap_err().to_string();
        assert!(error.starts_with("this is no result of the probe: <html>: "), "{error}");
    }

    #[test]
    fn a_window_has_its_beginning_and_not_its_end() {
        let seen = Page::read(ANSWERED, 0).unwrap().seen;
        let window = Window { from: seen[1].at(), to: seen[3].at() };
        assert_eq!(window.of(&seen).collect::<Vec<_>>(), [&seen[1], &seen[2]]);
    }

    #[test]
    fn a_pods_name_counts_more_than_its_colour() {
        let revisions = Revisions {
            hosts: [("a-1".to_owned(), 1)].into(),
            colours: [("blue".to_owned(), 3), ("red".to_owned(), 2)].into(),
        };
        let of: Vec<_> = Page::read(ANSWERED, 0)
            .unwrap()
            .seen
            .iter()
            .filter_map(|seen| if let Seen::Answer(answer) = seen { Some(revisions.of(answer)) } else { None })
            .collect();
        assert_eq!(of, [Some(1), Some(2), None]);
    }
}
