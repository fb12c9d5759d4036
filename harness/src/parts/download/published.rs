//! What is published where. Hosts and paths are those of the projects' own release pages; a mirror has the same
//! paths below a base of its own.

use semver::Version;

use super::settings::DownloadOptions;
use crate::parts::PartName;

/// Who publishes parts; each can have a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publisher {
    /// Kubernetes' own programs, as files.
    Kubernetes,
    /// etcd, in an archive.
    Etcd,
    /// kwok, in an image: of its files no checksums are published.
    Kwok,
    /// The controller, only in an image.
    Rollouts,
    /// The plugin of kubectl, as a file.
    Plugin,
    /// kind, as a file.
    Kind,
}

impl Publisher {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Kubernetes, Self::Etcd, Self::Kwok, Self::Rollouts, Self::Plugin, Self::Kind];

    /// The variable that names a mirror: `PROOFROLL_MIRROR_KUBERNETES`.
    pub fn variable(self) -> String {
        let name = match self {
            Self::Kubernetes => "KUBERNETES",
            Self::Etcd => "ETCD",
            Self::Kwok => "KWOK",
            Self::Rollouts => "ROLLOUTS",
            Self::Plugin => "PLUGIN",
            Self::Kind => "KIND",
        };
        format!("PROOFROLL_MIRROR_{name}")
    }

    /// Where it publishes; of images, the registry.
    pub fn base(self) -> &'static str {
        match self {
            Self::Kubernetes => "https://dl.k8s.io/release",
            Self::Etcd => "https://github.com/etcd-io/etcd/releases/download",
            Self::Kwok => "https://registry.k8s.io",
            Self::Rollouts => "https://quay.io",
            Self::Plugin => "https://github.com/argoproj/argo-rollouts/releases/download",
            Self::Kind => "https://github.com/kubernetes-sigs/kind/releases/download",
        }
    }
}

/// How a part is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Published {
    /// The program itself, with a checksum file.
    File { url: String, sums: String },
    /// A `.tar.gz` with a checksum file; the program is `member`.
    Archive { url: String, sums: String, member: String },
    /// A file of an image.
    Image(ImageName),
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageName {
    /// The registry, perhaps with a path that stands before the repositories' names.
    pub base: String,
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
}

impl Published {
    /// How a part is published for this platform, if it is.
    pub fn of(part: &PartName, version: &Version, options: &DownloadOptions) -> Option<Self> {
        let arch = architecture(std::env::consts::ARCH)?;
        let base = |publisher| options.base(publisher);
        let image = |publisher, repository: &str| {
            let (repository, tag) = (repository.to_owned(), format!("v{version}"));
            Self::Image(ImageName { base: base(publisher), repository, tag })
        };
        let published = match part {
            PartName::KubeApiserver
            | PartName::KubeControllerManager
            | PartName::KubeScheduler
            | PartName::Kubelet
            | PartName::Kubeadm
            | PartName::Kubectl
            | PartName::KubeProxy
            | PartName::Kubernetes(..) => {
                let url = format!("{}/v{version}/bin/linux/{arch}/{}", base(Publisher::Kubernetes), part.binary());
                Self::File { sums: format!("{url}.sha256"), url }
            }
            PartName::Etcd | PartName::NodeEtcd => {
                let (base, name) = (base(Publisher::Etcd), format!("etcd-v{version}-linux-{arch}"));
                Self::Archive {
                    url: format!("{base}/v{version}/{name}.tar.gz"),
                    sums: format!("{base}/v{version}/SHA256SUMS"),
                    member: format!("{name}/etcd"),
                }
            }
            PartName::Kind => {
                let url = format!("{}/v{version}/kind-linux-{arch}", base(Publisher::Kind));
                Self::File { sums: format!("{url}.sha256sum"), url }
            }
            PartName::Plugin => {
                let release = format!("{}/v{version}", base(Publisher::Plugin));
                Self::File {
                    url: format!("{release}/{}-linux-{arch}", part.binary()),
                    sums: format!("{release}/argo-rollouts-checksums.txt"),
                }
            }
            PartName::Kwok => image(Publisher::Kwok, "kwok/kwok"),
            PartName::RolloutsController(_) => image(Publisher::Rollouts, "argoproj/argo-rollouts"),
            // Ours; and CoreDNS with a `main` of ours.
            PartName::RolloutsDemo | PartName::Coredns => return None,
        };
        Some(published)
    }
}

/// The architecture in the words of the projects, which are Go's; only of these there are files of all.
pub(super) fn architecture(rust: &str) -> Option<&'static str> {
    match rust {
        "x86_64" => Some("amd64"),
        "aarch64" => Some("arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::recipe::Recipe;

    fn all(variables: &[(&str, &str)]) -> String {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        let options = DownloadOptions::from_variables(&variable).unwrap().unwrap();
        let row = |part: &PartName| {
            let version = Recipe::of(part).unwrap().version().clone();
            format!("{part}: {:?}", Published::of(part, &version, &options))
        };
        let rows = PartName::all().iter().map(row).collect::<Vec<_>>().join("\n");
        rows.replace(architecture(std::env::consts::ARCH).unwrap(), "ARCH")
    }

    #[test]
    fn the_public_places() {
        insta::assert_snapshot!(all(&[]));
    }

    #[test]
    fn mirrors_have_the_same_paths() {
        let (public, mirrored) = (all(&[]), Publisher::ALL.map(|publisher| (publisher.variable(), "http://mirror")));
        let mirrored = all(&mirrored.each_ref().map(|(name, url)| (name.as_str(), *url)));
        assert!(!mirrored.contains("https://"), "{mirrored}");
        let expected = Publisher::ALL.iter().fold(public, |text, one| text.replace(one.base(), "http://mirror"));
        assert_eq!(mirrored, expected);
    }
}
