//! A metric server of the harness's own, for `web` metrics of AnalysisTemplates: each scenario that
//! needs one has its own on loopback, answers what the scenario's script says, and counts who asked.
//!
//! Manifests name its address with [`placeholder::TEXT`]: `url: ${metrics}/success-rate` is answered with
//! `{"value": ...}`, which `jsonPath: "{$.value}"` reads.

pub mod placeholder;
mod server;

pub use server::MetricServer;
