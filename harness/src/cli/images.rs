//! `proofroll images`: what is made for machines that have Docker and nothing else.

use super::{
    args::Images,
    exit::{Exit, Fault},
    progress::TerminalProgress,
};
use crate::{
    controller::ControllerSpec,
    images::{ImageError, control_plane},
    parts::{PartError, Parts},
    process::interrupt,
    run::provision::ProvideError,
};

/// Makes the image, has it in Docker's store, and prints its name.
pub(super) fn run(what: &Images) -> Result<Exit, Fault> {
    let Images::ControlPlane { controller } = what;
    let parts = Parts::from_env()?;
    let spec = controller.as_deref().map_or_else(|| Ok(ControllerSpec::default()), ControllerSpec::parse)?;
    let ControllerSpec::Release(release) = spec else {
        let asked = controller.clone().unwrap_or_default();
        let reason = "the image holds a release; a controller by path is brought into its container at run time".into();
        return Err(PartError::Controller { asked, reason }.into());
    };
    let progress = TerminalProgress::new();
    interrupt::listen().map_err(Fault::infra)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::infra)?;
    let made = control_plane::making(&parts, &release, &progress).and_then(|making| {
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
