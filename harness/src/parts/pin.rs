//! The pins: which version of what is used, and its checksums. One directory per upstream project
//! with a `go.mod` and a `go.sum`, embedded in the binary; versions stand nowhere else. A pin builds the
//! packages of its `tool` lines; one with sources of its own builds those: the demo
//! application, which is ours and needs no other module, has nothing else.

use std::{fs, io, path::Path, sync::LazyLock};

use rust_embed::RustEmbed;
use semver::Version;

use super::{PartName, go::GoVersion, gomod::GoMod, sum};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/parts"]
struct Files;

/// One upstream project at one version.
#[derive(Debug)]
pub struct Pin {
    /// The directory's name: `etcd`, `rollouts-v1.10.2`.
    pub directory: String,
    /// The text of its `go.mod`.
    pub go_mod: String,
    /// The text of its `go.sum`: the checksums that Go verifies while it downloads.
    pub go_sum: String,
    /// Name and text of each source file of its own, without tests.
    pub sources: Vec<(String, String)>,
    /// SHA-256 over all of them, hex.
    pub digest: String,
    pub(crate) parsed: GoMod,
}

/// A package of a pin: what a part is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Import path of the main package.
    pub path: String,
    /// The module that it belongs to.
    pub module: String,
    /// The module's version.
    pub version: Version,
}

static PINS: LazyLock<Vec<Pin>> = LazyLock::new(|| {
    let text = |directory: &str, file: &str| {
        let file = Files::get(&format!("{directory}/{file}"))?;
        Some(String::from_utf8_lossy(&file.data).into_owned())
    };
    let mut pins: Vec<Pin> = Files::iter()
        .filter_map(|path| path.strip_suffix("/go.mod").map(str::to_owned))
        .filter_map(|directory| {
            let go_mod = text(&directory, "go.mod")?;
            let go_sum = text(&directory, "go.sum").unwrap_or_default();
            let sources: Vec<(String, String)> = source_files(&directory)
                .map(|file| Some((file.clone(), text(&directory, &file)?)))
                .collect::<Option<_>>()?;
            let texts: Vec<&str> = [&go_mod, &go_sum]
                .into_iter()
                .chain(sources.iter().map(|(_, text)| text))
                .map(String::as_str)
                .collect();
            let digest = sum::sha256_hex(&texts);
            Some(Pin { digest, parsed: GoMod::parse(&go_mod), directory, go_mod, go_sum, sources })
        })
        .collect();
    pins.sort_by(|a, b| a.directory.cmp(&b.directory));
    pins
});

fn source_files(directory: &str) -> impl Iterator<Item = String> {
    let prefix = format!("{directory}/");
    let mut files: Vec<String> = Files::iter()
        .filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned))
        .filter(|file| file.ends_with(".go") && !file.ends_with("_test.go"))
        .collect();
    files.sort();
    files.into_iter()
}

impl Pin {
    /// The pin and the package that a part is built from; nothing for a release that is not pinned.
    pub fn of(part: &PartName) -> Option<(&'static Self, Package)> {
        PINS.iter().find_map(|pin| {
            let package = pin.packages().find(|package| match part {
                // These have a pin of their own, named after them.
                PartName::Etcd
                | PartName::NodeEtcd
                | PartName::Coredns
                | PartName::RolloutsDemo
                | PartName::Plugin
                | PartName::Kind => pin.directory == part.to_string(),
                PartName::RolloutsController(version) => {
                    package.path.ends_with("/cmd/rollouts-controller") && package.version == *version
                }
                PartName::Kubernetes(program, version) => {
                    package.path.ends_with(&format!("/cmd/{}", program.binary())) && package.version == *version
                }
                other => !pin.is_of_one_version() && package.path.ends_with(&format!("/cmd/{}", other.binary())),
            })?;
            Some((pin, package))
        })
    }

    /// Is it one of several of the same project, and named after its version?
    fn is_of_one_version(&self) -> bool {
        self.directory.contains("-v")
    }

    /// The packages that this pin exists for: the tools that it names, or its own.
    fn packages(&self) -> impl Iterator<Item = Package> {
        let tools = self.parsed.tools.iter().filter_map(|path| {
            let (module, version) = self.parsed.module_of(path)?;
            Some(Package { path: path.clone(), module: module.to_owned(), version })
        });
        tools.chain(self.own_package())
    }

    /// The package of the pin's own sources. Its version is that of the module after which the pin is named;
    /// of what wraps no other module, that of proofroll itself.
    fn own_package(&self) -> Option<Package> {
        let name = format!("/{}", self.directory);
        let own = &self.parsed.module;
        let wrapped = self.parsed.requires.keys().find(|module| module.ends_with(&name));
        let (module, version) = match wrapped {
            _ if self.sources.is_empty() => return None,
            Some(module) => self.parsed.module_of(module)?,
            None => (own.as_str(), env!("CARGO_PKG_VERSION").parse().ok()?),
        };
        Some(Package { path: own.clone(), module: module.to_owned(), version })
    }

