//! Cache entries that are not as they were put there.

use std::{
    fs::{self, File},
    path::Path,
    time::SystemTime,
};

use super::fake_go::{Ear, Workshop, controller};
use crate::{
    parts::{FoundPart, Origin, PartName},
    progress::Silent,
};

/// Builds a part, lets `harm` at its entry, finds it again: what was said, and what was found.
fn harmed(part: &PartName, harm: impl Fn(&Path)) -> (Workshop, String, FoundPart) {
    let workshop = Workshop::new();
    let found = workshop.parts().find(part, &Silent).unwrap();
    harm(found.path.parent().unwrap());
    let (ear, _) = Ear::new();
    let again = workshop.parts().find(part, &ear).unwrap();
    assert_eq!(again.sha256, found.sha256);
    assert_eq!(workshop.entries().len(), 1, "{:?}", workshop.entries());
    let said = workshop.plain(&ear.said());
    (workshop, said, again)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[test]
fn another_size_is_made_anew() {
    let (workshop, said, again) = harmed(&PartName::Etcd, |entry| fs::write(entry.join("etcd"), "short").unwrap());
    assert_eq!(
        first_line(&said),
        "the cached etcd v3.6.8 is damaged and will be made anew: its binary has 5 bytes instead of 39"
    );
    assert!(matches!(again.origin, Origin::Made(_)));
    assert_eq!(workshop.builds(), 2);
    assert_eq!(fs::metadata(again.path).unwrap().len(), 39);
}

#[test]
fn the_same_size_with_another_content_is_made_anew() {
    let (_workshop, said, again) = harmed(&PartName::Etcd, |entry| {
        let length = fs::metadata(entry.join("etcd")).unwrap().len();
        fs::write(entry.join("etcd"), "x".repeat(usize::try_from(length).unwrap())).unwrap();
    });
    assert!(first_line(&said).contains("its binary has the sha256 "), "{said}");
    assert!(matches!(again.origin, Origin::Made(_)));
}

#[test]
fn another_time_alone_is_looked_into_once() {
    let (workshop, said, again) = harmed(&PartName::Etcd, |entry| {
        File::open(entry.join("etcd")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    });
    assert_eq!(said, "");
    assert!(matches!(again.origin, Origin::Cached(_)));
    assert_eq!(workshop.builds(), 1);
    let record = fs::read_to_string(again.path.with_file_name("part.json")).unwrap();
    assert!(record.contains(r#""modified_ns": 0"#), "the new time is noted: {record}");
}

#[test]
fn a_lost_binary_is_made_anew() {
    let (_workshop, said, _) = harmed(&PartName::Etcd, |entry| fs::remove_file(entry.join("etcd")).unwrap());
    assert!(first_line(&said).contains("its binary cannot be read: No such file"), "{said}");
}

#[test]
fn a_broken_record_is_made_anew() {
    let (_workshop, said, _) = harmed(&PartName::Etcd, |entry| fs::write(entry.join("part.json"), "{").unwrap());
    assert!(first_line(&said).contains("its part.json is not understood: EOF"), "{said}");
}

#[test]
fn a_lost_record_is_made_anew() {
    let (_workshop, said, _) = harmed(&PartName::Etcd, |entry| fs::remove_file(entry.join("part.json")).unwrap());
    assert!(first_line(&said).contains("its part.json cannot be read: No such file"), "{said}");
}

#[test]
fn lost_manifests_are_made_anew() {
    let (_workshop, said, again) = harmed(&controller(), |entry| {
        fs::remove_file(entry.join("manifests/namespace-install.yaml")).unwrap();
    });
    assert!(first_line(&said).ends_with("namespace-install.yaml is missing"), "{said}");
    assert!(again.path.with_file_name("manifests").join("namespace-install.yaml").exists());
}
