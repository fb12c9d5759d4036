//! What is left of planes and runs: processes that have to do with a state directory, and its files.

use std::{
    fmt, fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A process that has to do with the state directory.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    pub command: String,
    pub cwd: PathBuf,
}

impl Process {
    pub fn is_keeper(&self) -> bool {
        self.command.contains("--proofroll-keeper")
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, parent, command, cwd } = self;
        let command: String = command.chars().take(300).collect();
        write!(f, "process {pid} (parent {parent}) in {}: {command}", cwd.display())
    }
}

/// The processes whose working directory, arguments or environment name this directory. One that has
/// ended and is not buried yet has none of these.
pub fn processes(state: &Path) -> Result<Vec<Process>> {
    let needle = state.as_os_str().as_bytes();
    let names = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        if pid == std::process::id() {
            continue;
        }
        // It may end while we look; it may be another user's.
        let read = |name: &str| fs::read(path.join(name)).unwrap_or_default();
        let (command, environment) = (read("cmdline"), read("environ"));
        let cwd = fs::read_link(path.join("cwd")).unwrap_or_default();
        if !(cwd.starts_with(state) || names(&command) || names(&environment)) {
            continue;
        }
        let Some((parent, dead)) = parent(&read("stat")) else { continue };
        if !dead {
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            found.push(Process { pid, parent, command, cwd });
        }
    }
    Ok(found)
}

/// The parent, and whether the process has ended. From `/proc/PID/stat`: `7 (name) S 1 ...`.
fn parent(stat: &[u8]) -> Option<(u32, bool)> {
    let stat = String::from_utf8_lossy(stat);
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X");
    Some((fields.next()?.parse().ok()?, dead))
}

/// Whether a process of ours would be told of this signal, instead of simply ending by it.
pub fn catches(pid: u32, signal: rustix::process::Signal) -> Result<bool> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).context("a process has SigCgt")?;
    Ok(u64::from_str_radix(mask.trim(), 16)? >> (signal.as_raw() - 1) & 1 == 1)
}

/// All that lies below the directory, in a line each; at most twenty of them.
pub fn files(state: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![state.to_owned()];
    while let Some(dir) = open.pop() {
        // It may go while we look.
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries {
            let Ok(entry) = entry else { continue };
            found.push(format!("file {}", entry.path().display()));
            if found.len() == 20 {
                found.push("... and more".into());
                return Ok(found);
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
    Ok(found)
}
