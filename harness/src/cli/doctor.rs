//! `proofroll doctor`: what is missing on this machine, and the command that mends it.
//!
//! [`facts`] looks, [`checks`] judges, [`render`] prints; only the first touches the machine.

mod facts;

use std::fmt::Write as _;

use self::facts::{Docker, Facts, GoFacts, Toolchain};
use crate::parts::{PartState, Parts, expected_text};

const MB: u64 = 1_000_000;
const GB: u64 = 1000 * MB;
/// What modules, compiled packages and binaries of a cold build take (measured, 3.7 GB).
const DISK_FOR_BUILD: u64 = 4 * GB;
/// Binaries aside, a run writes logs and reports.
const DISK_FOR_RUN: u64 = 200 * MB;
/// etcd's data of a day's runs; its log alone is laid out in files of 64 MB.
const TMPFS: u64 = 500 * MB;
/// Linking kube-apiserver takes 1.8 GB (measured), while others compile.
const MEMORY_FOR_BUILD: u64 = 3 * GB;
/// etcd, API server, controller manager, scheduler, kwok: 550 MB; a controller: 90 MB each.
const MEMORY_FOR_RUN: u64 = GB;
/// A plane holds a few hundred files and connections open, the watches of each scenario ten more.
const OPEN_FILES: u64 = 4096;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Something that not everybody wants is not there.
    Hint,
    /// A run works, but slower or with less.
    Warn,
    /// No run works until it is mended.
    Fail,
}

/// One line of the doctor's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How it stands.
    pub mark: Mark,
    /// What was looked at: `go`, `disk`.
    pub about: &'static str,
    /// What was found.
    pub found: String,
    /// The command or setting that mends it.
    pub mend: Option<String>,
}

/// Looks at the machine. Answers the text for the terminal and the exit code: 0, or 3 when
/// something is missing that stops a run.
pub fn run(parts: &Parts) -> (String, u8) {
    let checks = checks(&Facts::gather(parts));
    let stopped = checks.iter().any(|check| check.mark == Mark::Fail);
    (render(&checks), if stopped { 3 } else { 0 })
}

/// Judges what was found.
fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![parts_check(facts)];
    checks.extend(download_check(facts));
    checks.extend(go_checks(facts));
    checks.extend([cache_check(facts), disk_check(facts), data_check(facts)]);
    checks.extend([memory_check(facts), files_check(facts)]);
    checks.extend(docker_checks(&facts.docker));
    checks
}

fn check(mark: Mark, about: &'static str, found: String, mend: Option<&str>) -> Check {
    Check { mark, about, found, mend: mend.filter(|_| mark != Mark::Ok).map(str::to_owned) }
}

fn parts_check(facts: &Facts) -> Check {
    let names = |wanted: fn(&PartState) -> bool| {
        let names = facts.parts.iter().filter(|part| wanted(&part.state)).map(|part| part.name.to_string());
        names.collect::<Vec<_>>()
    };
    let damaged = names(|state| matches!(state, PartState::Damaged(_)));
    let missing = names(|state| matches!(state, PartState::Missing(_)));
    let to_make = damaged.len() + missing.len();
    if to_make == 0 {
        return check(Mark::Ok, "parts", format!("all {} are there", facts.parts.len()), None);
    }
    let mut found = format!("{to_make} of {} have to be made; a build takes {}", facts.parts.len(), build_time(facts));
    for (what, names) in [("missing", missing), ("damaged", damaged)] {
        if !names.is_empty() {
            let _ = write!(found, "; {what}: {}", names.join(", "));
        }
    }
    check(
        Mark::Warn,
        "parts",
        found,
        Some("proofroll parts build    (or any run: it downloads or builds what it needs)"),
    )
}

