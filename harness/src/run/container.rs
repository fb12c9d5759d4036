//! A control plane in containers: from which image, and with which controller. Nothing is built here and nothing is
//! fetched: all that is needed is in the image.

use std::path::Path;

use super::{
    provision::{ProvideError, Provisions},
    wish::Wish,
};
use crate::{
    act::Driver,
    cluster::{ContainerSource, Source},
    containers::ContainerError,
    controller::{ControllerFiles, ControllerSpec, KnownFlags, UnderTest},
    images::control_plane::{self, CONTROLLER, ControlPlaneError, ControlPlaneImage},
    parts::{PartError, Parts, given},
    process::interrupt,
    progress::Progress,
};

/// Finds the image, and the controller in it or beside it.
pub(super) fn container(
    parts: &Parts,
    spec: &ControllerSpec,
    wish: &Wish,
    progress: &dyn Progress,
) -> Result<Provisions, ProvideError> {
    let release = spec.version(wish.as_version.as_ref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ProvideError::Runtime)?;
    let found = runtime.block_on(async {
        let given = wish.control_plane_image.as_deref();
        let finding = async {
            let reference = given.map_or_else(
                || control_plane::reference(&release, wish.kubernetes.as_ref()),
                |given| Ok(given.to_owned()),
            )?;
            let image = match ControlPlaneImage::find(&reference, given.is_some(), progress).await {
                Err(ControlPlaneError::Container(ContainerError::NoImage { .. })) => {
                    return Err(ControlPlaneError::Missing { reference, release: release.clone() });
                }
                image => image?,
            };
            // A checkout has manifests of its own.
            if image.release != release && !matches!(spec, ControllerSpec::Checkout(_)) {
                let (has, asked) = (image.release, release.clone());
                return Err(ControlPlaneError::OtherRelease { reference, has, asked });
            }
            let manifests = image.manifests(parts, progress).await?;
            Ok((image, manifests))
        };
        tokio::select! {
            found = finding => found.map_err(ProvideError::from),
            () = interrupt::interrupted() => Err(ProvideError::Interrupted),
        }
    });
    let (image, manifests) = found?;
    let release = match spec {
        ControllerSpec::Release(version) => UnderTest {
            version: version.clone(),
            label: format!("v{version}"),
            sha256: image.sha256.clone(),
            files: Some(ControllerFiles {
                binary: Path::new(CONTROLLER).to_owned(),
                // It is no file of this machine that could be asked.
                flags: None,
                image: Some(image.id.clone()),
                manifests,
            }),
        },
        ControllerSpec::Binary(path) => {
            let unreadable = |error: std::io::Error| PartError::Controller {
                asked: path.display().to_string(),
                reason: error.to_string(),
            };
            let sha256 = given::remembered_sha256(parts.cache().root(), path).map_err(unreadable)?;
            let flags = KnownFlags::of(path, &sha256, parts.cache().root());
            UnderTest {
                sha256,
                label: format!("{} (as v{release})", path.display()),
                files: Some(ControllerFiles { binary: path.clone(), flags, image: None, manifests }),
                version: release,
            }
        }
        ControllerSpec::Checkout(_) => parts.controller(spec, wish.as_version.as_ref(), progress)?.into(),
    };
    let source = ContainerSource { reference: image.reference, image: image.id, port: None };
    Ok(Provisions { release, source: Source::Container(source), alone: false, driver: Driver::Api })
}
