//! The order of the ways, and what is said when none leads to the part.

use std::fs;

use super::fake_go::{Ear, Workshop, controller};
use crate::{
    parts::{
        Origin, PartName, Parts, PartsOptions,
        recipe::Recipe,
        way::{Room, Way, WayError},
    },
    progress::{Progress, Silent},
};

#[test]
fn what_is_missing_is_built_and_then_cached() {
    let workshop = Workshop::new();
    let (ear, _) = Ear::new();
    let built = workshop.parts().find(&PartName::Etcd, &ear).unwrap();
    assert!(matches!(&built.origin, Origin::Made(how) if how.starts_with("built with go 1.99.3 from go.etcd.io/")));
    assert_eq!(fs::read_to_string(&built.path).unwrap(), "the binary of go.etcd.io/etcd/server/v3");
    insta::assert_snapshot!("said", ear.said());
    insta::assert_snapshot!("updates", ear.updates());
    insta::assert_snapshot!("calls", workshop.plain(&random(&workshop.calls())));

    let calls = workshop.calls();
    let cached = workshop.parts().find(&PartName::Etcd, &Silent).unwrap();
    assert!(matches!(cached.origin, Origin::Cached(_)));
    assert_eq!((cached.path, cached.sha256), (built.path, built.sha256));
    assert_eq!(workshop.calls(), calls, "go has no part in that");
    assert_eq!(workshop.entries().len(), 1, "nothing else is left: {:?}", workshop.entries());
}

/// The names of temporary directories, made plain.
fn random(text: &str) -> String {
    regex::Regex::new("~[^/]+").unwrap().replace_all(text, "~RANDOM").into_owned()
}

#[test]
fn a_controller_brings_its_manifests() {
    let workshop = Workshop::new();
    let part = workshop.parts().find(&controller(), &Silent).unwrap();
    let manifests = part.path.with_file_name("manifests");
    assert_eq!(fs::read_to_string(manifests.join("install.yaml")).unwrap(), "# install.yaml\n");
    assert!(manifests.join("crds/rollout-crd.yaml").exists());
    assert!(!manifests.join("crds/kustomization.yaml").exists());
}

#[test]
fn what_is_given_comes_first() {
    let workshop = Workshop::new();
    workshop.parts().find(&PartName::Etcd, &Silent).unwrap();
    let mine = PartsOptions { dir: Some(workshop.path("mine")), ..workshop.options() };
    fs::create_dir_all(workshop.path("mine")).unwrap();
    fs::copy("/bin/true", workshop.path("mine/etcd")).unwrap();
    let found = Parts::new(mine.clone()).find(&PartName::Etcd, &Silent).unwrap();
    assert_eq!(found.path, workshop.path("mine/etcd"));
    assert_eq!(found.origin, Origin::Given("PROOFROLL_PARTS_DIR".into()));

    let mut single = mine.clone();
    single.given.insert(PartName::Etcd, ("/bin/true".into(), "PROOFROLL_PART_ETCD".into()));
    let found = Parts::new(single).find(&PartName::Etcd, &Silent).unwrap();
    assert_eq!(found.origin, Origin::Given("PROOFROLL_PART_ETCD".into()));

    let other = Parts::new(mine).find(&PartName::Kwok, &Silent).unwrap();
    assert!(matches!(other.origin, Origin::Made(_)), "the directory does not hold it: the other ways are open");
}

#[test]
fn the_plain_name_is_the_newest_controller() {
    let workshop = Workshop::new();
    fs::create_dir_all(workshop.path("mine")).unwrap();
    fs::copy("/bin/true", workshop.path("mine/rollouts-controller")).unwrap();
    let options = PartsOptions { dir: Some(workshop.path("mine")), ..workshop.options() };
    let found = Parts::new(options).find(&controller(), &Silent).unwrap();
    assert_eq!(found.path, workshop.path("mine/rollouts-controller"));
}

#[test]
fn what_is_given_must_be_good() {
    let workshop = Workshop::new();
    workshop.put("text", "");
    let error = |path: &str| {
        let mut options = workshop.options();
        options.given.insert(PartName::Kwok, (workshop.path(path), "PROOFROLL_PART_KWOK".into()));
        let error = Parts::new(options).find(&PartName::Kwok, &Silent).unwrap_err();
        assert!(error.is_bad_input());
        workshop.plain(&error.to_string())
    };
    insta::assert_snapshot!([error("nowhere"), error("text"), error("manifests")].join("\n"));
    assert_eq!(workshop.calls(), "", "no other way is gone");
}