/// Only a hint: what cannot be downloaded is built.
fn download_check(facts: &Facts) -> Option<Check> {
    let found = match facts.downloads.as_ref()? {
        Ok(()) => return Some(check(Mark::Ok, "network", "all who publish parts answer".into(), None)),
        Err(reason) => format!("parts cannot all be downloaded, and are built instead: {reason}"),
    };
    let mend = "HTTPS_PROXY, PROOFROLL_MIRROR_*, or `proofroll parts import` (README: Behind a proxy, Air-gapped)";
    Some(check(Mark::Hint, "network", found, Some(mend)))
}

fn build_time(facts: &Facts) -> String {
    let missing = facts.parts.iter().filter(|part| Facts::is_missing(part));
    expected_text(missing.map(|part| part.name.cold_build()).sum(), facts.cores)
}

fn go_checks(facts: &Facts) -> Vec<Check> {
    // With all parts there, Go is only needed for `--controller CHECKOUT`.
    let bad = if facts.needs_build() && facts.downloads != Some(Ok(())) { Mark::Fail } else { Mark::Warn };
    let install = "install Go 1.21 or newer: https://go.dev/dl    (or name one: PROOFROLL_GO=/path/to/go)";
    let proxy = "check the network, or set GOPROXY to a module proxy that this machine reaches";
    let go = match &facts.go {
        Err(reason) => return vec![check(bad, "go", reason.clone(), Some(install))],
        Ok(go) => go,
    };
    let GoFacts { local, needed, toolchain, modules } = go;
    let mut checks = vec![match toolchain {
        Toolchain::Local => check(Mark::Ok, "go", format!("go {local} (the pins need {needed})"), None),
        Toolchain::Fetched => check(Mark::Ok, "go", format!("go {local}; go {needed} is fetched already"), None),
        Toolchain::Fetchable => check(Mark::Ok, "go", format!("go {local}; it will fetch go {needed}"), None),
        Toolchain::TooOld => {
            check(bad, "go", format!("go {local} is too old to fetch go {needed} by itself"), Some(install))
        }
        Toolchain::Unreachable(reason) => {
            check(bad, "go", format!("go {local} cannot fetch go {needed}: {reason}"), Some(proxy))
        }
    }];
    if let Some(Err(reason)) = modules {
        checks.push(check(bad, "modules", format!("Go modules cannot be fetched: {reason}"), Some(proxy)));
    }
    checks
}

fn cache_check(facts: &Facts) -> Check {
    let path = facts.cache.display();
    if facts.cache_writable {
        return check(Mark::Ok, "cache", format!("{path} can be written"), None);
    }
    let mark = if facts.needs_build() { Mark::Fail } else { Mark::Warn };
    check(mark, "cache", format!("{path} cannot be written"), Some("export PROOFROLL_CACHE_DIR=/a/directory/of/yours"))
}

fn disk_check(facts: &Facts) -> Check {
    let (needed, mark, what) = if facts.needs_build() {
        (DISK_FOR_BUILD, Mark::Fail, "a cold build needs about 4 GB")
    } else {
        (DISK_FOR_RUN, Mark::Warn, "a run needs 200 MB")
    };
    let Some((path, free)) = facts.disks.iter().min_by_key(|(_, free)| *free) else {
        return check(Mark::Warn, "disk", "free space is unknown".into(), Some("df -h"));
    };
    let found = format!("{} free in {}; {what}", size(*free), path.display());
    let mark = if *free >= needed { Mark::Ok } else { mark };
    check(
        mark,
        "disk",
        found,
        Some("free some space, or set GOCACHE, GOMODCACHE and PROOFROLL_CACHE_DIR to another disk"),
    )
}

fn data_check(facts: &Facts) -> Check {
    let mend = "mount -o remount,size=1G /dev/shm    (in a container: docker run --shm-size=1g)";
    match facts.tmpfs {
        Some(free) if free >= TMPFS => {
            check(Mark::Ok, "tmpfs", format!("{} free in /dev/shm for the data of etcd", size(free)), None)
        }
        Some(free) => {
            let found = format!(
                "only {} free in /dev/shm; without it etcd's data goes to the disk, which is slower",
                size(free)
            );
            check(Mark::Warn, "tmpfs", found, Some(mend))
        }
        None => {
            let found = "/dev/shm is no tmpfs that can be written; etcd's data goes to the disk, which is slower";
            check(Mark::Warn, "tmpfs", found.into(), Some("mount -t tmpfs -o size=1G tmpfs /dev/shm"))
        }
    }
}