    /// Writes its files into a directory, for Go to work in.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn write_to(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("go.mod"), &self.go_mod)?;
        fs::write(directory.join("go.sum"), &self.go_sum)?;
        self.sources.iter().try_for_each(|(name, text)| fs::write(directory.join(name), text))
    }
}

/// The pinned releases of the controller, oldest first.
pub fn releases() -> Vec<Version> {
    let mut releases: Vec<Version> = PINS
        .iter()
        .flat_map(Pin::packages)
        .filter(|package| package.path.ends_with("/cmd/rollouts-controller"))
        .map(|package| package.version)
        .collect();
    releases.sort();
    releases
}

/// The newest pinned release of the controller.
pub fn newest_release() -> Version {
    releases().pop().expect("a release is embedded: a unit test checks it")
}

/// The pinned versions of Kubernetes, oldest first.
pub fn kubernetes() -> Vec<Version> {
    let mut versions: Vec<Version> = PINS
        .iter()
        .flat_map(Pin::packages)
        .filter(|package| package.path == "k8s.io/kubernetes/cmd/kube-apiserver")
        .map(|package| package.version)
        .collect();
    versions.sort();
    versions
}

/// The newest pinned version of Kubernetes: that of every plane for which no other one is asked.
pub fn newest_kubernetes() -> Version {
    kubernetes().pop().expect("Kubernetes is embedded: a unit test checks it")
}

/// The Go version that builds every pin. One for all, so that they share compiled packages.
pub fn toolchain() -> GoVersion {
    PINS.iter().filter_map(|pin| pin.parsed.needs).max().expect("pins have `go` lines: a unit test checks it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::kubernetes::Program;

    #[test]
    fn every_part_has_a_package_and_a_version() {
        let rows: Vec<String> = PartName::all()
            .iter()
            .map(|part| {
                let (pin, package) = Pin::of(part).unwrap_or_else(|| panic!("{part} has no pin"));
                let has_sum = pin.go_sum.contains(&format!("{} v{} ", package.module, package.version));
                assert!(has_sum || !pin.sources.is_empty(), "{part}: no sum");
                format!("{part}: {} {} v{}", pin.directory, package.path, package.version)
            })
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
        assert!(toolchain() >= "1.24.0".parse().unwrap());
        assert_eq!(releases().last(), Some(&newest_release()));
    }

    #[test]
    fn a_release_directory_is_named_after_the_version_in_its_go_mod() {
        for release in releases() {
            let (pin, _) = Pin::of(&PartName::RolloutsController(release.clone())).unwrap();
            assert_eq!(pin.directory, format!("rollouts-v{release}"));
        }
    }

    /// What the plugin links besides (tables, a dashboard) would change what the controller is built from, so it has
    /// a pin of its own; of what both need it must be the same.
    #[test]
    fn the_plugin_is_built_from_the_modules_of_the_newest_controller() {
        let newest = newest_release();
        let (controller, _) = Pin::of(&PartName::RolloutsController(newest.clone())).unwrap();
        let (plugin, package) = Pin::of(&PartName::Plugin).unwrap();
        assert_eq!(package.version, newest);
        let (ours, theirs) = (&plugin.parsed.requires, &controller.parsed.requires);
        let other: Vec<_> =
            theirs.iter().filter(|(module, version)| ours.get(*module).is_some_and(|v| v != *version)).collect();
        assert!(other.is_empty(), "{other:?}");
        assert!(theirs.keys().filter(|module| ours.contains_key(*module)).count() > theirs.len() / 2);
        let replaced = |pin: &Pin| -> Vec<String> {
            pin.go_mod.lines().filter(|line| line.contains(" => ")).map(|line| line.trim().to_owned()).collect()
        };
        assert_eq!(replaced(plugin), replaced(controller));
    }

    #[test]
    fn an_older_kubernetes_is_named_after_the_version_in_its_go_mod() {
        for version in kubernetes() {
            let (pin, _) = Pin::of(&Program::Apiserver.of(&version)).unwrap();
            let newest = version == newest_kubernetes();
            assert_eq!(pin.directory, if newest { "kubernetes".into() } else { format!("kubernetes-v{version}") });
        }
    }

    #[test]
    fn the_demo_is_its_sources_without_their_tests() {
        let (pin, _) = Pin::of(&PartName::RolloutsDemo).unwrap();
        let names: Vec<&str> = pin.sources.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["main.go", "probe.go", "script.go", "serve.go"]);
        assert_eq!(pin.parsed.requires.len(), 0, "it would need a go.sum");
        let directory = tempfile::tempdir().unwrap();
        pin.write_to(directory.path()).unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("main.go")).unwrap(), pin.sources[0].1);
    }

    #[test]
    fn a_release_that_is_not_pinned_has_no_pin() {
        assert!(Pin::of(&PartName::RolloutsController(Version::new(0, 0, 1))).is_none());
    }
}
