//! The manifests that a controller release ships: custom resources, RBAC, Deployment. They come
//! from the release's own module, at its version.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    go::{self, Go, GoError},
    meter::DOWNLOADING,
    recipe::Recipe,
    run::Seen,
    way::WayError,
};
use crate::progress::Progress;

/// A directory with the manifests of one release, as in upstream's repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifests {
    /// The directory: holds `crds/`, `install.yaml`, `namespace-install.yaml`.
    pub dir: PathBuf,
    crds: Vec<PathBuf>,
}

impl Manifests {
    /// Takes a directory after a look at its content.
    ///
    /// # Errors
    /// With the first file that is missing.
    pub fn in_dir(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        let missing = |path: &Path| io::Error::new(io::ErrorKind::NotFound, format!("{} is missing", path.display()));
        let crds = list_crds(&dir.join("crds"))?;
        if crds.is_empty() {
            return Err(missing(&dir.join("crds").join("*.yaml")));
        }
        let manifests = Self { dir, crds };
        match [manifests.install(), manifests.namespace_install()].iter().find(|file| !file.is_file()) {
            Some(file) => Err(missing(file)),
            None => Ok(manifests),
        }
    }

    /// The files with the custom resource definitions, in order of name.
    pub fn crds(&self) -> &[PathBuf] {
        &self.crds
    }

    /// The manifest for a controller that watches one namespace.
    pub fn namespace_install(&self) -> PathBuf {
        self.dir.join("namespace-install.yaml")
    }

    /// The manifest for a controller that watches the whole cluster.
    pub fn install(&self) -> PathBuf {
        self.dir.join("install.yaml")
    }

    /// Copies the files, and nothing else of the directory, into `to`.
    pub(crate) fn copy_to(&self, to: &Path) -> io::Result<()> {
        let copy = |from: &Path, to: PathBuf| {
            // Not fs::copy: files in Go's module cache are read-only, and that would be copied too.
            fs::write(to, fs::read(from)?)
        };
        fs::create_dir_all(to.join("crds"))?;
        for file in &self.crds {
            copy(file, to.join("crds").join(file.file_name().unwrap_or_default()))?;
        }
        copy(&self.install(), to.join("install.yaml"))?;
        copy(&self.namespace_install(), to.join("namespace-install.yaml"))
    }
}

fn list_crds(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(directory)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", directory.display())))?;
    for entry in entries {
        let path = entry?.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml");
        // kustomization.yaml is a list of the others, no resource.
        if yaml && path.file_stem().is_some_and(|stem| stem != "kustomization") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Name of the directory beside a controller's binary.
pub(crate) const DIRECTORY: &str = "manifests";

/// Copies the manifests of a release from its module into `out/manifests`; downloads the module if
/// Go does not have it yet. `work` holds the pin.
pub(crate) fn fetch(
    go: &Go,
    recipe: &Recipe,
    work: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> Result<(), WayError> {
    let module = &recipe.package.module;
    let what = format!("go mod download {module}");
    let mut command = go.in_pin(work)?;
    command.args(["mod", "download", "-json", module]);
    let answer = go::run(&mut command, &what, |seen| match seen {
        Seen::Line(line) => {
            progress.update(&format!("fetching the manifests of {}: {line}", recipe.title()));
            line.starts_with(DOWNLOADING)
        }
        Seen::Tick => false,
    })?;
    let directory = serde_json::from_slice::<serde_json::Value>(&answer)
        .ok()
        .and_then(|json| Some(json.get("Dir")?.as_str()?.to_owned()))
        .ok_or_else(|| GoError::Answer { what, answer: String::from_utf8_lossy(&answer).into_owned() })?;
    let shipped = Manifests::in_dir(Path::new(&directory).join("manifests"))
        .map_err(|error| WayError::Content(format!("{module} v{} has no manifests: {error}", recipe.version())))?;
    let to = out.join(DIRECTORY);
    shipped.copy_to(&to).map_err(WayError::io("cannot copy the manifests to", &to))
}
