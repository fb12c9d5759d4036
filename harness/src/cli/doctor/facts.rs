//! Looks at the machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::{
    fs::{Access, access, statfs, statvfs},
    process::{Pid, Resource, Signal, getrlimit, kill_process},
};

use crate::parts::{
    PartName, PartState, PartStatus, Parts,
    download::{Download, DownloadOptions, Patience},
    go::{self, Go, GoVersion},
    pin,
    recipe::Recipe,
};

/// How long a publisher of parts may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// What the checks judge.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub cores: usize,
    pub parts: Vec<PartStatus>,
    /// Do those answer who publish parts? Nothing: no part is missing, or nothing is to be downloaded.
    pub downloads: Option<Result<(), String>>,
    pub go: Result<GoFacts, String>,
    pub cache: PathBuf,
    pub cache_writable: bool,
    /// Directories that a build fills, with the bytes that are free there.
    pub disks: Vec<(PathBuf, u64)>,
    /// Bytes that are free in /dev/shm, if that is a tmpfs that can be written.
    pub tmpfs: Option<u64>,
    /// Bytes of memory that are available.
    pub memory: Option<u64>,
    /// How many files a process may open; nothing: without limit.
    pub open_files: Option<u64>,
    pub docker: Docker,
}

/// What `docker` says.
#[derive(Debug, Clone)]
pub(super) enum Docker {
    /// There is no such command.
    Missing,
    /// No daemon answers it; the last line that it wrote.
    Silent(String),
    /// A daemon answers.
    Answers { version: String, node_image: Option<String> },
}

#[derive(Debug, Clone)]
pub(super) struct GoFacts {
    pub local: GoVersion,
    pub needed: GoVersion,
    pub toolchain: Toolchain,
    /// Can the modules of the first missing part be had? Nothing: no part is missing.
    pub modules: Option<Result<(), String>>,
}

/// Where the toolchain that the pins need comes from.
#[derive(Debug, Clone)]
pub(super) enum Toolchain {
    Local,
    Fetched,
    Fetchable,
    TooOld,
    Unreachable(String),
}

impl Facts {
    pub fn gather(parts: &Parts) -> Self {
        let embedded = PartName::embedded();
        let statuses: Vec<PartStatus> = embedded.iter().filter_map(|name| parts.status(name).ok()).collect();
        let cache = parts.cache().root().to_owned();
        let go = Go::locate(&parts.options().go).map_err(|error| error.to_string());
        let mut filled = vec![cache.clone()];
        if let Ok(go) = &go {
            filled.extend(
                ["GOCACHE", "GOMODCACHE"]
                    .iter()
                    .filter_map(|name| ask(go, &["env", name], &[]).ok())
                    .map(PathBuf::from),
            );
        }
        let missing = statuses.iter().find(|status| Self::is_missing(status)).map(|status| &status.name);
        Self {
            cores: parts.options().cores,
            downloads: missing.and_then(|_| downloads(parts)),
            go: go.map(|go| go_facts(&go, missing)),
            cache_writable: writable(existing(&cache)),
            disks: filled
                .into_iter()
                .filter_map(|path| Some((free(existing(&path))?, path)))
                .map(|(free, path)| (path, free))
                .collect(),
            cache,
            tmpfs: tmpfs(Path::new("/dev/shm")),
            memory: memory(),
            open_files: getrlimit(Resource::Nofile).current,
            docker: docker(),
            parts: statuses,
        }
    }

    pub fn is_missing(part: &PartStatus) -> bool {
        matches!(part.state, PartState::Missing(_) | PartState::Damaged(_))
    }

    pub fn needs_build(&self) -> bool {
        self.parts.iter().any(Self::is_missing)
    }
}

fn downloads(parts: &Parts) -> Option<Result<(), String>> {
    let options = parts.options().download.clone().filter(|_| !parts.options().offline)?;
    // Asked once: a doctor does not wait for a server to get well.
    let patience = Patience { attempts: 1, silence: ANSWER, ..options.patience };
    Some(Download::new(DownloadOptions { patience, ..options }).reach().map_err(|error| error.to_string()))
}

