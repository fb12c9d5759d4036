//! The names of a step's claims, as `known` and reports write them: `never[1]`, `hold`, `pauses[3]`.

use std::{fmt, str::FromStr};

/// The name of a claim. Lists count from 1, pauses by the index of their step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimName {
    /// A state of `never`.
    Never(usize),
    /// A state of `always`.
    Always(usize),
    /// A state of `through`.
    Through(usize),
    /// `hold`
    Hold,
    /// A timed pause.
    Pause(usize),
    /// The list of events.
    Events,
    /// How often metrics are asked for.
    Requests,
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never(n) => write!(f, "never[{n}]"),
            Self::Always(n) => write!(f, "always[{n}]"),
            Self::Through(n) => write!(f, "through[{n}]"),
            Self::Hold => f.write_str("hold"),
            Self::Events => f.write_str("events"),
            Self::Requests => f.write_str("requests"),
            Self::Pause(n) => write!(f, "pauses[{n}]"),
        }
    }
}

impl FromStr for ClaimName {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "hold" => return Ok(Self::Hold),
            "events" => return Ok(Self::Events),
            "requests" => return Ok(Self::Requests),
            _ => {}
        }
        let (word, number) = s.strip_suffix(']').and_then(|s| s.split_once('[')).ok_or(())?;
        let number = number.parse().map_err(|_| ())?;
        match word {
            "never" => Ok(Self::Never(number)),
            "always" => Ok(Self::Always(number)),
            "through" => Ok(Self::Through(number)),
            "pauses" => Ok(Self::Pause(number)),
            _ => Err(()),
        }
    }
}
