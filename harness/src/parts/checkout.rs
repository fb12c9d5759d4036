//! The controller from somebody's working copy of argo-rollouts: built with Go every time that it
//! is asked for. Go's own build cache makes that quick while nothing changes.
//!
//! ```text
//! checkouts/argo-rollouts-0123456789ab/    named by the working copy's path
//!     build/rollouts-controller            where Go links it; is not linked anew while it is current
//!     build/tmp/                           Go's temporary files
//!     89abcdef0123/rollouts-controller     what is handed out: a copy, named by its content, so that
//!                                          the next build changes nothing under a running test
//! ```

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    PartError, PartName, Parts,
    build::Compile,
    given,
    go::{Go, GoVersion},
    gomod::GoMod,
    manifests::Manifests,
    meter, pin,
    recipe::ROLLOUTS_MODULE,
    sum,
    way::WayError,
};
use crate::progress::Progress;

const PACKAGE: &str = "cmd/rollouts-controller";
const BINARY: &str = "rollouts-controller";
/// So many builds of one checkout are kept: an older one may still run in a kept cluster.
const KEPT_BUILDS: usize = 3;

/// A controller built from a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltCheckout {
    /// The executable; the next build does not touch it.
    pub binary: PathBuf,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// The checkout's own manifests.
    pub manifests: Manifests,
}

/// Is this directory a checkout of argo-rollouts?
///
/// # Errors
/// In words, what is missing.
pub fn detect(directory: &Path) -> Result<(), String> {
    let path = directory.join("go.mod");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let module = GoMod::parse(&text).module;
    if module != ROLLOUTS_MODULE {
        return Err(format!("its go.mod is that of {module:?}, not of {ROLLOUTS_MODULE}"));
    }
    if !directory.join(PACKAGE).is_dir() {
        return Err(format!("it has no {PACKAGE}"));
    }
    Manifests::in_dir(directory.join("manifests")).map(drop).map_err(|error| error.to_string())
}

/// Builds the controller of a checkout. The directory is absolute.
pub(crate) fn build(parts: &Parts, directory: &Path, progress: &dyn Progress) -> Result<BuiltCheckout, PartError> {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let key = format!("{name}-{}", &sum::sha256_hex(&[&directory.display().to_string()])[..12]);
    let title = format!("{BINARY} of {}", directory.display());
    let _lock = parts.cache().lock(&format!("checkout-{key}"), &format!("builds the {title}"), progress)?;
    let home = parts.cache().root().join("checkouts").join(key);

    let linked = home.join("build").join(BINARY);
    let temporary = home.join("build").join("tmp");
    if temporary.exists() {
        // Left by a go command that was killed; whoever holds the lock is alone here.
        fs::remove_dir_all(&temporary).map_err(PartError::cache("empty", &temporary))?;
    }
    link(parts, directory, &title, &linked, &temporary, progress)
        .map_err(|source| PartError::Make { what: format!("the {title} does not build"), source })?;

    let failed = |doing| PartError::cache(doing, &home);
    let sha256 = given::remembered_sha256(parts.cache().root(), &linked).map_err(failed("read the binary in"))?;
    let handed_out = home.join(&sha256[..12]);
    if handed_out.exists() {
        File::open(&handed_out)
            .and_then(|file| file.set_modified(SystemTime::now()))
            .map_err(failed("mark the binary as used in"))?;
    } else {
        let room = tempfile::tempdir_in(&temporary).map_err(failed("make a directory in"))?;
        fs::copy(&linked, room.path().join(BINARY))
            .and_then(|_| fs::rename(room.path(), &handed_out))
            .map_err(failed("copy the binary in"))?;
    }
    drop_old_builds(&home).map_err(failed("remove old builds from"))?;
    let manifests = directory.join("manifests");
    Ok(BuiltCheckout {
        binary: handed_out.join(BINARY),
        sha256,
        manifests: Manifests::in_dir(&manifests).map_err(PartError::cache("read the manifests in", &manifests))?,
    })
}

fn link(
    parts: &Parts,
    directory: &Path,
    title: &str,
    linked: &Path,
    temporary: &Path,
    progress: &dyn Progress,
) -> Result<(), WayError> {
    let go_mod = directory.join("go.mod");
    let text = fs::read_to_string(&go_mod).map_err(WayError::io("cannot read", &go_mod))?;
    let needs = GoMod::parse(&text).needs.unwrap_or(GoVersion::FETCHES_TOOLCHAINS);
    let go = Go::locate(&parts.options().go)?;
    let cold = PartName::RolloutsController(pin::newest_release()).cold_build();
    // -trimpath as for the pins: where a release has been built, most of what a checkout near it
    // needs is compiled already. Symbols stay in: these binaries are made to be looked into.
    let job = Compile {
        title: title.to_owned(),
        expected: meter::on_cores(cold, parts.options().cores),
        package: &format!("./{PACKAGE}"),
        flags: &["-trimpath"],
        out: linked,
        temporary,
    };
    let command = || {
        let mut command = go.command(directory, needs)?;
        if parts.options().offline {
            // What Go has already is enough, or it says what is missing.
            command.env("GOPROXY", "off");
        }
        Ok(command)
    };
    job.run(&command, progress)
}

fn drop_old_builds(home: &Path) -> io::Result<()> {
    let mut builds = Vec::new();
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        if entry.file_name() != "build" {
            builds.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    builds.sort();
    let old = builds.len().saturating_sub(KEPT_BUILDS);
    let hour_ago = SystemTime::now().checked_sub(Duration::from_secs(3600));
    for (used, path) in builds.into_iter().take(old) {
        // What was handed out within the hour may not have been started yet.
        if Some(used) < hour_ago {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_builds_go_and_fresh_or_few_ones_stay() {
        let home = tempfile::tempdir().unwrap();
        let names = || {
            let entries = fs::read_dir(home.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        for (name, hours) in [("build", 9), ("a", 5), ("b", 4), ("c", 3), ("d", 2), ("e", 0)] {
            let path = home.path().join(name);
            fs::create_dir(&path).unwrap();
            let used = SystemTime::now() - Duration::from_secs(hours * 3600);
            File::open(path).unwrap().set_modified(used).unwrap();
        }
        drop_old_builds(home.path()).unwrap();
        assert_eq!(names(), ["build", "c", "d", "e"]);

        for name in ["c", "d"] {
            File::open(home.path().join(name)).unwrap().set_modified(SystemTime::now()).unwrap();
        }
        fs::create_dir(home.path().join("f")).unwrap();
        drop_old_builds(home.path()).unwrap();
        assert_eq!(names(), ["build", "c", "d", "e", "f"], "all of them were used within the hour");
    }
}
