//! `proofroll up | down | status | gc`: a control plane to play with, and a look at those that run.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

use crate::{
    cluster::{
        ClusterError, PlaneRequest, acquire_in,
        gc::{self, Found, Stopped},
        keeper::bench::{self, Round, Start},
        lease::{Fate, LeaseKind, now},
        state::StateRoot,
    },
    progress::Progress,
};

/// Starts a plane, or joins it, and leaves it running: until `proofroll down`, or for `limit`. Writes one
/// line, for `eval "$(proofroll up)"`.
///
/// # Errors
/// When no plane can be had.
pub async fn up(
    root: &StateRoot,
    request: &PlaneRequest,
    limit: Option<Duration>,
    progress: &dyn Progress,
    out: &mut dyn Write,
) -> Result<(), ClusterError> {
    let plane = acquire_in(root, request, progress).await?;
    plane.keep_plane(&request.purpose, limit)?;
    let record = plane.record();
    let until = limit.map_or_else(|| "until `proofroll down`".to_owned(), |limit| format!("for {}", span(limit)));
    progress.say(&format!("Kubernetes {} at {} {until}", record.kubernetes, record.server));
    written(writeln!(out, "export KUBECONFIG={}", quoted(&record.kubeconfig.to_string_lossy())))?;
    plane.release(false).await
}

/// Stops the planes, or the one whose key begins with `key`: those that no process uses, or all with
/// `force`.
///
/// # Errors
/// When no plane has this key, or one does not stop.
pub async fn down(root: &StateRoot, key: Option<&str>, force: bool, out: &mut dyn Write) -> Result<(), ClusterError> {
    let wanted = |found: &Found| key.is_none_or(|key| found.dir.key().starts_with(key));
    let planes: Vec<Found> = gc::find(root)?.into_iter().filter(|found| found.alive && wanted(found)).collect();
    if let (Some(key), []) = (key, planes.as_slice()) {
        return Err(ClusterError::NoSuchPlane { key: key.to_owned() });
    }
    if planes.is_empty() {
        written(writeln!(out, "no control plane runs"))?;
    }
    for plane in planes {
        let stopped = if force { gc::force_down(&plane).await? } else { gc::down(&plane).await? };
        let key = plane.dir.key();
        written(match stopped {
            Stopped::Gone => writeln!(out, "{key} stopped"),
            Stopped::InUse => writeln!(out, "{key} is in use and stops with its last user (at once: --force)"),
        })?;
    }
    Ok(())
}

/// Lists all planes with their leases.
///
/// # Errors
/// When the state directory cannot be read.
pub fn status(root: &StateRoot, out: &mut dyn Write) -> Result<(), ClusterError> {
    written(out.write_all(table(&gc::find(root)?, now(), &resident).as_bytes()))
}

/// Removes what dead planes left behind.
///
/// # Errors
/// When something cannot be removed.
pub async fn collect(root: &StateRoot, out: &mut dyn Write) -> Result<(), ClusterError> {
    let mut collected = gc::collect(root).await?;
    collected.extend(gc::collect_clusters(root).await?);
    if collected.is_empty() {
        written(writeln!(out, "nothing to collect"))?;
    }
    collected.iter().try_for_each(|key| written(writeln!(out, "{key} removed")))
}

/// Measures how long a plane takes to start, installed and prepared, against etcd and kube-apiserver alone. To be called on the
/// main thread, outside of any runtime.
///
/// # Errors
/// When a start fails.
pub fn bench(
    root: &StateRoot,
    request: &PlaneRequest,
    rounds: usize,
    progress: &dyn Progress,
    out: &mut dyn Write,
) -> Result<(), ClusterError> {
    let rounds = bench::bench(root, request, rounds, progress)?;
    written(out.write_all(bench_table(&rounds).as_bytes()))
}

