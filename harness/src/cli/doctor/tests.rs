use std::{process::Command, time::Duration};

use super::*;
use crate::parts::{PartName, PartStatus};

fn healthy() -> Facts {
    let parts = PartName::embedded().into_iter().map(|name| PartStatus {
        name,
        version: semver::Version::new(1, 2, 3),
        state: PartState::Given { path: "/p".into(), by: "test".into() },
    });
    Facts {
        cores: 2,
        downloads: None,
        parts: parts.collect(),
        go: Ok(GoFacts {
            local: "1.26.8".parse().unwrap(),
            needed: "1.26.10".parse().unwrap(),
            toolchain: Toolchain::Fetched,
            modules: None,
        }),
        cache: "/home/me/.cache/proofroll".into(),
        cache_writable: true,
        disks: vec![("/home/me/.cache/proofroll".into(), 70 * GB), ("/go".into(), 60 * GB)],
        tmpfs: Some(12 * GB),
        memory: Some(8_300 * MB),
        open_files: Some(20_000),
        docker: Docker::Answers {
            version: "28.0.4".into(),
            node_image: Some("proofroll/node:v1.34.4-0123456789ab".into()),
        },
    }
}

fn empty_cache() -> Facts {
    let mut facts = healthy();
    for part in &mut facts.parts {
        part.state = PartState::Missing(Duration::from_secs(1));
    }
    facts
}

fn exit(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.mark != Mark::Fail)
}

#[test]
fn a_good_machine_is_ready() {
    let checks = checks(&healthy());
    insta::assert_snapshot!(render(&checks));
    assert!(exit(&checks));
}

#[test]
fn a_fresh_machine_is_ready_and_told_what_comes() {
    let mut facts = empty_cache();
    facts.parts[1].state = PartState::Damaged("its binary is gone".into());
    if let Ok(go) = &mut facts.go {
        go.toolchain = Toolchain::Fetchable;
        go.modules = Some(Ok(()));
    }
    let checks = checks(&facts);
    insta::assert_snapshot!(render(&checks));
    assert!(exit(&checks));
}

#[test]
fn a_bad_machine_is_told_what_to_mend() {
    let facts = Facts {
        go: Err("the go command go cannot be started: No such file or directory (os error 2)".into()),
        cache_writable: false,
        disks: vec![("/home/me/.cache/proofroll".into(), 70 * GB), ("/go".into(), 2_340 * MB)],
        tmpfs: Some(64 * MB),
        memory: Some(700 * MB),
        open_files: Some(1024),
        docker: Docker::Missing,
        ..empty_cache()
    };
    let checks = checks(&facts);
    insta::assert_snapshot!(render(&checks));
    assert!(!exit(&checks));
}

#[test]
fn with_all_parts_there_nothing_about_builds_stops_a_run() {
    let facts = Facts {
        go: Err("the go command go cannot be started".into()),
        cache_writable: false,
        disks: vec![("/go".into(), 100 * MB)],
        ..healthy()
    };
    let checks = checks(&facts);
    assert!(exit(&checks), "{}", render(&checks));
    assert_eq!(checks.iter().filter(|check| check.mark == Mark::Warn).count(), 3, "{}", render(&checks));
}

#[test]
fn what_only_kind_needs_is_a_hint() {
    let machines = [
        Docker::Silent("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.".into()),
        Docker::Answers { version: "20.10.24".into(), node_image: None },
    ];
    let texts = machines.map(|docker| {
        let checks = checks(&Facts { docker, ..healthy() });
        assert!(exit(&checks));
        let text = render(&checks);
        text[text.find("docker").unwrap()..].to_owned()
    });
    insta::assert_snapshot!(texts.join("\n"));
}

#[rstest::rstest]
#[case(Toolchain::Local, None)]
#[case(Toolchain::TooOld, Some("go"))]
#[case(Toolchain::Unreachable("dial tcp: no route to host".into()), Some("go"))]
fn a_toolchain_that_cannot_be_had_stops_a_build(#[case] toolchain: Toolchain, #[case] stops: Option<&str>) {
    let mut facts = empty_cache();
    if let Ok(go) = &mut facts.go {
        go.toolchain = toolchain;
    }
    let failed = checks(&facts).into_iter().find(|check| check.mark == Mark::Fail);
    assert_eq!(failed.map(|check| check.about), stops);
}

#[test]
fn modules_that_cannot_be_had_stop_a_build() {
    let mut facts = empty_cache();
    if let Ok(go) = &mut facts.go {
        go.modules = Some(Err("dial tcp: no route to host".into()));
    }
    let checks = checks(&facts);
    let failed = checks.iter().find(|check| check.mark == Mark::Fail).unwrap();
    assert_eq!((failed.about, failed.mend.is_some()), ("modules", true));
}

#[test]
fn a_command_that_does_not_end_is_not_waited_for() {
    let sleep = |seconds: &str| facts::output_within(Duration::from_millis(300), Command::new("sleep").arg(seconds));
    assert_eq!(sleep("100").unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    assert!(sleep("0").unwrap().status.success());
}

#[test]
fn where_parts_can_be_downloaded_nobody_needs_go() {
    let without_go = |downloads| {
        let go = Err("the go command go cannot be started: No such file or directory (os error 2)".into());
        checks(&Facts { go, downloads, ..empty_cache() })
    };
    assert!(exit(&without_go(Some(Ok(())))));
    let unreachable = without_go(Some(Err("dl.k8s.io cannot be reached: there is no such host".into())));
    assert!(!exit(&unreachable));
    insta::assert_snapshot!(render(&unreachable));
}
