//! Download first, build where that does not lead to the part, nothing at all when that is forbidden.

use std::{net::TcpListener, time::Instant};

use super::*;
use crate::parts::{
    Origin,
    tests::fake_go::{Ear, Workshop, controller},
};

#[test]
fn what_is_downloaded_is_not_built() {
    let workshop = Workshop::new();
    let server = serving(with_apiserver(b"the api server"));
    let parts = Site::behind(&server).with_go(workshop.path("go"));
    let (ear, _) = Ear::new();
    let found = parts.find(&PartName::KubeApiserver, &ear).unwrap();
    assert!(matches!(&found.origin, Origin::Made(how) if how.starts_with("downloaded from ")));
    assert_eq!(workshop.calls(), "", "go has no part in that");
    assert_eq!(ear.said().lines().count(), 1, "{}", ear.said());
}

#[test]
fn what_cannot_be_downloaded_is_built() {
    let workshop = Workshop::new();
    let gone = Server::start(|_| Answer::Nothing).url();
    let site = Site::with_mirrors(&gone);
    let parts = site.with_go(workshop.path("go"));
    let (ear, _) = Ear::new();
    let names = [PartName::KubeApiserver, PartName::KubeScheduler, PartName::RolloutsDemo];
    let found = parts.find_all(&names, &ear).unwrap();
    assert!(found.iter().all(|part| matches!(&part.origin, Origin::Cached(how) if how.starts_with("built with "))));
    let said = ear.said().replace(&gone, "http://GONE").replace(&gone["http://".len()..], "GONE");
    let said = said.replace(&site.home.path().display().to_string(), "HOME");
    // The same host is not tried, and not spoken of, twice; and what nobody publishes is no news.
    assert_eq!(said.matches("no download of").count(), 1, "{said}");
    insta::assert_snapshot!(workshop.plain(&said));
}

/// An address that takes connections and never says a word: a firewall that drops packets shows as the same wait.
#[test]
fn a_network_that_does_not_answer_costs_seconds_once() {
    let workshop = Workshop::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut site = Site::with_mirrors(&format!("https://{}", silent.local_addr().unwrap()));
    site.options.patience = Patience { connect: Duration::from_millis(300), ..IMPATIENT };
    let parts = site.with_go(workshop.path("go"));
    let (ear, _) = Ear::new();
    let began = Instant::now();
    parts.find_all(&[PartName::KubeApiserver, PartName::KubeScheduler, PartName::Kubelet], &ear).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let said = ear.said();
    assert!(said.contains("cannot be reached: it does not answer"), "{said}");
    assert_eq!(said.matches("no download of").count(), 1, "nobody waits for it twice: {said}");
}

#[test]
fn when_no_way_leads_there_all_are_told() {
    let server = serving(Tree::new());
    let site = Site::behind(&server);
    let error = site.with_go("/no/such/go".into()).find(&PartName::Kwok, &Silent).unwrap_err().to_string();
    let text = error.replace(&server.address().to_string(), "HOST").replace(&version(&PartName::Kwok), "1.2.3");
    let key = regex::Regex::new("-[0-9a-f]{12}").unwrap();
    insta::assert_snapshot!(key.replace_all(&text.replace(&site.home.path().display().to_string(), "HOME"), "-KEY"));
}

#[test]
fn offline_means_no_way_at_all() {
    let workshop = Workshop::new();
    let server = serving(with_apiserver(b"the api server"));
    let site = Site::behind(&server);
    let options =
        PartsOptions { go: workshop.path("go"), download: Some(site.options.clone()), offline: true, ..site.cache() };
    let parts = Parts::new(options);
    let (ear, _) = Ear::new();
    let error = parts.find_all(&[PartName::KubeApiserver, controller()], &ear).unwrap_err().to_string();
    let text = error.replace(&site.home.path().display().to_string(), "HOME");
    let key = regex::Regex::new("-[0-9a-f]{12}").unwrap();
    insta::assert_snapshot!(key.replace_all(&text, "-KEY"));
    let error = parts.manifests(&crate::parts::pin::newest_release(), &ear).unwrap_err().to_string();
    assert!(error.contains("--offline") && error.contains("parts import"), "{error}");
    assert_eq!((server.paths().len(), workshop.calls().as_str(), ear.said().as_str()), (0, "", ""));
}
