//! Gets what scenarios run on: the controller's release, the parts of a control plane, the plane.

use std::io;

use super::{
    container::container,
    existing::existing,
    wish::{self, DriverName, Provider, Wish},
};
use crate::{
    act::{Driver, plugin::Plugin},
    cluster::{
        self, ClusterError, EmbeddedSource, ImageSource, KindSource, Plane, PlanePart, PlaneParts, PlaneRequest,
        Source, existing::ExistingError, prepared,
    },
    controller::{ControllerFiles, ControllerSpec, UnderTest},
    images::{self, ImageArchive, ImageError, control_plane::ControlPlaneError},
    parts::{Origin, PartError, PartName, Parts, kubernetes, recipe::Recipe},
    progress::Progress,
    timeouts,
};

/// The controller under test, and the parts of the plane on which it runs.
#[derive(Debug, Clone)]
pub struct Provisions {
    /// The controller.
    pub release: UnderTest,
    /// Where the plane comes from.
    pub source: Source,
    /// Nobody else joins the plane.
    pub alone: bool,
    /// Who does the actions that the plugin has a command for.
    pub driver: Driver,
}

/// Why there is nothing to run on.
#[derive(Debug, thiserror::Error)]
pub enum ProvideError {
    /// A part is not to be had.
    #[error(transparent)]
    Part(#[from] PartError),
    /// An image cannot be made.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A cluster that is there cannot be used.
    #[error(transparent)]
    Existing(#[from] ExistingError),
    /// An image with a control plane cannot be used.
    #[error(transparent)]
    ControlPlane(#[from] ControlPlaneError),
    /// What was asked for does not go together.
    #[error("{0}")]
    Asked(String),
    /// No network, no timers.
    #[error("the runtime cannot be started: {0}")]
    Runtime(#[source] io::Error),
    /// Somebody did not want to wait.
    #[error("interrupted")]
    Interrupted,
}

impl ProvideError {
    /// Is it a fault of what was asked (exit code 2), and not of machine or network (3)?
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Part(error) | Self::Image(ImageError::Part(error)) => error.is_bad_input(),
            Self::Existing(error) => error.is_bad_input(),
            Self::ControlPlane(error) => error.is_bad_input(),
            Self::Asked(_) => true,
            Self::Image(_) | Self::Runtime(_) | Self::Interrupted => false,
        }
    }
}

/// Finds the controller and the parts, and builds what is missing. Blocks, perhaps for many minutes;
/// `progress` says how far it is.
///
/// # Errors
/// See [`ProvideError`].
pub fn provide(wish: &Wish, progress: &dyn Progress) -> Result<Provisions, ProvideError> {
    wish.check().map_err(ProvideError::Asked)?;
    timeouts::set_pace(wish.provider.pace());
    let parts = Parts::from_env()?;
    let spec = || wish.controller.as_deref().map_or_else(|| Ok(ControllerSpec::default()), ControllerSpec::parse);
    let provisions = match wish.provider {
        Provider::Embedded => embedded(&parts, &spec()?, wish, progress)?,
        Provider::Container => container(&parts, &spec()?, wish, progress)?,
        Provider::Kind => kind(&parts, &spec()?, wish, progress)?,
        Provider::Existing => existing(&parts, wish, progress)?,
    };
    Ok(Provisions { alone: wish.alone, driver: driver(&parts, wish, progress)?, ..provisions })
}

/// The driver; the plugin's part is made where it is missing.
fn driver(parts: &Parts, wish: &Wish, progress: &dyn Progress) -> Result<Driver, PartError> {
    if wish.driver == DriverName::Api {
        return Ok(Driver::Api);
    }
    let found = match &wish.plugin {
        Some(path) => parts.given(&PartName::Plugin, path, wish::PLUGIN_VARIABLE)?,
        None => parts.find(&PartName::Plugin, progress)?,
    };
    let label = match &found.origin {
        Origin::Given(_) => found.path.display().to_string(),
        Origin::Cached(_) | Origin::Made(_) => format!("v{}", found.version),
    };
    Ok(Driver::Plugin(Plugin { program: found.path, label, sha256: found.sha256 }))
}

fn embedded(
    parts: &Parts,
    spec: &ControllerSpec,
    wish: &Wish,
    progress: &dyn Progress,
) -> Result<Provisions, ImageError> {
    let names = kubernetes::plane(wish.kubernetes.as_ref());
    // One look at all that is missing, so that it is said at once how long it takes.
    let mut wanted = names.to_vec();
    if let ControllerSpec::Release(release) = spec {
        wanted.push(PartName::RolloutsController(release.clone()));
    }
    let found = parts.find_all(&wanted, progress)?;
    let release = parts.controller(spec, wish.as_version.as_ref(), progress)?;
    let mut found = found.into_iter().map(|part| PlanePart { path: part.path, sha256: part.sha256 });
    let mut next = || found.next().unwrap_or_else(|| unreachable!("find_all answers for each name"));
    let plane = PlaneParts { etcd: next(), apiserver: next(), kcm: next(), scheduler: next(), kwok: next() };
    let prepared = prepared::directory(parts.cache().root());
    Ok(Provisions {
        release: release.into(),
        source: Source::Embedded(EmbeddedSource { parts: plane, port: None, prepared }),
        alone: false,
        driver: Driver::Api,
    })
}

/// kind, its node image, and the images that no registry may be asked for.
fn kind(
    parts: &Parts,
    spec: &ControllerSpec,
    wish: &Wish,
    progress: &dyn Progress,
) -> Result<Provisions, ProvideError> {
    let release = parts.controller(spec, wish.as_version.as_ref(), progress)?;
    let kind = parts.find(&PartName::Kind, progress)?;
    let controller = images::controller(parts, &release, progress)?;
    let demo = images::demo(parts, progress)?;
    let archive = |archive: &ImageArchive| PlanePart { path: archive.path.clone(), sha256: archive.identity() };
    let kubernetes = Recipe::of(&PartName::KubeApiserver)?.version().clone();
    let controller_image = match (spec, wish.controller_image) {
        // No registry may be asked.
        (ControllerSpec::Release(_), ImageSource::Auto) if parts.options().offline => ImageSource::Built,
        (ControllerSpec::Release(_), asked) => asked,
        (_, ImageSource::Public) => {
            return Err(ProvideError::Asked(
                "--controller-image public: a binary or a checkout has no public image, only a release has".into(),
            ));
        }
        _ => ImageSource::Built,
    };
    let source = KindSource {
        kind: PlanePart { path: kind.path, sha256: kind.sha256 },
        node_image: wish.node_image.clone().unwrap_or_else(|| format!("kindest/node:v{kubernetes}")),
        archives: vec![archive(&controller.archive), archive(&demo.archive)],
        install: release.manifests.install(),
        controller: Some(controller),
        controller_image,
        probe: demo.probe,
    };
    Ok(Provisions { release: release.into(), source: Source::Kind(source), alone: false, driver: Driver::Api })
}

/// Joins the plane for these provisions, or starts it.
///
/// # Errors
/// See [`ClusterError`].
pub async fn acquire(provisions: &Provisions, purpose: &str, progress: &dyn Progress) -> Result<Plane, ClusterError> {
    cluster::acquire(request(provisions, purpose), progress).await
}

/// As [`acquire`], unless `given_up` resolves before: see [`cluster::acquire_unless`].
///
/// # Errors
/// See [`ClusterError`].
pub async fn acquire_unless(
    provisions: &Provisions,
    purpose: &str,
    progress: &dyn Progress,
    given_up: impl Future<Output = ()>,
) -> Result<Option<Plane>, ClusterError> {
    cluster::acquire_unless(&request(provisions, purpose), progress, given_up).await
}

/// The request for a plane for these provisions.
pub fn request(provisions: &Provisions, purpose: &str) -> PlaneRequest {
    let crds = provisions.release.files.as_ref().map(|ControllerFiles { manifests, .. }| manifests.crds().to_vec());
    PlaneRequest {
        source: provisions.source.clone(),
        crds: crds.unwrap_or_default(),
        release_label: provisions.release.label.clone(),
        purpose: purpose.to_owned(),
        own: provisions.alone.then(|| format!("{:016x}", fastrand::u64(..))),
    }
}
