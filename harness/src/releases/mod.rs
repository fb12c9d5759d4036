//! Several releases of the controller, side by side in one table.
//!
//! - [`range`]: which releases, `>=1.7` of those that are pinned.
//! - [`matrix`]: how each scenario ended on each of them; JSON with a schema.
//! - [`vector`]: of each upstream bug that a scenario knows, on which releases it should show and on which it does.
//! - [`table`]: the same for people.
//!
//! Each release gets a control plane with its own custom resources and its own RBAC. What releases may
//! differ in stands in the scenarios (`when:`, `releases:`, `known:`); a matrix loosens nothing.

pub mod matrix;
pub mod range;
pub mod table;
pub mod vector;

pub use matrix::{Cell, Column, Matrix, Row, schema};
pub use range::{BadRange, Range};
pub use vector::{Mark, Vector};
