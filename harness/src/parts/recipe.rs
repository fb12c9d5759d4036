//! How a part is built: the package, the flags, and the key that names the result.

use semver::Version;

use super::{
    PartError, PartName,
    pin::{Package, Pin},
    sum,
};

/// Everything that decides what comes out of a build.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The part that is made.
    pub part: PartName,
    /// The pin whose modules are used.
    pub pin: &'static Pin,
    /// The main package.
    pub package: Package,
    /// What the linker is told: strip, and the version that the binary shows.
    pub ldflags: String,
}

impl Recipe {
    /// The recipe of a part.
    ///
    /// # Errors
    /// When it is a controller of a release that is not pinned.
    pub fn of(part: &PartName) -> Result<Self, PartError> {
        let Some((pin, package)) = Pin::of(part) else {
            return Err(match part {
                PartName::RolloutsController(version) => PartError::unknown_release(&format!("v{version}")),
                other => PartError::NoPin { part: other.clone() },
            });
        };
        let ldflags = ldflags(part, &package.version);
        Ok(Self { part: part.clone(), pin, package, ldflags })
    }

    /// The version that is built.
    pub fn version(&self) -> &Version {
        &self.package.version
    }

    /// The part with its version, as a person reads it: `etcd v3.6.8`.
    pub fn title(&self) -> String {
        format!("{} v{}", self.part.binary(), self.version())
    }

    /// Name of the cache entry: changes with the modules' checksums, the flags and the platform.
    pub fn entry(&self) -> String {
        let key = sum::sha256_hex(&[
            "recipe 1: CGO_ENABLED=0 go build -trimpath",
            std::env::consts::OS,
            std::env::consts::ARCH,
            self.part.binary(),
            &self.package.path,
            &self.version().to_string(),
            &self.ldflags,
            &self.pin.digest,
        ]);
        format!("{}-v{}-{}", self.part.binary(), self.version(), &key[..12])
    }

    /// Does the part bring its release's manifests along?
    pub fn has_manifests(&self) -> bool {
        matches!(self.part, PartName::RolloutsController(_))
    }
}

/// Binaries built from modules know no version; upstream's own builds pass it to the linker, so
/// that `--version`, `/version` and the logs name it. The controller and the plugin add `+unknown` for the commit.
fn ldflags(part: &PartName, version: &Version) -> String {
    let strip = "-s -w";
    match part {
        PartName::KubeApiserver
        | PartName::KubeControllerManager
        | PartName::KubeScheduler
        | PartName::Kubelet
        | PartName::Kubeadm
        | PartName::Kubectl
        | PartName::KubeProxy
        | PartName::Kubernetes(..) => {
            let at = "k8s.io/component-base/version";
            let Version { major, minor, .. } = version;
            format!("{strip} -X {at}.gitVersion=v{version} -X {at}.gitMajor={major} -X {at}.gitMinor={minor}")
        }
        PartName::RolloutsController(_) | PartName::Plugin => {
            format!("{strip} -X github.com/argoproj/argo-rollouts/utils/version.version={version}")
        }
        PartName::Etcd
        | PartName::Kwok
        | PartName::NodeEtcd
        | PartName::Coredns
        | PartName::RolloutsDemo
        | PartName::Kind => strip.to_owned(),
    }
}

/// The controller's module path, in pins and in checkouts.
pub const ROLLOUTS_MODULE: &str = "github.com/argoproj/argo-rollouts";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::pin;

    #[test]
    fn flags_name_the_version() {
        let rows: Vec<String> = PartName::all()
            .iter()
            .map(|part| Recipe::of(part).unwrap())
            .map(|recipe| format!("{}: {}", recipe.title(), recipe.ldflags))
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn the_entry_changes_with_what_is_built() {
        let recipe = Recipe::of(&PartName::Etcd).unwrap();
        let other = Recipe { ldflags: "-s".into(), ..recipe.clone() };
        assert!(recipe.entry().starts_with("etcd-v3."), "{}", recipe.entry());
        assert_eq!(recipe.entry(), recipe.entry());
        assert_ne!(recipe.entry(), other.entry());
    }

    #[test]
    fn an_unpinned_release_is_an_error_that_lists_the_pinned() {
        let error = Recipe::of(&PartName::RolloutsController(Version::new(0, 9, 0))).unwrap_err().to_string();
        assert!(error.contains(&format!("v{}", pin::newest_release())), "{error}");
    }
}
