//! The events in the life of a fake pod, as the stages of `fixtures/stages` read and write them.
//!
//! An event is a condition of the pod's status: its type is [`PREFIX`] and the name; `False` as long
//! as it is to come, the message the time at which it is due; `True` when it has happened, `Unknown`
//! when it was called off. kwok plays the earliest one that is to come.

use std::fmt;

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use serde_json::{Value, json};

/// What the types of these conditions begin with. Not that of the annotations: a readiness gate may
/// have any name.
pub const PREFIX: &str = "script.proofroll.dev/";

/// An event in the life of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Its containers start again.
    Start,
    /// Its containers become ready.
    Ready,
    /// Its containers become unready.
    Unready,
    /// Its containers end; the reason is the exit code.
    Exit,
    /// Its containers wait; the reason is theirs.
    Waiting,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Start, Self::Ready, Self::Unready, Self::Exit, Self::Waiting];

    /// The type of its condition.
    pub fn condition(self) -> String {
        format!("{PREFIX}{self}")
    }

    /// The condition of an event that is due at `time`.
    pub fn due(self, time: Timestamp, reason: &str) -> Value {
        json!({"type": self.condition(), "status": "False", "reason": reason, "message": written(time)})
    }

    /// The condition of an event that was called off.
    pub fn called_off(self) -> Value {
        json!({"type": self.condition(), "status": "Unknown"})
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Ready => "ready",
            Self::Unready => "unready",
            Self::Exit => "exit",
            Self::Waiting => "waiting",
        })
    }
}

/// Of fixed width, as the stages write it: the texts are in the order of the times.
fn written(time: Timestamp) -> String {
    DateTimePrinter::new().precision(Some(9)).timestamp_to_string(&time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_texts() {
        let whole = Timestamp::from_second(1_790_000_000).unwrap();
        let later = Timestamp::new(1_790_000_000, 5).unwrap();
        assert_eq!(written(whole), "2026-09-21T14:13:20.000000000Z");
        assert!(written(whole) < written(later));
    }
}
