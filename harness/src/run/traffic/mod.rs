//! Requests that are sent while a scenario runs, and what is held against them.
//!
//! ```text
//! Probe    a pod in the cluster that sends them: what is measured is the way through the Service
//! Sending  reads what became of them, and cuts that where actions are done
//! settled  from where on the Service sends to the pods that are ready, and to no others
//! ```
//!
//! What became of the requests is told in the order in which they ended. Cutting there, and not by time,
//! needs no clock that the cluster and this machine would have in common.

mod probe;
mod sending;
mod settled;

pub(super) use sending::Sending;