fn memory_check(facts: &Facts) -> Check {
    let Some(free) = facts.memory else {
        return check(Mark::Warn, "memory", "free memory is unknown".into(), Some("free -h"));
    };
    let build = facts.needs_build();
    let what = if build {
        "linking kube-apiserver takes about 2 GB"
    } else {
        "a control plane takes 550 MB, each controller 90 MB"
    };
    let found = format!("{} available; {what}", size(free));
    let mark = match free {
        free if free < MEMORY_FOR_RUN => Mark::Fail,
        free if build && free < MEMORY_FOR_BUILD => Mark::Warn,
        _ => Mark::Ok,
    };
    check(mark, "memory", found, Some("stop other programs, or give the machine or container more memory"))
}

fn files_check(facts: &Facts) -> Check {
    match facts.open_files {
        Some(limit) if limit < OPEN_FILES => {
            let found = format!("a process may open {limit} files; scenarios side by side need {OPEN_FILES}");
            check(Mark::Warn, "files", found, Some("ulimit -n 8192"))
        }
        Some(limit) => check(Mark::Ok, "files", format!("a process may open {limit} files"), None),
        None => check(Mark::Ok, "files", "a process may open any number of files".into(), None),
    }
}

/// Only kind clusters need Docker and a node image.
fn docker_checks(docker: &Docker) -> Vec<Check> {
    match docker {
        Docker::Missing => {
            let found = "not installed; only kind clusters need it".into();
            vec![check(Mark::Hint, "docker", found, Some("ci/docker up --install    (Debian; as root)"))]
        }
        Docker::Silent(reason) => {
            let found = format!("no daemon answers ({reason}); only kind clusters need one");
            let mend = "systemctl start docker    (where nothing starts services, as root: ci/docker up)";
            vec![check(Mark::Hint, "docker", found, Some(mend))]
        }
        Docker::Answers { version, node_image } => {
            let answers = check(Mark::Ok, "docker", format!("Docker {version} answers"), None);
            let node = match node_image {
                Some(name) => check(Mark::Ok, "kind", format!("the node image {name} is there"), None),
                None => {
                    let found = "no node image of ours is there; a kind cluster will pull kindest/node".into();
                    check(Mark::Hint, "kind", found, Some("ci/node-image/build    (where no registry is in reach)"))
                }
            };
            vec![answers, node]
        }
    }
}

fn size(bytes: u64) -> String {
    if bytes >= 10 * GB {
        format!("{} GB", bytes / GB)
    } else if bytes >= GB {
        format!("{}.{} GB", bytes / GB, bytes % GB / (GB / 10))
    } else {
        format!("{} MB", bytes / MB)
    }
}

/// A line per check, the mending command below it, and a last line that says it all.
fn render(checks: &[Check]) -> String {
    let mut text = String::new();
    for Check { mark, about, found, mend } in checks {
        let mark = match mark {
            Mark::Ok => "ok",
            Mark::Hint => "hint",
            Mark::Warn => "warn",
            Mark::Fail => "FAIL",
        };
        let _ = writeln!(text, "{mark:4}  {about:7}  {found}");
        if let Some(mend) = mend {
            let _ = writeln!(text, "{:13}  -> {mend}", "");
        }
    }
    let count = |mark| checks.iter().filter(|check| check.mark == mark).count();
    let _ = match (count(Mark::Fail), count(Mark::Warn)) {
        (0, 0) => writeln!(text, "this machine is ready"),
        (0, warnings) => writeln!(text, "this machine is ready ({warnings} to think about, above)"),
        (fails, _) => writeln!(text, "this machine is not ready: {fails} to mend"),
    };
    text
}

#[cfg(test)]
mod tests;
