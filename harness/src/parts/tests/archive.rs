//! Parts on their way to another machine.

use std::fs;

use rstest::rstest;

use super::fake_go::{Workshop, controller};
use crate::{
    parts::{
        Origin, PartName, Parts, PartsOptions,
        archive::{self, ArchiveError},
    },
    progress::Silent,
};

const NAMES: [PartName; 2] = [PartName::Etcd, PartName::Kwok];

/// A host without a network and without Go.
fn airgapped(workshop: &Workshop) -> Parts {
    let options = PartsOptions::with_cache(workshop.path("elsewhere"));
    Parts::new(PartsOptions { offline: true, go: "/no/such/go".into(), ..options })
}

fn names() -> Vec<PartName> {
    NAMES.into_iter().chain([controller()]).collect()
}

#[rstest]
#[case("parts.tar")]
#[case("parts.tar.gz")]
fn what_is_exported_is_found_where_it_is_imported(#[case] file: &str) {
    let (workshop, there) = (Workshop::new(), Workshop::new());
    let file = workshop.path(file);
    let (exported, size) = archive::export(&workshop.parts(), &names(), &file, &Silent).unwrap();
    assert_eq!(size, fs::metadata(&file).unwrap().len());
    let parts = airgapped(&there);
    assert!(parts.find(&PartName::Etcd, &Silent).is_err());

    let imported = archive::import(&parts, &file, &Silent).unwrap();
    assert!(imported.iter().all(|part| !part.was_there), "{imported:?}");
    for (name, exported) in names().iter().zip(&exported) {
        let found = parts.find(name, &Silent).unwrap();
        assert_eq!(found.sha256, exported.sha256);
        assert_eq!(fs::read(&found.path).unwrap(), fs::read(&exported.path).unwrap());
        let Origin::Cached(source) = found.origin else { panic!("{:?}", found.origin) };
        assert!(source.starts_with("built with go ") && source.ends_with(", imported"), "{source}");
    }
    let manifests = parts.manifests(&crate::parts::pin::newest_release(), &Silent).unwrap();
    assert_eq!(fs::read_to_string(manifests.install()).unwrap(), "# install.yaml\n");

    let again = archive::import(&parts, &file, &Silent).unwrap();
    assert!(again.iter().all(|part| part.was_there), "{again:?}");
}

#[test]
fn an_export_is_the_same_each_time() {
    let workshop = Workshop::new();
    let export = |name: &str| {
        archive::export(&workshop.parts(), &names(), &workshop.path(name), &Silent).unwrap();
        fs::read(workshop.path(name)).unwrap()
    };
    assert!(export("one.tar") == export("two.tar"));
}

