//! The controller is replaced under live Rollouts, as people do it: nothing may move.
//!
//! A scenario says where: `controller: swap`. In an ordinary run the new controller is of the same release.
//! Under `proofroll upgrade FROM TO` it is TO ([`Swap`]):
//!
//! ```text
//! every scenario brings its Rollout to its state under FROM  -> they meet: all are there
//! -> TO's custom resources are applied, once for all         -> each swaps its controller
//! -> TO has reconciled the Rollout twice                     -> nothing has moved ([`moved`])
//! -> the rest of the scenario: promote, abort, roll back, scale under TO
//! ```
//!
//! What stands to be upgraded are live Rollouts, so all scenarios stand at their swaps together, on one
//! control plane that nobody else uses.
//!
//! [`fleet`] does the same with somebody's own Rollouts, of which nothing is known beforehand.

pub mod fleet;
mod meeting;
pub mod moved;
mod pairs;
mod swap;

pub use moved::{Moved, moved};
pub use pairs::{Pair, all_pairs};
pub use swap::{How, Swap};
