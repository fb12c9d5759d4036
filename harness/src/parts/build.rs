//! Builds a part from its Go modules.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::{
    go::{self, Go, GoError},
    manifests,
    meter::{self, LIST_FORMAT, Meter},
    pin,
    recipe::Recipe,
    run::Seen,
    way::{Room, Way, WayError},
};
use crate::progress::Progress;

/// The way "build".
#[derive(Debug, Clone)]
pub struct Build {
    /// The `go` command.
    pub go: PathBuf,
    /// Cores that the machine has, for the time that it says it will take.
    pub cores: usize,
}

impl Way for Build {
    fn name(&self) -> &'static str {
        "build"
    }

    fn make(&self, recipe: &Recipe, room: Room<'_>, progress: &dyn Progress) -> Result<String, WayError> {
        let go = Go::locate(&self.go)?;
        let work = work_directory(recipe, room.scratch)?;
        let (title, expected) = (recipe.title(), meter::on_cores(recipe.part.cold_build(), self.cores));
        let cold = meter::about(expected);
        progress.say(&format!("building {title} from its Go modules ({cold} if nothing is compiled yet)"));
        let job = Compile {
            title,
            expected,
            package: &recipe.package.path,
            flags: &["-trimpath", "-ldflags", &recipe.ldflags],
            out: &room.out.join(recipe.part.binary()),
            temporary: &room.scratch.join("tmp"),
        };
        job.run(&|| go.in_pin(&work), progress)?;
        if recipe.has_manifests() {
            manifests::fetch(&go, recipe, &work, room.out, progress)?;
        }
        let with = go.local.max(pin::toolchain());
        Ok(format!("built with go {with} from {} v{}", recipe.package.module, recipe.version()))
    }

    fn manifests(&self, recipe: &Recipe, room: Room<'_>, progress: &dyn Progress) -> Result<(), WayError> {
        let go = Go::locate(&self.go)?;
        progress.say(&format!("fetching the manifests of {} from its Go module", recipe.title()));
        let work = work_directory(recipe, room.scratch)?;
        manifests::fetch(&go, recipe, &work, room.out, progress)
    }
}

/// A directory with the pin's `go.mod` and `go.sum`, for go commands to work in.
pub(crate) fn work_directory(recipe: &Recipe, scratch: &Path) -> Result<PathBuf, WayError> {
    let work = scratch.join("pin");
    recipe.pin.write_to(&work).map_err(WayError::io("cannot write the pin to", &work))?;
    Ok(work)
}

/// One main package to compile and link.
pub(crate) struct Compile<'a> {
    /// For the progress.
    pub title: String,
    /// How long it takes if nothing is compiled yet.
    pub expected: Duration,
    /// The main package.
    pub package: &'a str,
    /// Flags of `go build`.
    pub flags: &'a [&'a str],
    /// The binary.
    pub out: &'a Path,
    /// A directory for Go's temporary files: one that is collected if this process is killed.
    pub temporary: &'a Path,
}

impl Compile<'_> {
    /// Does it, with go commands from `go`.
    pub fn run(&self, go: &dyn Fn() -> Result<Command, GoError>, progress: &dyn Progress) -> Result<(), WayError> {
        let started = Instant::now();
        let mut meter = Meter::new(self.title.clone(), self.expected);
        fs::create_dir_all(self.temporary).map_err(WayError::io("cannot make the directory", self.temporary))?;
        let step = |meter: &mut Meter, verb: &str, arguments: &[&OsStr]| {
            let mut command = go()?;
            command.env("GOTMPDIR", self.temporary).args(arguments).arg(self.package);
            go::run(&mut command, &format!("go {verb} {}", self.package), |seen| {
                let known = matches!(seen, Seen::Line(line) if meter.hear(line));
                progress.update(&meter.line(started.elapsed()));
                known
            })
        };
        // The list first (it downloads too): then it is known how many packages there are.
        let packages = step(&mut meter, "list -deps", &["list", "-deps", "-f", LIST_FORMAT].map(OsStr::new))?;
        meter.learn(&String::from_utf8_lossy(&packages));
        let mut arguments = vec![OsStr::new("build"), OsStr::new("-v")];
        arguments.extend(self.flags.iter().map(OsStr::new));
        arguments.extend([OsStr::new("-o"), self.out.as_os_str()]);
        step(&mut meter, "build", &arguments)?;
        Ok(())
    }
}
