//! Recorded streams: one watch event a line, `{"t": seconds, "k": kind, "e": event, "o": object}`.
//! Failures leave such a file behind, and the timeline's tests replay one.

use std::io::{self, BufRead, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{history::History, kind::Kind, log::Log, stream::Stream};

/// One line of a recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// When it arrived, seconds since 1970.
    pub t: f64,
    /// The kind, short: `rollout`, `rs`, `pod`, `svc`, `event`; others by their name.
    pub k: String,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub e: String,
    /// The object.
    pub o: Value,
}

const SHORT: [(&str, Kind); 5] = [
    ("rollout", Kind::Rollout),
    ("rs", Kind::ReplicaSet),
    ("pod", Kind::Pod),
    ("svc", Kind::Service),
    ("event", Kind::Event),
];

fn kind_of(line: &Line) -> Kind {
    let short = SHORT.iter().find(|(short, _)| *short == line.k).map(|(_, kind)| *kind);
    let named = || Kind::ALL.into_iter().find(|kind| kind.name() == line.k);
    short.or_else(named).unwrap_or_else(|| {
        let field = |name: &str| line.o[name].as_str().unwrap_or_default();
        // The plural is a guess; nobody watches these objects.
        Kind::other(&line.k, field("apiVersion"), field("kind"), &format!("{}s", field("kind").to_lowercase()))
    })
}

fn name_of(kind: Kind) -> &'static str {
    SHORT.iter().find(|(_, k)| *k == kind).map_or(kind.name(), |(short, _)| short)
}

/// Reads a recording's lines.
///
/// # Errors
/// Where a line can't be read or is no line of a recording; the message has its number.
pub fn read(from: impl BufRead) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (number, line) in from.lines().enumerate() {
        let line = serde_json::from_str(&line?)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {e}", number + 1)))?;
        lines.push(line);
    }
    Ok(lines)
}

/// Replays lines, in the order given, through one stream for each kind into a log that is then
/// complete.
pub fn replay(lines: &[Line]) -> Log {
    let mut log = Log::default();
    let mut streams: Vec<Stream> = Kind::ALL.into_iter().map(Stream::new).collect();
    let mut highest = 0;
    for stream in &mut streams {
        for observation in stream.listed(Vec::new(), 0) {
            log.record(observation, Timestamp::UNIX_EPOCH);
        }
    }
    for line in lines {
        let kind = kind_of(line);
        let known = streams.iter().position(|stream| stream.kind() == kind);
        let stream = known.unwrap_or_else(|| {
            let mut stream = Stream::new(kind);
            stream.listed(Vec::new(), 0).into_iter().for_each(|o| log.record(o, Timestamp::UNIX_EPOCH));
            streams.push(stream);
            streams.len() - 1
        });
        let stream = &mut streams[stream];
        let object = line.o.clone();
        highest = highest.max(super::stream::resource_version(&object));
        let observations = if line.e == "DELETED" { stream.deleted(object) } else { stream.changed(object) };
        let at = seconds(line.t);
        observations.into_iter().for_each(|observation| log.record(observation, at));
    }
    log.complete(highest);
    log
}

/// Writes a history as a recording.
///
/// # Errors
/// Where `to` can't be written.
pub fn write(history: &History, to: &mut impl Write) -> io::Result<()> {
    let mut known = std::collections::HashSet::new();
    for entry in history.entries() {
        let event = match (entry.deleted, known.insert(entry.object.uid.clone())) {
            (true, _) => "DELETED",
            (false, true) => "ADDED",
            (false, false) => "MODIFIED",
        };
        let line = Line {
            t: entry.arrived.as_duration().as_secs_f64(),
            k: name_of(entry.kind()).to_owned(),
            e: event.to_owned(),
            o: entry.object.raw.clone(),
        };
        serde_json::to_writer(&mut *to, &line)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// Seconds since 1970 as a timestamp; 1970 itself for what no timestamp can hold.
#[expect(clippy::cast_possible_truncation, reason = "microseconds of this century fit")]
fn seconds(t: f64) -> Timestamp {
    Timestamp::from_microsecond((t * 1e6) as i64).unwrap_or_default()
}
