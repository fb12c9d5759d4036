//! Values that a scenario compares with: numbers with comparisons, texts, spans of time, shares, all of
//! these by release, and patterns ([`Pattern`]) with CEL expressions for objects of any kind.

mod cel;
mod number;
mod pattern;
mod plain;
mod release;
mod share;
mod text;
mod words;

pub use self::{
    cel::Expression,
    number::Number,
    pattern::{Expressions, Fields, Pattern, Plain, Quantifier, Word},
    plain::Span,
    release::{ByRelease, Comparison, ReleaseCase, matches},
    share::Share,
    text::Text,
    words::inner,
};