/// What is said of an archive whose bytes `change` has changed; nothing of it may be in the cache.
fn refused(change: impl Fn(&mut Vec<u8>)) -> String {
    let workshop = Workshop::new();
    let file = workshop.path("parts.tar");
    archive::export(&workshop.parts(), &names(), &file, &Silent).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    change(&mut bytes);
    fs::write(&file, bytes).unwrap();
    let parts = airgapped(&workshop);
    let error = archive::import(&parts, &file, &Silent).unwrap_err();
    assert!(error.is_bad_input(), "{error}");
    let left = fs::read_dir(workshop.path("elsewhere/parts")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left");
    workshop.plain(&error.to_string())
}

/// Replaces a text by another one of the same length.
fn replace(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
}

#[test]
fn a_changed_binary() {
    let text = refused(|bytes| replace(bytes, "the binary of go.etcd.io", "the binary of no.etcd.io"));
    assert!(text.contains("/etcd: its sha256 is ") && text.ends_with("nothing was imported"), "{text}");
}

#[test]
fn a_truncated_archive() {
    let text = refused(|bytes| bytes.truncate(bytes.len() * 2 / 3));
    assert!(text.contains("HOME/parts.tar is no archive of parts, or it is damaged: "), "{text}");
    let text = refused(|bytes| bytes.truncate(700));
    assert!(text.contains("its proofroll-parts.json is not understood"), "{text}");
    let text = refused(Vec::clear);
    assert!(text.contains("damaged: it is empty"), "{text}");
}

#[test]
fn another_file() {
    let text = refused(|bytes| *bytes = b"hello, this is no archive".repeat(99));
    assert!(text.contains("is no archive of parts, or it is damaged: "), "{text}");
    let text = refused(|bytes| {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        archive.append_data(&mut header, "etc/passwd", b"hello".as_slice()).unwrap();
        *bytes = archive.into_inner().unwrap();
    });
    assert!(text.contains("it does not begin with proofroll-parts.json"), "{text}");
}

#[test]
fn for_another_machine_or_another_proofroll() {
    let arch = format!("\"arch\": \"{}\"", std::env::consts::ARCH);
    let text = refused(|bytes| {
        replace(bytes, &arch, &arch.replace(std::env::consts::ARCH, &"x".repeat(std::env::consts::ARCH.len())))
    });
    assert!(text.contains("does not fit: its parts are for linux on xxx"), "{text}");
    let text = refused(|bytes| replace(bytes, "\"format\": 1", "\"format\": 2"));
    assert!(text.contains("in the form 2, this one reads 1"), "{text}");
    let entry = crate::parts::recipe::Recipe::of(&PartName::Etcd).unwrap().entry();
    let other = format!("{}{}", &entry[..entry.len() - 12], "0".repeat(12));
    let text = refused(|bytes| replace(bytes, &entry, &other));
    assert!(text.contains("its etcd v") && text.contains("export it with the same build of proofroll"), "{text}");
}

#[rstest]
#[case("\"path\": \"manifests/install.yaml\"", "\"path\": \"manifests/../../../x.yl\"")]
#[case("\"path\": \"manifests/install.yaml\"", "\"path\": \"/anifests/install.yaml\"")]
fn a_path_that_leads_elsewhere(#[case] from: &str, #[case] to: &str) {
    let to = format!("{to:width$}", width = from.len());
    let text = refused(|bytes| replace(bytes, from, &to[..from.len()]));
    assert!(text.contains("is no archive of parts, or it is damaged"), "{text}");
}

#[test]
fn a_file_too_much_and_a_file_too_few() {
    let entry = crate::parts::recipe::Recipe::of(&PartName::Kwok).unwrap().entry();
    // The name in the header of the file, which comes after the one in the list.
    let text = refused(|bytes| {
        let name = format!("{entry}/kwok");
        let at = bytes.windows(name.len()).rposition(|window| window == name.as_bytes()).unwrap();
        bytes[at + name.len() - 1] = b'x';
        // The header's own checksum: `k` became `x`.
        let header = at - at % 512;
        let sum: u32 = (0..512).map(|i| if (148..156).contains(&i) { 32 } else { u32::from(bytes[header + i]) }).sum();
        bytes[header + 148..header + 155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    });
    assert!(text.contains("/kwox, which its list does not"), "{text}");
}

#[test]
fn what_is_given_is_not_exported() {
    let workshop = Workshop::new();
    let mut options = workshop.options();
    options.given.insert(PartName::Etcd, ("/bin/true".into(), "PROOFROLL_PART_ETCD".into()));
    let error = archive::export(&Parts::new(options), &NAMES, &workshop.path("parts.tar"), &Silent).unwrap_err();
    assert!(matches!(error, ArchiveError::Given { .. }), "{error}");
    assert!(!workshop.path("parts.tar").exists());
}

#[test]
fn an_archive_that_cannot_be_written_or_read() {
    let workshop = Workshop::new();
    let error = archive::export(&workshop.parts(), &NAMES, &workshop.path("no/parts.tar"), &Silent).unwrap_err();
    assert!(!error.is_bad_input() && error.to_string().starts_with("cannot write "), "{error}");
    let error = archive::import(&workshop.parts(), &workshop.path("parts.tar"), &Silent).unwrap_err();
    assert!(!error.is_bad_input() && error.to_string().starts_with("cannot read "), "{error}");
}