fn go_facts(go: &Go, missing: Option<&PartName>) -> GoFacts {
    let needed = pin::toolchain();
    let toolchain = match go.toolchain(needed).as_deref() {
        Err(_) => Toolchain::TooOld,
        Ok("local") => Toolchain::Local,
        Ok(name) if ask(go, &["version"], &[("GOTOOLCHAIN", name), ("GOPROXY", "off")]).is_ok() => Toolchain::Fetched,
        Ok(name) => match ask(go, &["env", "GOOS", "GOARCH"], &[]) {
            Ok(platform) => {
                let platform = platform.split_whitespace().collect::<Vec<_>>().join("-");
                let module = format!("golang.org/toolchain@v0.0.1-{name}.{platform}");
                ask(go, &["list", "-m", &module], &[]).map_or_else(Toolchain::Unreachable, |_| Toolchain::Fetchable)
            }
            Err(reason) => Toolchain::Unreachable(reason),
        },
    };
    let modules = missing.and_then(|part| Recipe::of(part).ok()).map(|recipe| {
        let module = format!("{}@v{}", recipe.package.module, recipe.version());
        ask(go, &["list", "-m", &module], &[]).map(drop)
    });
    GoFacts { local: go.local, needed, toolchain, modules }
}

/// Asks Go something outside of any module. The error is the last line that it said.
fn ask(go: &Go, arguments: &[&str], variables: &[(&str, &str)]) -> Result<String, String> {
    let mut command: Command = go.command(Path::new("/"), go.local).map_err(|error| error.to_string())?;
    command.args(arguments).env("GOFLAGS", "-mod=mod").env("GOWORK", "off").envs(variables.iter().copied());
    match go::run(&mut command, "go", |_| false) {
        Ok(answer) => Ok(String::from_utf8_lossy(&answer).trim().to_owned()),
        Err(go::GoError::Failed { mut said, .. }) => Err(said.pop().unwrap_or_else(|| "it says nothing".into())),
        Err(error) => Err(error.to_string()),
    }
}

/// The directory itself, or the nearest one above it that exists.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(path)
}

fn writable(directory: &Path) -> bool {
    access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

fn free(directory: &Path) -> Option<u64> {
    let stat = statvfs(directory).ok()?;
    Some(stat.f_bavail * stat.f_frsize)
}

fn tmpfs(directory: &Path) -> Option<u64> {
    /// TMPFS_MAGIC of linux/magic.h.
    const MAGIC: i64 = 0x0102_1994;
    // The type differs between platforms of Linux.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    let is_tmpfs = statfs(directory).is_ok_and(|stat| stat.f_type as i64 == MAGIC);
    if is_tmpfs && writable(directory) { free(directory) } else { None }
}

fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}

/// A daemon that is stuck takes connections and never answers.
const DOCKER_ANSWERS: Duration = Duration::from_secs(10);

pub(super) fn output_within(limit: Duration, command: &mut Command) -> io::Result<Output> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let id = Pid::from_child(&child);
    let (tell, heard) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    heard.recv_timeout(limit).unwrap_or_else(|_| {
        kill_process(id, Signal::KILL)?;
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("it was asked for {} s", limit.as_secs())))
    })
}

fn docker() -> Docker {
    let ask = |arguments: &[&str]| output_within(DOCKER_ANSWERS, Command::new("docker").args(arguments));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let answer = match ask(&["version", "--format", "{{.Server.Version}}"]) {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => return Docker::Silent(error.to_string()),
        Err(_) => return Docker::Missing,
        Ok(answer) => answer,
    };
    if !answer.status.success() {
        return Docker::Silent(said(&answer.stderr).lines().last().unwrap_or("it says nothing").to_owned());
    }
    // The newest comes first.
    let images = ask(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "proofroll/node"]);
    let node_image = images.ok().and_then(|images| said(&images.stdout).lines().next().map(str::to_owned));
    Docker::Answers { version: said(&answer.stdout), node_image }
}
