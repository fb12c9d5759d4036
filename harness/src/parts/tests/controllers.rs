//! `--controller`: a release, a binary, a checkout.

use std::fs;

use semver::Version;

use super::fake_go::{Ear, Workshop, controller, ship_manifests};
use crate::{
    controller::{ControllerRelease, ControllerSpec},
    parts::{PartError, pin},
    progress::Silent,
};

/// A workshop with a checkout in `fork`.
fn with_checkout() -> Workshop {
    let workshop = Workshop::new();
    workshop.put("fork/go.mod", "module github.com/argoproj/argo-rollouts\n\ngo 1.99\n");
    workshop.put("fork/cmd/rollouts-controller/main.go", "package main\n");
    ship_manifests(&workshop.path("fork/manifests"));
    workshop
}

fn parse(workshop: &Workshop, name: &str) -> Result<ControllerSpec, String> {
    let path = workshop.path(name);
    ControllerSpec::parse(path.to_str().unwrap()).map_err(|error| {
        assert!(error.is_bad_input());
        workshop.plain(&error.to_string())
    })
}

fn resolve(
    workshop: &Workshop,
    spec: &ControllerSpec,
    version: Option<&Version>,
) -> Result<ControllerRelease, PartError> {
    workshop.parts().controller(spec, version, &Silent)
}

#[test]
fn releases_are_named_with_or_without_v() {
    let newest = pin::newest_release();
    let release = ControllerSpec::Release(newest.clone());
    assert_eq!(ControllerSpec::default(), release);
    assert_eq!(ControllerSpec::parse(&format!("v{newest}")).unwrap(), release);
    assert_eq!(format!("{newest}").parse::<ControllerSpec>().unwrap(), release);
}

#[test]
fn paths_are_told_apart() {
    let workshop = with_checkout();
    let real = |name| workshop.path(name).canonicalize().unwrap();
    assert_eq!(parse(&workshop, "fork"), Ok(ControllerSpec::Checkout(real("fork"))));
    assert_eq!(parse(&workshop, "go"), Ok(ControllerSpec::Binary(real("go"))));
}

#[test]
fn what_is_none_of_them_is_explained() {
    let workshop = with_checkout();
    workshop.put("text", "");
    workshop.put("other/go.mod", "module example.com/other\n");
    workshop.put("old/go.mod", "module github.com/argoproj/argo-rollouts\n");
    let mut errors: Vec<String> = ["nowhere", "text", "manifests", "other", "old"]
        .iter()
        .map(|name| parse(&workshop, name).unwrap_err())
        .collect();
    errors.push(ControllerSpec::parse("v0.1.0").unwrap_err().to_string());
    errors.push(ControllerSpec::parse("1.10").unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_release_comes_with_its_manifests() {
    let workshop = Workshop::new();
    let found = resolve(&workshop, &ControllerSpec::default(), None).unwrap();
    assert_eq!(found.label, format!("v{}", pin::newest_release()));
    assert_eq!(found.manifests.dir, found.binary.with_file_name("manifests"));
    let crds: Vec<_> = found.manifests.crds().iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(crds, ["rollout-crd.yaml"]);
    assert!(found.manifests.install().exists() && found.manifests.namespace_install().exists());
}

#[test]
fn a_release_passes_for_no_other() {
    let workshop = Workshop::new();
    let other = Version::new(1, 0, 0);
    let error = resolve(&workshop, &ControllerSpec::default(), Some(&other)).unwrap_err();
    assert!(error.to_string().ends_with("a release is its own version: --as-version 1.0.0 is for a path"), "{error}");
}

#[test]
fn a_binary_gets_the_manifests_of_the_release_that_it_passes_for() {
    let workshop = Workshop::new();
    let (ear, _) = Ear::new();
    let spec = ControllerSpec::Binary("/bin/true".into());
    let found = workshop.parts().controller(&spec, None, &ear).unwrap();
    let newest = pin::newest_release();
    assert_eq!((&found.version, found.label), (&newest, format!("/bin/true (as v{newest})")));
    assert_eq!(workshop.builds(), 0, "the release's own controller is not built for its manifests");
    assert_eq!(ear.said(), format!("fetching the manifests of rollouts-controller v{newest} from its Go module"));
    assert!(found.manifests.dir.join("install.yaml").exists());

    let calls = workshop.calls();
    let again = resolve(&workshop, &spec, Some(&newest)).unwrap();
    assert_eq!((again.manifests, again.sha256), (found.manifests, found.sha256));
    assert_eq!(workshop.calls(), calls, "they are kept");

    workshop.parts().find(&controller(), &Silent).unwrap();
    let beside = resolve(&workshop, &spec, None).unwrap().manifests.dir;
    assert!(workshop.plain(&beside.display().to_string()).contains("/parts/rollouts-controller-"), "{beside:?}");
}

#[test]
fn a_binary_passes_for_a_pinned_release_only() {
    let workshop = Workshop::new();
    let spec = ControllerSpec::Binary("/bin/true".into());
    let error = resolve(&workshop, &spec, Some(&Version::new(1, 0, 0))).unwrap_err();
    assert!(matches!(error, PartError::UnknownRelease { .. }), "{error}");
}

#[test]
fn a_checkout_is_built_each_time() {
    let workshop = with_checkout();
    let spec = parse(&workshop, "fork").unwrap();
    let version = Version::new(1, 11, 0);
    let first = resolve(&workshop, &spec, Some(&version)).unwrap();
    assert_eq!(workshop.plain(&first.label), "HOME/fork (as v1.11.0)");
    assert_eq!(first.version, version);
    assert_eq!(fs::read_to_string(&first.binary).unwrap(), "the binary of ./cmd/rollouts-controller");
    assert_eq!(first.manifests.dir, workshop.path("fork/manifests").canonicalize().unwrap());
    assert!(workshop.calls().contains("local: build -v -trimpath -o "), "{}", workshop.calls());

    let second = resolve(&workshop, &spec, Some(&version)).unwrap();
    assert_eq!(second, first, "the same content, the same path");
    assert_eq!(workshop.builds(), 2);
}

#[test]
fn a_checkout_that_does_not_build_says_why() {
    let workshop = with_checkout();
    workshop.put("fail", "# github.com/argoproj/argo-rollouts/rollout\nrollout/sync.go:12:3: undefined: foo\n");
    let error = resolve(&workshop, &parse(&workshop, "fork").unwrap(), None).unwrap_err();
    insta::assert_snapshot!(workshop.plain(&error.to_string()));
}
