//! A scenario: one case of the suite, a YAML file. Here is its model ([`model`]), the values that
//! it compares with ([`value`]), and the way from text to a [`Scenario`] that is ready to run, with
//! errors that name file, line and column.
//!
//! ```text
//! Library (built in, --fixtures, a user's file)
//!   -> text -> one text for each case -> tree (places) + model (types) -> checks
//!   -> manifests, actions -> Scenario -> gate
//! ```

mod action;
mod breaks;
mod cases;
mod check;
mod claim_name;
mod describe;
mod family;
mod fault;
mod files;
mod gate;
mod generate;
mod known;
mod library;
mod load;
mod manifest;
pub mod model;
mod needs;
mod schema;
mod set;
mod tree;
pub mod value;
mod yaml;

pub use self::{
    action::Action,
    breaks::{LoadedBreak, Target},
    cases::Case,
    claim_name::ClaimName,
    family::Family,
    fault::{Fault, Location, ScenarioError},
    gate::{Capabilities, Gate, gate, known_releases},
    generate::{Generated, generate},
    known::{LoadedKnown, Sign},
    library::{Features, Library},
    load::{LoadedStep, Scenario, WITHIN},
    manifest::Manifest,
    schema::schema,
};

pub(crate) use self::{
    fault::{Mark, Text},
    yaml::everything,
};

#[cfg(test)]
pub(crate) use self::tests::in_repository;

#[cfg(test)]
mod tests;
