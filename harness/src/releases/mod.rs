//! Several releases of the controller, side by side in one table.
//!
//! - [`range`]: which releases, `>=1.7` of those that are pinned.
//! - [`matrix`]: how each scenario ended on each of them; JSON with a schema.
//! - [`table`]: the same for people.
//!
//! Each release gets a control plane with its own custom resources and its own RBAC. What releases may
//! differ in stands in the scenarios (`when:`, `releases:`, `known:`); a matrix loosens nothing.

pub mod matrix;
pub mod range;
pub mod table;

pub use matrix::{Cell, Column, Matrix, Row, schema};
pub use range::{BadRange, Range};
