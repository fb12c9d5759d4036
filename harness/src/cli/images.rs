//! `proofroll images`: what is made for clusters and machines that cannot make it themselves.

use semver::Version;

use super::{
    args::Images,
    exit::{Exit, Fault},
    progress::TerminalProgress,
};
use crate::{
    controller::ControllerSpec,
    images::{self, ImageError, control_plane},
    parts::{PartError, Parts},
    process::interrupt,
    run::provision::ProvideError,
};

/// Makes the images, and prints their names.
pub(super) fn run(what: &Images) -> Result<Exit, Fault> {
    match what {
        Images::ControlPlane { controller, kubernetes } => {
            control_plane_image(controller.as_ref(), kubernetes.as_ref())
        }
        Images::Demo => demo(),
    }
}

/// An archive with the demo application and the load generator: where it is, and what is in it.
fn demo() -> Result<Exit, Fault> {
    let progress = TerminalProgress::new();
    let made = images::demo(&Parts::from_env()?, &progress);
    progress.clear();
    let archive = made.map_err(ProvideError::from)?.archive;
    anstream::println!("{}", archive.path.display());
    archive.references().for_each(|reference| anstream::println!("{reference}"));
    Ok(Exit::Passed)
}

/// The image for `--cluster container`: it is in Docker's store afterwards.
fn control_plane_image(controller: Option<&String>, kubernetes: Option<&Version>) -> Result<Exit, Fault> {
    let parts = Parts::from_env()?;
    let spec = controller.map_or_else(|| Ok(ControllerSpec::default()), |asked| ControllerSpec::parse(asked))?;
    let ControllerSpec::Release(release) = spec else {
        let asked = controller.cloned().unwrap_or_default();
        let reason = "the image holds a release; a controller by path is brought into its container at run time".into();
        return Err(PartError::Controller { asked, reason }.into());
    };
    let progress = TerminalProgress::new();
    interrupt::listen().map_err(Fault::infra)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::infra)?;
    let made = control_plane::making(&parts, &release, kubernetes, &progress).and_then(|making| {
        runtime.block_on(async {
            tokio::select! {
                loaded = making.load(&parts, &progress) => loaded.map(|()| Some(making.reference().to_owned())),
                () = interrupt::interrupted() => Ok::<_, ImageError>(None),
            }
        })
    });
    progress.clear();
    let reference = made.map_err(|error| Fault::from(ProvideError::from(error)))?.ok_or_else(Fault::interrupted)?;
    anstream::println!("{reference}");
    Ok(Exit::Passed)
}
