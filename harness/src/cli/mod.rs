//! What a person types and reads.

pub mod list;
