//! What a user wants of a control plane, and which requests may share one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ClusterError, stages, state::PlaneDir};
use crate::{images::ControllerImage, timeouts::scaled};

/// Raised whenever keeper and user of different builds would not understand each other.
const KEEPER_PROTOCOL: u32 = 4;

/// An executable of the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanePart {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is, in hex.
    pub sha256: String,
}

/// The executables of an embedded control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaneParts {
    /// etcd.
    pub etcd: PlanePart,
    /// kube-apiserver.
    pub apiserver: PlanePart,
    /// kube-controller-manager.
    pub kcm: PlanePart,
    /// kube-scheduler.
    pub scheduler: PlanePart,
    /// kwok.
    pub kwok: PlanePart,
}

/// Where a plane comes from, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "kebab-case")]
pub enum Source {
    /// Processes of this machine, with fake nodes.
    Embedded(EmbeddedSource),
    /// The same processes in containers, from one image.
    Container(ContainerSource),
    /// A kind cluster: nodes are containers of Docker, pods are real.
    Kind(KindSource),
    /// A cluster that is there already and is not ours.
    Existing(ExistingSource),
}

/// What an embedded plane is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedSource {
    /// The executables.
    pub parts: PlaneParts,
    /// The port for the API server; default: any free one.
    pub port: Option<u16>,
    /// The directory where [prepared data](super::prepared) is kept; none: the plane is installed.
    #[serde(default)]
    pub prepared: Option<PathBuf>,
}

/// What a plane in containers is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSource {
    /// The image of the control plane, for people.
    pub reference: String,
    /// Its id.
    pub image: String,
    /// The port for the API server; default: any free one.
    pub port: Option<u16>,
}

/// What a kind cluster is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindSource {
    /// The kind executable.
    pub kind: PlanePart,
    /// The node image: `kindest/node:v1.34.4`.
    pub node_image: String,
    /// Image archives that are loaded into the nodes, for no registry may be in reach.
    pub archives: Vec<PlanePart>,
    /// The release's `manifests/install.yaml`: the controller as a Deployment, with its RBAC.
    pub install: PathBuf,
    /// The controller's image, among the archives; None where the manifest's own is to be pulled.
    pub controller: Option<ControllerImage>,
    /// Whether the public image of that name comes before it.
    pub controller_image: ImageSource,
    /// The image of the load generator, among the archives.
    pub probe: String,
}

/// Where the controller of a kind cluster has its image from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// The image that the release published, if Docker has it or a registry gives it; else one that is built here.
    #[default]
    Auto,
    /// The image that the release published, and no other.
    Public,
    /// One that is built here, around the binary of the controller.
    Built,
}

/// A cluster that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExistingSource {
    /// The kubeconfig's files, as KUBECONFIG names them.
    pub kubeconfig: Vec<PathBuf>,
    /// The context, always named by the user.
    pub context: String,
    /// Where its API server is: a context of this name may lead to another cluster tomorrow.
    pub server: String,
    /// Which controller is tested.
    pub subject: Subject,
    /// The image of the load generator, where there is one.
    #[serde(default)]
    pub probe: Option<String>,
}

/// The controller that is tested in a cluster that is not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The one that is installed.
    Installed,
    /// The one that writes this log: it may run outside of the cluster.
    Logged(PathBuf),
    /// One that is installed for the time of the tests.
    Release {
        /// The release's `manifests/install.yaml`.
        manifest: PathBuf,
        /// The tag of its image: `v1.10.2`.
        tag: String,
    },
}

impl Source {
    /// The provider's name on the command line.
    pub fn provider(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Container(_) => "container",
            Self::Kind(_) => "kind",
            Self::Existing(_) => "existing",
        }
    }

    /// What an embedded plane is made of, if it is one.
    pub fn embedded_mut(&mut self) -> Option<&mut EmbeddedSource> {
        match self {
            Self::Embedded(source) => Some(source),
            _ => None,
        }
    }

    /// The port that the API server shall have, where that can be asked for.
    pub fn port_mut(&mut self) -> Option<&mut Option<u16>> {
        match self {
            Self::Embedded(source) => Some(&mut source.port),
            Self::Container(source) => Some(&mut source.port),
            Self::Kind(_) | Self::Existing(_) => None,
        }
    }

    /// The port that was asked for.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Embedded(EmbeddedSource { port, .. }) | Self::Container(ContainerSource { port, .. }) => *port,
            Self::Kind(_) | Self::Existing(_) => None,
        }
    }
}

/// What a user wants of a control plane.
#[derive(Debug, Clone)]
pub struct PlaneRequest {
    /// Where it comes from.
    pub source: Source,
    /// The files with the release's CRDs, YAML or JSON. CRDs are cluster-wide, so releases that
    /// differ in them have planes of their own.
    pub crds: Vec<PathBuf>,
    /// The release, for people: `v1.10.2`. Two releases with the same CRDs may share a plane.
    pub release_label: String,
    /// What the plane is used for, for people: the scenario's id, `up`.
    pub purpose: String,
    /// Set to something unique: nobody else joins this plane.
    pub own: Option<String>,
}

