//! Values that a scenario compares with: numbers with comparisons, texts, spans of time, and all
//! of these by release.

mod number;
mod plain;
mod release;
mod text;

pub use self::{
    number::Number,
    plain::Span,
    release::{ByRelease, Comparison, ReleaseCase, matches},
    text::Text,
};
