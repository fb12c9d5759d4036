//! cli

pub mod doctor;
pub mod parts;
