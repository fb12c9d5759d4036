//! The demo application, built with the real Go: it is ours, so its own tests run here too.

use std::{path::Path, process::Command};

use crate::{
    parts::{FoundPart, Origin, PartName, Parts, PartsOptions},
    progress::Silent,
};

fn built_in(cache: &Path) -> FoundPart {
    Parts::new(PartsOptions::with_cache(cache)).find(&PartName::RolloutsDemo, &Silent).unwrap()
}

#[test]
fn two_builds_are_the_same_to_the_byte() {
    let caches = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = caches.each_ref().map(|cache| built_in(cache.path()));
    assert!(matches!((&one.origin, &other.origin), (Origin::Made(_), Origin::Made(_))), "{one:?} {other:?}");
    assert_eq!(one.sha256, other.sha256);
    assert!(matches!(built_in(caches[0].path()).origin, Origin::Cached(_)));

    // It is what it should be: told nonsense, it says so, and does not serve.
    let refused = Command::new(&one.path).env("PROOFROLL_ERROR_RATE", "often").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains(r#"PROOFROLL_ERROR_RATE is "often": write a share"#), "{said}");
}

#[test]
fn the_tests_in_go_pass() {
    // From the environment of this run, for a test binary may run elsewhere.
    let crate_directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    let sources = Path::new(&crate_directory).join("parts/rollouts-demo");
    let tested = Command::new("go").args(["test", "-timeout=2m", "./..."]).current_dir(sources).output().unwrap();
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{said}{}", String::from_utf8_lossy(&tested.stderr));
}