fn table(planes: &[Found], now: u64, memory: &dyn Fn(u32) -> u64) -> String {
    if planes.is_empty() {
        return "no control plane runs\n".into();
    }
    let mut text = String::new();
    let row = |cells: [&str; 7]| {
        let [key, release, age, server, processes, memory, leases] = cells;
        format!("{key:<14}{release:<12}{age:<12}{server:<26}{processes:<11}{memory:<10}{leases}\n")
    };
    text.push_str(&row(["KEY", "RELEASE", "AGE", "API SERVER", "PROCESSES", "MEMORY", "LEASES"]));
    for plane in planes {
        let key = plane.dir.key();
        let Some(record) = plane.record.as_ref().filter(|_| plane.alive) else {
            let state = if plane.alive { "starting" } else { "dead: `proofroll gc` removes it" };
            text.push_str(&format!("{key:<14}{state}\n"));
            continue;
        };
        let pids: Vec<u32> = record.processes.values().copied().chain([record.keeper]).collect();
        let mebibytes = pids.iter().map(|pid| memory(*pid)).sum::<u64>() / (1 << 20);
        text.push_str(&row([
            &key,
            &record.release,
            &seconds(now.saturating_sub(record.started)),
            &record.server,
            &pids.len().to_string(),
            &format!("{mebibytes} MiB"),
            &plane.leases.len().to_string(),
        ]));
        let processes: Vec<String> = record.processes.iter().map(|(name, pid)| format!("{name} {pid}")).collect();
        text.push_str(&format!("  keeper {}, {}\n", record.keeper, processes.join(", ")));
        for lease in &plane.leases {
            let journal = &lease.journal;
            let who = match (journal.kind, journal.until) {
                _ if !lease.alive => "over".to_owned(),
                (LeaseKind::Locked, _) => format!("process {}", journal.pid),
                (LeaseKind::Standing, None) => "until `proofroll down`".to_owned(),
                (LeaseKind::Standing, Some(until)) => format!("for {} more", seconds(until.saturating_sub(now))),
            };
            let namespaces: Vec<&str> = journal
                .namespaces
                .iter()
                .filter(|(_, fate)| **fate == Fate::InUse)
                .map(|(name, _)| name.as_str())
                .collect();
            let age = seconds(now.saturating_sub(journal.since));
            let line = format!("  {} ({who}; {age} old) {}", journal.what, namespaces.join(" "));
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn bench_table(rounds: &[Round]) -> String {
    let mut text = String::from("ROUND  BARE (ms)  INSTALLED (ms)  RATIO  PREPARED (ms)  RATIO  OF INSTALLED\n");
    let row = |name: &str, bare: u64, installed: u64, prepared: u64| {
        format!(
            "{name:<7}{bare:<11}{installed:<16}{:<7.2}{prepared:<15}{:<7.2}{:.2}\n",
            ratio(installed, bare),
            ratio(prepared, bare),
            ratio(prepared, installed)
        )
    };
    for (index, round) in rounds.iter().enumerate() {
        text.push_str(&row(&(index + 1).to_string(), round.bare_ms, round.installed.ms, round.prepared.ms));
    }
    let of = |pick: fn(&Round) -> u64| middle(rounds.iter().map(pick).collect());
    let (bare, installed, prepared) =
        (of(|round| round.bare_ms), of(|round| round.installed.ms), of(|round| round.prepared.ms));
    text.push_str(&row("median", bare, installed, prepared));
    let installed = phases(rounds.iter().map(|round| &round.installed).collect());
    let prepared = phases(rounds.iter().map(|round| &round.prepared).collect());
    text + &format!("installed, medians (ms): {installed}\nprepared, medians (ms): {prepared}\n")
}

/// When each phase of these starts was over.
fn phases(starts: Vec<&Start>) -> String {
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for phase in starts.iter().flat_map(|start| &start.phases) {
        times.entry(&phase.name).or_default().push(phase.at_ms);
    }
    let mut medians: Vec<(u64, &str)> = times.into_iter().map(|(name, times)| (middle(times), name)).collect();
    medians.sort_unstable();
    let medians: Vec<String> = medians.iter().map(|(at, name)| format!("{name} {at}")).collect();
    medians.join(", ")
}

fn middle(mut all: Vec<u64>) -> u64 {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

fn ratio(plane: u64, bare: u64) -> f64 {
    Duration::from_millis(plane).as_secs_f64() / Duration::from_millis(bare).as_secs_f64()
}

fn seconds(seconds: u64) -> String {
    span(Duration::from_secs(seconds))
}

fn span(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// The resident memory of a process in bytes; 0 if it is gone.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn written(result: io::Result<()>) -> Result<(), ClusterError> {
    result.map_err(|source| ClusterError::File { path: "standard output".into(), source })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rstest::rstest;

    use super::*;
    use crate::cluster::{
        lease::{Journal, Seen},
        record::{Phase, Record},
        state::PlaneDir,
    };

    fn phase(name: &str, at_ms: u64) -> Phase {
        Phase { name: name.into(), at_ms }
    }

    fn record() -> Record {
        Record {
            id: "1".into(),
            key: "0123456789ab".into(),
            release: "v1.10.2".into(),
            server: "https://127.0.0.1:20001".into(),
            port: 20001,
            kubeconfig: "/run/kubeconfig".into(),
            ca_pem: String::new(),
            kubernetes: "v1.34.4".into(),
            keeper: 100,
            processes: BTreeMap::from([("etcd".into(), 101), ("kube-apiserver".into(), 102)]),
            started: 1_000,
            phases: vec![phase("ready", 3000)],
            deployed: None,
            kind: None,
            contained: None,
            public_image: None,
            probe: None,
        }
    }

    fn lease(kind: LeaseKind, what: &str, until: Option<u64>, alive: bool, namespaces: &[(&str, Fate)]) -> Seen {
        let namespaces = namespaces.iter().map(|(name, fate)| ((*name).to_owned(), *fate)).collect();
        let journal = Journal { kind, pid: 7, what: what.into(), since: 1_010, until, ended: false, namespaces };
        Seen { path: PathBuf::from("x.lease"), journal, alive }
    }

    fn found(key: &str, alive: bool, record: Option<Record>, leases: Vec<Seen>) -> Found {
        Found { dir: PlaneDir::at(PathBuf::from("/run").join(key)), alive, record, leases }
    }

    #[test]
    fn the_status_table() {
        let planes = [
            found(
                "0123456789ab",
                true,
                Some(record()),
                vec![
                    lease(
                        LeaseKind::Locked,
                        "guide/canary-basic",
                        None,
                        true,
                        &[("guide-canary-basic-1", Fate::InUse), ("gone-2", Fate::Delete)],
                    ),
                    lease(LeaseKind::Standing, "up", Some(8_000), true, &[]),
                    lease(LeaseKind::Standing, "--keep kept-3", None, true, &[("kept-3", Fate::InUse)]),
                    lease(LeaseKind::Locked, "a killed test", None, false, &[]),
                ],
            ),
            found("aaaaaaaaaaaa", true, None, vec![]),
            found("bbbbbbbbbbbb", false, Some(record()), vec![]),
        ];
        insta::assert_snapshot!(table(&planes, 4_725, &|pid| u64::from(pid) << 20));
        insta::assert_snapshot!(table(&[], 0, &|_| 0), @"no control plane runs");
    }

    #[test]
    fn the_bench_table() {
        let start = |ms| Start { ms, phases: vec![phase("kube-apiserver is ready", ms / 2), phase("ready", ms - 20)] };
        let round =
            |bare_ms, installed, prepared| Round { bare_ms, installed: start(installed), prepared: start(prepared) };
        let rounds = [round(3000, 3300, 2000), round(2900, 3500, 2200), round(3100, 3200, 2100)];
        insta::assert_snapshot!(bench_table(&rounds));
    }

    #[rstest]
    #[case("/dev/shm/proofroll-0/planes/x/kubeconfig", "/dev/shm/proofroll-0/planes/x/kubeconfig")]
    #[case("/a b/it's", r"'/a b/it'\''s'")]
    fn a_shell_reads_the_path_back(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(quoted(path), expected);
    }

    #[test]
    fn our_own_memory_is_seen() {
        assert!(resident(std::process::id()) > 1 << 20);
        assert_eq!(resident(u32::MAX), 0);
    }
}