impl PlaneRequest {
    /// The key of the plane that serves this request: everything that makes one plane differ from
    /// another is in it, nothing else is.
    ///
    /// # Errors
    /// When a CRD file cannot be read.
    pub fn key(&self) -> Result<String, ClusterError> {
        let mut hash = Sha256::new();
        let mut add = |what: &str, content: &[u8]| {
            hash.update(format!("{what} {}\n", content.len()));
            hash.update(content);
        };
        add("provider", self.source.provider().as_bytes());
        add("protocol", &KEEPER_PROTOCOL.to_be_bytes());
        match &self.source {
            Source::Embedded(EmbeddedSource { parts, port: _, prepared: _ }) => {
                let PlaneParts { etcd, apiserver, kcm, scheduler, kwok } = parts;
                for part in [etcd, apiserver, kcm, scheduler, kwok] {
                    add("part", part.sha256.as_bytes());
                }
                add("stages", stages::all().as_bytes());
            }
            Source::Container(ContainerSource { reference: _, image, port: _ }) => {
                add("image", image.as_bytes());
                add("stages", stages::all().as_bytes());
            }
            Source::Kind(KindSource {
                kind,
                node_image,
                archives,
                install,
                controller,
                controller_image,
                probe: _,
            }) => {
                add("part", kind.sha256.as_bytes());
                add("image", node_image.as_bytes());
                if let Some(image) = controller {
                    add("controller", image.reference.as_bytes());
                }
                add("controller-image", format!("{controller_image:?}").as_bytes());
                archives.iter().for_each(|archive| add("archive", archive.sha256.as_bytes()));
                add("install", &read(install)?);
            }
            Source::Existing(ExistingSource { kubeconfig, context, server, subject, probe }) => {
                kubeconfig.iter().for_each(|path| add("kubeconfig", path.as_os_str().as_encoded_bytes()));
                add("context", context.as_bytes());
                add("server", server.as_bytes());
                probe.iter().for_each(|image| add("probe", image.as_bytes()));
                match subject {
                    Subject::Installed => {}
                    Subject::Logged(log) => add("log", log.as_os_str().as_encoded_bytes()),
                    Subject::Release { manifest, tag } => {
                        add("tag", tag.as_bytes());
                        add("install", &read(manifest)?);
                    }
                }
            }
        }
        let mut crds = self.crds.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        crds.sort();
        for crd in crds {
            add("crd", &crd);
        }
        if let Some(own) = &self.own {
            add("own", own.as_bytes());
        }
        Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ClusterError> {
    fs::read(path).map_err(|error| ClusterError::Crd { path: path.to_owned(), why: error.to_string() })
}

/// How long a keeper that was told to stop may take, by what it keeps.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Somebody else's cluster: namespaces with pods that take their time go one after the other.
const STOP_LIMIT_EXISTING: Duration = Duration::from_secs(240);

/// What the keeper is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Names this plane among all that ever have its key.
    pub id: String,
    pub source: Source,
    pub crds: Vec<PathBuf>,
    pub release_label: String,
    /// How long the plane stays when its last lease is gone, in milliseconds.
    pub linger_ms: u64,
}

impl Order {
    /// The order of the plane in this directory; None if it is not there (any more).
    pub fn read(dir: &PlaneDir) -> Option<Self> {
        serde_json::from_slice(&fs::read(dir.order()).ok()?).ok()
    }

    /// How long the keeper of this plane may take to stop.
    pub fn stop_limit(dir: &PlaneDir) -> Duration {
        match Self::read(dir).map(|order| order.source) {
            Some(Source::Existing(_)) => scaled(STOP_LIMIT_EXISTING),
            _ => STOP_LIMIT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str) -> PlanePart {
        PlanePart { path: PathBuf::from(name), sha256: name.into() }
    }

    fn request(crds: Vec<PathBuf>) -> PlaneRequest {
        let parts =
            PlaneParts { etcd: part("e"), apiserver: part("a"), kcm: part("k"), scheduler: part("s"), kwok: part("w") };
        let source = Source::Embedded(EmbeddedSource { parts, port: None, prepared: None });
        PlaneRequest { source, crds, release_label: "v1".into(), purpose: "test".into(), own: None }
    }

    #[test]
    fn what_makes_a_plane_differ_is_in_its_key_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let crds: Vec<PathBuf> = ["one", "two"]
            .iter()
            .map(|name| {
                let path = dir.path().join(name);
                fs::write(&path, name).unwrap();
                path
            })
            .collect();
        let base = request(crds.clone());
        let key = base.key().unwrap();
        assert_eq!(key.len(), 12);

        let mut same = base.clone();
        same.purpose = "other".into();
        same.source.embedded_mut().unwrap().port = Some(1);
        same.source.embedded_mut().unwrap().prepared = Some("/elsewhere".into());
        same.release_label = "v2, the same CRDs".into();
        same.crds.reverse();
        same.source.embedded_mut().unwrap().parts.etcd.path = "elsewhere".into();
        assert_eq!(same.key().unwrap(), key);

        let mut own = base.clone();
        own.own = Some("1".into());
        assert_ne!(own.key().unwrap(), key);
        let mut other = base.clone();
        other.source.embedded_mut().unwrap().parts.kwok.sha256 = "x".into();
        assert_ne!(other.key().unwrap(), key);
        fs::write(&crds[0], "changed").unwrap();
        assert_ne!(base.key().unwrap(), key);
    }

    #[test]
    fn a_missing_crd_file_is_named() {
        let refused = request(vec!["nowhere.yaml".into()]).key().unwrap_err().to_string();
        assert!(refused.contains("nowhere.yaml"), "{refused}");
    }
}
