//! A scenario: one case of the suite, a YAML file. Here is its model ([`model`]), the values that
//! it compares with ([`value`]), and the way from text to model with errors that name
//! file, line and column.

mod fault;
pub mod model;
mod tree;
pub mod value;
mod yaml;

pub use fault::{Fault, Location, ScenarioError};
