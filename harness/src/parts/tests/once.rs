//! Many processes, one build; and what a killed one leaves behind.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::fake_go::{Ear, Workshop, eventually};
use crate::{
    parts::{Origin, PartName, Parts, PartsOptions},
    progress::Silent,
};

#[test]
fn two_who_ask_at_once_build_it_once() {
    let workshop = Workshop::new();
    workshop.close_gate();
    let (first, _) = Ear::new();
    let (second, heard) = Ear::new();
    let find = |ear: &Ear| workshop.parts().find(&PartName::Etcd, ear).unwrap();
    let origins = thread::scope(|scope| {
        let one = scope.spawn(|| find(&first));
        eventually("the first one builds", || workshop.path("pid").exists());
        let two = scope.spawn(|| find(&second));
        let said = heard.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(said, format!("waiting for another proofroll (pid {}) that makes etcd v3.6.8", std::process::id()));
        workshop.open_gate();
        [one.join().unwrap().origin, two.join().unwrap().origin]
    });
    assert!(matches!(origins, [Origin::Made(_), Origin::Cached(_)]), "{origins:?}");
    assert_eq!(workshop.builds(), 1);
}

#[test]
fn a_failed_build_lets_the_next_one_try() {
    let workshop = Workshop::new();
    workshop.close_gate();
    workshop.put("fail", "no luck\n");
    let (second, heard) = Ear::new();
    thread::scope(|scope| {
        let one = scope.spawn(|| workshop.parts().find(&PartName::Etcd, &Silent));
        eventually("the first one builds", || workshop.path("pid").exists());
        let two = scope.spawn(|| workshop.parts().find(&PartName::Etcd, &second));
        heard.recv_timeout(Duration::from_secs(10)).unwrap();
        workshop.open_gate();
        one.join().unwrap().unwrap_err();
        two.join().unwrap().unwrap_err();
    });
    assert_eq!(workshop.builds(), 2);
}

/// Set for the process that is to be killed: where its workshop is.
const VICTIM: &str = "PROOFROLL_TEST_VICTIM";

#[test]
#[ignore = "is the process that `a_killed_build_leaves_nothing` kills"]
fn victim() {
    let home = env::var(VICTIM).unwrap();
    let home = Path::new(&home);
    let options = PartsOptions { go: home.join("go"), ..PartsOptions::with_cache(home.join("cache")) };
    let _ = Parts::new(options).find(&PartName::Etcd, &Silent);
}

#[test]
fn a_killed_build_leaves_nothing() {
    let workshop = Workshop::new();
    workshop.close_gate();
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "parts::tests::once::victim", "--ignored"])
        .env(VICTIM, workshop.home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the victim builds", || workshop.path("pid").exists());
    let go = std::fs::read_to_string(workshop.path("pid")).unwrap();
    victim.kill().unwrap();
    assert_eq!(victim.wait().unwrap().signal(), Some(9));

    eventually("its go is gone too", || !alive(go.trim()));
    assert!(matches!(workshop.entries().as_slice(), [half] if half.starts_with(".etcd-")), "{:?}", workshop.entries());

    workshop.open_gate();
    // Another part collects it, and the same part is made.
    workshop.parts().find(&PartName::Kwok, &Silent).unwrap();
    assert!(matches!(workshop.entries().as_slice(), [kwok] if kwok.starts_with("kwok-")), "{:?}", workshop.entries());
    let part = workshop.parts().find(&PartName::Etcd, &Silent).unwrap();
    assert!(matches!(part.origin, Origin::Made(_)));
}

#[test]
fn what_somebody_works_in_is_not_collected() {
    let workshop = Workshop::new();
    workshop.close_gate();
    thread::scope(|scope| {
        let builder = scope.spawn(|| workshop.parts().find(&PartName::Etcd, &Silent));
        eventually("it builds", || workshop.path("pid").exists());
        assert_eq!(workshop.parts().cache().collect(), 0);
        workshop.open_gate();
        builder.join().unwrap().unwrap();
    });
    std::fs::create_dir(workshop.path("cache/parts/.gone-v1.0.0-abc~xyz")).unwrap();
    assert_eq!(workshop.parts().cache().collect(), 1);
    assert_eq!(workshop.entries().len(), 1, "the finished part stays");
}

/// Runs; a zombie does not.
fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}
