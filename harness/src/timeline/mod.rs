//! What was seen: everything that the API server showed of a namespace, from before the first
//! action on. This is what all verdicts stand on.
//!
//! ```text
//! raw watches ([`watch`]) -> one stream's account ([`stream`]) -> the log ([`log`])
//!                                                                    |  barrier ([`barrier`])
//!                                                                    v
//!                                     the completed history ([`history`]) -> expect
//! ```
//!
//! Streams of different kinds arrive unsynchronised: a pod may be seen ready before the ReplicaSet
//! that made it. So nothing is judged on arrival. A **barrier** first makes sure that every stream
//! has come to one common point; up to that point the log is complete, is put into the order of
//! resourceVersions (the order in which the API server's store accepted the writes) and becomes
//! [`History`]: a sequence of states of the whole namespace, in which each write is one step.
//!
//! Where a watch was cut and the server could not replay what was missed, the stream says so
//! ([`stream::Gap`]); no claim about "never" is made over a gap.

pub mod barrier;
pub mod history;
pub mod kind;
pub mod log;
pub mod marker;
pub mod object;
pub mod pauses;
pub mod recording;
pub mod stream;
pub mod watch;
pub mod world;

pub use barrier::BarrierError;
pub use history::{History, Point};
pub use kind::Kind;
pub use log::Log;
pub use object::{Object, Typed};
pub use stream::{Gap, Observation};
pub use watch::{Timeline, Watched};
pub use world::World;

#[cfg(test)]
mod log_tests;
