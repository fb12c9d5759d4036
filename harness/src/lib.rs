//! **proofroll**: an end-to-end test harness and conformance suite for the Argo Rollouts controller.
//!
//! The way of the data, one direction, a folder for each word:
//!
//! ```text
//! fixtures -> scenario (what is to happen) -> run -> act (does it) -> API server
//!                                             timeline (what was seen) <- watches
//!                       expect (what must be seen) <- timeline -> verdict -> report
//! ```

pub mod act;
pub mod behaviour;
pub mod cli;
pub mod cluster;
pub mod containers;
pub mod controller;
pub mod coverage;
pub mod expect;
pub mod fuzz;
pub mod images;
pub mod metrics;
pub mod model;
pub mod parts;
pub mod pods;
pub mod process;
pub mod progress;
pub mod releases;
pub mod report;
pub mod rollout;
pub mod run;
pub mod sabotage;
pub mod scenario;
pub mod timeline;
pub mod timeouts;
pub mod traffic;
pub mod upgrade;
pub mod view;
