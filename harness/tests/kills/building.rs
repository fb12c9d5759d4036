//! Ctrl-C while parts are being built: with the real program, and a `go` that is a script.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{patience::eventually, program::program};

/// Answers what it must, and builds for more than a minute; so long a compiler of its own writes files, too.
const GO: &str = r#"#!/bin/sh
here=$(dirname "$0")
for last; do :; done
case "$1" in
env) echo go1.99.3 ;;
list) printf 'unsafe\n%s unsafe\n' "${last#./}" ;;
build)
    sh -c 'while [ $((n)) -lt 6000 ]; do echo compiled >"$GOTMPDIR/$$.$n"; n=$((n + 1)); sleep 0.01; done' &
    echo "$$" "$!" >"$here/pids.new"
    mv "$here/pids.new" "$here/pids"
    wait
    ;;
esac
"#;

pub fn an_interrupted_build_leaves_nothing() -> Result<()> {
    for signal in [Signal::INT, Signal::TERM] {
        let place = tempfile::tempdir()?;
        let place = place.path();
        let go = place.join("go");
        write_script(&go)?;
        let log = File::create(place.join("log"))?;
        let build = |log: File| -> Result<_> {
            let mut command = Command::new(program()?);
            command.args(["parts", "build", "etcd"]).env("PROOFROLL_GO", &go);
            command.env("PROOFROLL_CACHE_DIR", place.join("cache")).env_remove("PROOFROLL_PARTS_DIR");
            command.env_remove("PROOFROLL_PART_ETCD").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            Ok(Killed(command.spawn()?))
        };
        let mut builder = build(log.try_clone()?)?;
        eventually("a build", || Ok(fs::metadata(place.join("pids"))?))?;
        // A second one, that waits for the first.
        let mut waiting = build(log)?;
        let said = || -> Result<String> { Ok(fs::read_to_string(place.join("log"))?) };
        eventually("a second one", || {
            ensure!(said()?.contains("waiting for another proofroll"), "{}", said()?);
            Ok(())
        })?;
        ensure!(!entries(place)?.is_empty(), "it works in the cache");

        for Killed(process) in [&mut waiting, &mut builder] {
            kill_process(Pid::from_child(process), signal)?;
            let begun = Instant::now();
            let status = process.wait()?;
            ensure!(status.code() == Some(130), "{status}: {}", said()?);
            ensure!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        }
        ensure!(said()?.contains("\ninterrupted\n"), "{}", said()?);
        let pids = fs::read_to_string(place.join("pids"))?;
        for pid in pids.split_whitespace() {
            let left = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            ensure!(left.is_empty(), "process {pid} is left: {left}");
        }
        let left = entries(place)?;
        ensure!(left.is_empty(), "half-made parts are left: {left:?}");
    }
    Ok(())
}

/// A process that is killed when the test gives up.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It has ended: as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What lies where parts are made and kept.
fn entries(place: &Path) -> Result<Vec<String>> {
    let parts = place.join("cache").join("parts");
    let entries = fs::read_dir(&parts).with_context(|| parts.display().to_string())?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// By a child: were this process to hold the script open for writing while another test forks, starting
/// it would fail with "text file busy".
fn write_script(path: &Path) -> Result<()> {
    let mut writer = Command::new("sh");
    let mut writer = writer.args(["-c", r#"cat >"$0" && chmod +x "$0""#]).arg(path).stdin(Stdio::piped()).spawn()?;
    writer.stdin.take().context("piped")?.write_all(GO.as_bytes())?;
    ensure!(writer.wait()?.success());
    Ok(())
}
