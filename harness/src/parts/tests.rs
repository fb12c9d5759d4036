//! Parts against a `go` that is a script ([`fake_go`]).

mod fake_go;

use super::*;
use crate::progress::Progress;

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
#[ignore = "builds for minutes where the cache is empty; for trying the pins: `cargo test real_parts -- --ignored --nocapture`"]
fn real_parts() {
    let parts = Parts::from_env().unwrap();
    let names = match std::env::var("PROOFROLL_TEST_PART") {
        Ok(name) => vec![name.parse().unwrap()],
        Err(_) => PartName::all(),
    };
    let started = std::time::Instant::now();
    let found = parts.find_all(&names, &Loud).unwrap();
    eprintln!("{found:#?}\n{:?}", started.elapsed());
    let spec = crate::controller::ControllerSpec::default();
    eprintln!("{:#?}", parts.controller(&spec, None, &Loud).unwrap());
}
