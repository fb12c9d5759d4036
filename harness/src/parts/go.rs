//! The `go` command of this machine: which one, how old, and the environment in which it builds
//! the same thing everywhere.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt, io,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
};

use super::{
    pin,
    run::{self, Seen},
};

/// A version of Go: `go1.26.10`, `1.24`. Pre-releases count as the release that they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoVersion {
    /// `1` in 1.26.10.
    pub major: u32,
    /// `26` in 1.26.10.
    pub minor: u32,
    /// `10` in 1.26.10.
    pub patch: u32,
}

impl GoVersion {
    /// The first version that fetches newer toolchains by itself (`GOTOOLCHAIN`).
    pub const FETCHES_TOOLCHAINS: Self = Self { major: 1, minor: 21, patch: 0 };
}

impl FromStr for GoVersion {
    type Err = NotAGoVersion;

    fn from_str(text: &str) -> Result<Self, NotAGoVersion> {
        let bad = || NotAGoVersion(text.to_owned());
        // "devel go1.27-0123abc Mon ..." is what a toolchain built from source says.
        let word = text.trim().trim_start_matches("devel ").split_whitespace().next().ok_or_else(bad)?;
        let mut numbers = word.trim_start_matches("go").splitn(3, '.').map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..digits].parse::<u32>().ok()
        });
        let mut next = || numbers.next().flatten();
        let (Some(major), Some(minor)) = (next(), next()) else { return Err(bad()) };
        Ok(Self { major, minor, patch: next().unwrap_or(0) })
    }
}

/// `1.26.10`
impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A text that is no version of Go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a version of Go")]
pub struct NotAGoVersion(String);

/// What went wrong with the `go` command.
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// There is none.
    #[error("the go command {} cannot be started: {source}", program.display())]
    NotFound {
        /// What was to be started.
        program: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// It cannot fetch the toolchain that is needed.
    #[error("{} is go {local}; that is too old to fetch go {needed} by itself", program.display())]
    TooOld {
        /// The command.
        program: PathBuf,
        /// Its version.
        local: GoVersion,
        /// The version that the pin needs.
        needed: GoVersion,
    },
    /// It said no.
    #[error("`{what}` failed ({status}){}", indented(said))]
    Failed {
        /// The command in short: `go build k8s.io/...`.
        what: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        said: Vec<String>,
    },
    /// It answered something that is not understood.
    #[error("`{what}` answered {answer:?}, which is not understood")]
    Answer {
        /// The command in short.
        what: String,
        /// The answer.
        answer: String,
    },
    /// Its output could not be read, or its working directory could not be made.
    #[error("while running `{what}`: {source}")]
    Io {
        /// The command in short.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n      {line}")).collect()
}

impl GoError {
    /// What a person does about it.
    pub fn advice(&self) -> String {
        let said = if let Self::Failed { said, .. } = self { said.join("\n") } else { String::new() };
        let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
        match self {
            Self::NotFound { .. } | Self::TooOld { .. } => {
                "install Go 1.21 or newer (https://go.dev/dl), or name one with PROOFROLL_GO=/path/to/go".into()
            }
            _ if names(&["no space left on device"]) => {
                "free some disk space (a cold build needs about 4 GB; GOCACHE, GOMODCACHE and \
                 PROOFROLL_CACHE_DIR can lie on another disk)"
                    .into()
            }
            _ if names(&["dial tcp", "lookup ", "proxy", "connection refused", "TLS handshake", "i/o timeout"]) => {
                "check the network, or set GOPROXY to a module proxy that this machine reaches".into()
            }
            _ if names(&["signal: killed", "cannot allocate memory"]) => {
                "free some memory: linking kube-apiserver takes about 2 GB".into()
            }
            _ => "read the lines above; `proofroll doctor` checks this machine".into(),
        }
    }
}

/// A `go` command that has told its version.
#[derive(Debug, Clone)]
pub struct Go {
    program: PathBuf,
    /// The version of the command itself, without a fetched toolchain.
    pub local: GoVersion,
}

impl Go {
    /// Asks a `go` command for its version.
    ///
    /// # Errors
    /// When it cannot be started or does not answer like Go.
    pub fn locate(program: &Path) -> Result<Self, GoError> {
        let what = "go env GOVERSION";
        let mut command = Command::new(program);
        // In the root directory no go.mod, go.work or vendor directory has a say.
        command.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").current_dir("/");
        let said = run::lines(&mut command, |_| {}).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                GoError::NotFound { program: program.to_owned(), source }
            }
            _ => GoError::Io { what: what.into(), source },
        })?;
        let answer = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let local = answer.parse().map_err(|_| GoError::Answer { what: what.into(), answer })?;
        Ok(Self { program: program.to_owned(), local })
    }

    /// The `GOTOOLCHAIN` with which this command does the work of the version that is needed.
    ///
    /// # Errors
    /// When it is older and from before toolchains were fetched.
    pub fn toolchain(&self, needed: GoVersion) -> Result<String, GoError> {
        match self.local {
            local if local >= needed => Ok("local".into()),
            local if local >= GoVersion::FETCHES_TOOLCHAINS => Ok(format!("go{needed}")),
            local => Err(GoError::TooOld { program: self.program.clone(), local, needed }),
        }
    }

    /// A command in `directory`, in an environment that lets nothing of the caller's change the
    /// result. Where modules come from (`GOPROXY` and its kin) stays the caller's.
    ///
    /// # Errors
    /// As [`Go::toolchain`].
    pub fn command(&self, directory: &Path, needed: GoVersion) -> Result<Command, GoError> {
        let mut command = Command::new(&self.program);
        command
            .current_dir(directory)
            .env("GOTOOLCHAIN", self.toolchain(needed)?)
            // -buildvcs: git's mood ("dubious ownership") must not fail a build.
            .env("GOFLAGS", "-mod=readonly -buildvcs=false")
            .env("CGO_ENABLED", "0")
            .env_remove("GOOS")
            .env_remove("GOARCH")
            .env_remove("GOEXPERIMENT");
        Ok(command)
    }

    /// A command in a directory that holds a pin: no workspace of the caller's, one toolchain for
    /// all pins.
    ///
    /// # Errors
    /// As [`Go::toolchain`].
    pub fn in_pin(&self, work: &Path) -> Result<Command, GoError> {
        let mut command = self.command(work, pin::toolchain())?;
        command.env("GOWORK", "off");
        Ok(command)
    }
}

