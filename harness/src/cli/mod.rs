//! cli

pub mod plane;
