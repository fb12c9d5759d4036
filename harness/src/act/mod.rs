//! Does the actions of a scenario: what a person would do with `kubectl` and its Argo Rollouts
//! plugin, by the same requests.
//!
//! - [`Actor`] is the hand: one method for each action, each answers with [`Done`]: the objects as
//!   the API server returned them (their resourceVersions open the gate of a step), whether
//!   anything changed, and the command that a person would have typed.
//! - [`apply`](Actor::apply) is kubectl's client-side three-way merge (`merge`, `schema`).
//! - `promote`, `image` and `undo` hold the parts of the plugin that decide something, as
//!   pure functions from objects to patches; `simple` the actions that decide nothing; `pods` plays the
//!   part of a kubelet.
//! - [`plugin`] does those actions for which the plugin has a command by the plugin itself ([`Driver`]).
//! - `second` waits for a new second before an action that makes a revision.
//!
//! Errors tell three things apart: the API server said no ([`ActError::Rejected`], which may be a
//! finding about the controller's CRDs), the plugin itself would have said no
//! ([`ActError::Refused`]), or there was nobody to say anything ([`ActError::Unreachable`]).

mod actor;
mod apply;
mod driver;
mod error;
mod image;
mod json;
mod kinds;
mod merge;
pub mod plugin;
mod pods;
mod promote;
mod schema;
mod second;
mod simple;
mod touch;
mod undo;

pub use actor::{Actor, Done, ObjectRef};
pub use driver::Driver;
pub use error::ActError;
pub use kinds::Kinds;
pub use second::{Compared, compared, wait_for_new_second};
