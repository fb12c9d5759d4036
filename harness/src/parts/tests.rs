//! Parts, made with a `go` that is a script ([`fake_go`]); and, on demand, with the real one.

mod archive;
mod controllers;
mod damaged;
mod demo;
pub(in crate::parts) mod fake_go;
mod finding;
mod once;

use super::*;
use crate::{controller::ControllerSpec, progress::Progress};

/// Prints all that it hears.
struct Loud;

impl Progress for Loud {
    fn say(&self, line: &str) {
        eprintln!("{line}");
    }
    fn update(&self, line: &str) {
        eprintln!("  {line}");
    }
}

#[test]
#[ignore = "takes minutes where the cache is empty: try the pins with `cargo test real_parts -- --ignored --nocapture`"]
fn real_parts() {
    let parts = Parts::from_env().unwrap();
    eprintln!("{}", crate::cli::doctor::run(&parts).0);
    eprintln!("{}", crate::cli::parts::build(&parts, &[], &Loud).unwrap());
    let started = std::time::Instant::now();
    let found = parts.find_all(&PartName::all(), &Loud).unwrap();
    eprintln!("all {} again: {:?}", found.len(), started.elapsed());
    let controller = parts.controller(&ControllerSpec::default(), None, &Loud).unwrap();
    assert!(controller.manifests.crds().len() >= 5, "{controller:?}");
    eprintln!("{}", crate::cli::parts::list(&parts));
}