#[test]
fn without_go_it_says_what_was_tried_and_what_to_do() {
    let workshop = Workshop::new();
    let options = PartsOptions { go: "/no/such/go".into(), ..workshop.options() };
    let error = Parts::new(options).find(&PartName::KubeApiserver, &Silent).unwrap_err();
    insta::assert_snapshot!(workshop.plain(&error.to_string()));
    assert!(!error.is_bad_input());
    assert_eq!(workshop.entries(), [""; 0], "nothing is left");
}

#[test]
fn a_failed_build_shows_the_last_lines_of_go() {
    let workshop = Workshop::new();
    let lines: String = (1..=20).map(|n| format!("complaint {n}\n")).collect();
    workshop.put("fail", &lines);
    let error = workshop.parts().find(&PartName::Kwok, &Silent).unwrap_err();
    insta::assert_snapshot!(workshop.plain(&error.to_string()));
    assert_eq!(workshop.entries(), [""; 0], "nothing is left");
}

#[rstest::rstest]
#[case("dial tcp 10.0.0.1:443: connect: connection refused", "GOPROXY")]
#[case("write /x/y: no space left on device", "4 GB")]
#[case("github.com/x/link: signal: killed", "memory")]
#[case("syntax error", "doctor")]
fn the_advice_fits_the_failure(#[case] said: &str, #[case] advice: &str) {
    let workshop = Workshop::new();
    workshop.put("fail", said);
    let error = workshop.parts().find(&PartName::Kwok, &Silent).unwrap_err().to_string();
    let next = error.lines().last().unwrap();
    assert!(next.starts_with("next: ") && next.contains(advice), "{error}");
}

#[test]
fn an_old_go_builds_with_the_toolchain_that_the_pins_need() {
    let workshop = Workshop::new();
    workshop.put("version", "go1.21.0");
    workshop.parts().find(&PartName::Etcd, &Silent).unwrap();
    let needed = crate::parts::pin::toolchain();
    assert!(workshop.calls().contains(&format!("go{needed}: build ")), "{}", workshop.calls());
}

#[test]
fn a_cache_that_cannot_be_is_named() {
    let workshop = Workshop::new();
    workshop.put("file", "");
    let options = PartsOptions { cache: workshop.path("file/cache"), ..workshop.options() };
    let error = Parts::new(options).find(&PartName::Etcd, &Silent).unwrap_err();
    insta::assert_snapshot!(workshop.plain(&error.to_string()));
}

#[test]
fn several_missing_parts_are_announced() {
    let workshop = Workshop::new();
    let (ear, _) = Ear::new();
    let names = [controller(), PartName::Etcd];
    let found = workshop.parts().find_all(&names, &ear).unwrap();
    assert_eq!(found.iter().map(|part| part.name.clone()).collect::<Vec<_>>(), names, "in the order asked for");
    insta::assert_snapshot!(workshop.plain(&ear.said()));

    let (ear, _) = Ear::new();
    workshop.parts().find_all(&names, &ear).unwrap();
    assert_eq!(ear.said(), "", "nothing to do, nothing to say");
}

/// A way that has what `has` says.
struct Shelf(Option<&'static str>);

impl Way for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn make(&self, recipe: &Recipe, room: Room<'_>, _: &dyn Progress) -> Result<String, WayError> {
        let text = self.0.ok_or_else(|| WayError::Content("the shelf is empty".into()))?;
        let binary = room.out.join(recipe.part.binary());
        fs::write(&binary, text).map_err(WayError::io("cannot write", &binary))?;
        Ok("from the shelf".into())
    }

    fn manifests(&self, _: &Recipe, _: Room<'_>, _: &dyn Progress) -> Result<(), WayError> {
        Err(WayError::NotHere("there are no manifests on shelves".into()))
    }
}

#[test]
fn ways_are_tried_in_order() {
    let workshop = Workshop::new();
    let find = |ways: Vec<Box<dyn Way>>| Parts::with_ways(workshop.options(), ways).find(&PartName::Etcd, &Silent);
    let error = find(vec![Box::new(Shelf(None)), Box::new(Shelf(None))]).unwrap_err();
    assert_eq!(error.to_string().matches("  shelf: the shelf is empty\n").count(), 2, "{error}");
    let found = find(vec![Box::new(Shelf(None)), Box::new(Shelf(Some("a")))]).unwrap();
    assert_eq!(fs::read_to_string(found.path).unwrap(), "a");
}
