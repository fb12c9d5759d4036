//! The preflight: what an upgrade of the controller would do to somebody's own Rollouts.
//!
//! ```text
//! files -> Rollouts and what they name ([`read`]) -> as new ones ([`strip`]), with what is missing made up ([`stub`])
//!       -> as they can be played without nodes, routers and metrics ([`adapt`]; each change is said)
//!       -> each healthy, and paused in an update, under the old release; the controller is replaced by itself, which
//!          must move nothing, and by the new one ([`play`])
//!       -> what has moved, and what that means ([`compare`]) -> which part of the spec makes it move ([`blame`])
//!       -> a table ([`table`]) and a report ([`report`])
//! ```
//!
//! Nothing of the fleet's own is contacted: pods are fake, metrics are stubs, and the controllers know no cluster but
//! the plane.

pub mod adapt;
mod binder;
mod bins;
pub mod blame;
mod cell;
mod cluster;
pub mod compare;
mod hand;
mod member;
pub mod parts;
pub mod play;
pub mod read;
mod replace;
pub mod report;
mod setting;
mod settle;
pub mod strip;
pub mod stub;
pub mod table;

pub use cell::{Cell, Fate, State};
pub use cluster::read_cluster;
pub use compare::{Effect, Touch};
pub use member::{Member, members};
pub use play::play;
pub use read::{Input, ReadError, read};
pub use report::FleetReport;
pub use setting::Stage;