/// Lines of an error output that are worth showing.
const KEPT_LINES: usize = 15;

/// Runs a go command to its end. `seen` hears each line of its error output and, twice a second,
/// that time passes; it answers whether the line was only progress. The others are kept for the
/// error, the last few of them.
///
/// The calling thread waits, and the command dies with it.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub fn run(command: &mut Command, what: &str, mut seen: impl FnMut(Seen<'_>) -> bool) -> Result<Vec<u8>, GoError> {
    let kept = RefCell::new(VecDeque::new());
    let ended = run::lines(command, |event| {
        let progress = seen(event);
        if let (Seen::Line(line), false) = (event, progress) {
            let mut kept = kept.borrow_mut();
            if kept.len() == KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(line.to_owned());
        }
    })
    .map_err(|source| GoError::Io { what: what.to_owned(), source })?;
    if ended.status.success() {
        return Ok(ended.stdout);
    }
    let said = kept.into_inner().into();
    Err(GoError::Failed { what: what.to_owned(), status: ended.status.to_string(), said })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("go1.26.8", "1.26.8")]
    #[case("1.24", "1.24.0")]
    #[case("go1.27rc1", "1.27.0")]
    #[case("devel go1.27-9b0e1c7 Mon Jan 5", "1.27.0")]
    #[case("go1.26.8 X:nodwarf5", "1.26.8")]
    fn versions_are_read(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text.parse::<GoVersion>().unwrap().to_string(), shown);
    }

    #[rstest]
    #[case("")]
    #[case("go")]
    #[case("version 3")]
    #[case("local")]
    fn other_texts_are_not(#[case] text: &str) {
        assert!(text.parse::<GoVersion>().is_err());
    }

    #[test]
    fn patches_compare_as_numbers() {
        assert!("go1.26.10".parse::<GoVersion>().unwrap() > "go1.26.9".parse().unwrap());
    }

    #[rstest]
    #[case("1.26.10", "local")]
    #[case("1.27.0", "local")]
    #[case("1.26.8", "go1.26.10")]
    #[case("1.21.0", "go1.26.10")]
    fn an_older_go_fetches_the_toolchain(#[case] local: &str, #[case] set: &str) {
        let go = Go { program: "go".into(), local: local.parse().unwrap() };
        assert_eq!(go.toolchain("1.26.10".parse().unwrap()).unwrap(), set);
    }

    #[test]
    fn a_very_old_go_cannot() {
        let go = Go { program: "go".into(), local: "1.20.3".parse().unwrap() };
        let error = go.toolchain("1.26.10".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "go is go 1.20.3; that is too old to fetch go 1.26.10 by itself");
    }
}
