//! Values that a scenario compares with: numbers with comparisons, texts, spans of time, shares, and
//! most of these by release.

mod number;
mod plain;
mod release;
mod share;
mod text;

pub use self::{
    number::Number,
    plain::Span,
    release::{ByRelease, Comparison, ReleaseCase, matches},
    share::Share,
    text::Text,
};
