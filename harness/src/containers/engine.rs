//! Docker's engine: a runtime that talks to it, and the few things that are asked of it besides starting programs.

use std::{collections::HashMap, future::Future, sync::OnceLock, time::Duration};

use futures::StreamExt;
use testcontainers::{
    bollard::{
        Docker,
        errors::Error,
        models::ContainerCreateBody,
        query_parameters::{
            CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
            RemoveContainerOptionsBuilder,
        },
    },
    core::client::docker_client_instance,
};
use tokio::runtime::{Builder, Runtime};

use super::ContainerError;

/// An engine that is stuck takes connections and never answers.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// How often the engine is asked whether it has finished what it had begun.
const ENGINE_WORKS: Duration = Duration::from_millis(100);

/// Labels of containers: names and values.
pub type Labels = Vec<(String, String)>;

/// An image in the engine's store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `sha256:...`
    pub id: String,
    /// Its labels.
    pub labels: HashMap<String, String>,
}

/// Talks to the engine for all of this process. A connection belongs to the runtime that opened it, and the client
/// is one for all of a process: so there is one runtime for it too, which lasts as long as the process.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("docker").enable_all().build();
        runtime.expect("a thread can be started")
    })
}

/// Asks the engine, on its runtime.
async fn ask<T: Send + 'static>(
    asking: impl Future<Output = Result<T, ContainerError>> + Send + 'static,
) -> Result<T, ContainerError> {
    let asked = runtime().spawn(asking);
    asked.await.unwrap_or_else(|error| Err(ContainerError::NoEngine { why: error.to_string() }))
}

pub(super) async fn docker() -> Result<Docker, ContainerError> {
    docker_client_instance().await.map_err(|error| ContainerError::NoEngine { why: error.to_string() })
}

pub(super) fn refused(doing: impl Into<String>) -> impl FnOnce(Error) -> ContainerError {
    move |error| match error {
        Error::DockerResponseServerError { message, .. } => {
            ContainerError::Refused { doing: doing.into(), why: message }
        }
        error => ContainerError::NoEngine { why: chain(&error) },
    }
}

/// With all of its causes: the client's own words say only that a request failed.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn is(error: &Error, codes: &[u16]) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code, .. } if codes.contains(status_code))
}

/// The engine's version, if there is one to talk to whose containers work as processes of this machine.
///
/// # Errors
/// [`ContainerError::NoEngine`], [`ContainerError::Apart`].
pub async fn version() -> Result<String, ContainerError> {
    let asking = async {
        let info = docker().await?.info().await.map_err(refused("its state"))?;
        let options = info.security_options.unwrap_or_default();
        for (option, how) in [("name=rootless", "without root"), ("name=userns", "with other users (userns-remap)")] {
            if options.iter().any(|found| found.contains(option)) {
                return Err(ContainerError::Apart { how });
            }
        }
        Ok(info.server_version.unwrap_or_default())
    };
    match tokio::time::timeout(ANSWERS_WITHIN, ask(asking)).await {
        Ok(answer) => answer,
        Err(_) => Err(ContainerError::NoEngine { why: format!("it was asked for {} s", ANSWERS_WITHIN.as_secs()) }),
    }
}

/// Looks an image up in the engine's store.
///
/// # Errors
/// [`ContainerError::NoImage`] if it is not there; when the engine does not answer.
pub async fn image(reference: &str) -> Result<Image, ContainerError> {
    let reference = reference.to_owned();
    ask(async move {
        let found = match docker().await?.inspect_image(&reference).await {
            Err(error) if is(&error, &[404]) => return Err(ContainerError::NoImage { reference }),
            found => found.map_err(refused(format!("the image {reference}")))?,
        };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        Ok(Image { id: found.id.unwrap_or_default(), labels })
    })
    .await
}

/// Removes all containers that have these labels, running or not; returns when there is none.
///
/// # Errors
/// When the engine does not answer, or cannot remove one.
pub async fn remove(labels: Labels) -> Result<(), ContainerError> {
    ask(async move {
        let docker = docker().await?;
        loop {
            let found = list(&docker, &labels).await?;
            if found.is_empty() {
                return Ok(());
            }
            for (id, _) in found {
                remove_one(&docker, &id).await?;
            }
            // Somebody else may be removing the rest.
            tokio::time::sleep(ENGINE_WORKS).await;
        }
    })
    .await
}

pub(super) async fn remove_one(docker: &Docker, container: &str) -> Result<(), ContainerError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(container, Some(options)).await {
        // It is gone, or somebody else is removing it.
        Err(error) if is(&error, &[404, 409]) => Ok(()),
        other => other.map_err(refused(format!("removing the container {container}"))),
    }
}

/// The values that a label has on the containers that have these labels.
///
/// # Errors
/// When the engine does not answer.
pub async fn values(labels: Labels, of: &'static str) -> Result<Vec<String>, ContainerError> {
    ask(async move {
        let found = list(&docker().await?, &labels).await?;
        let mut values: Vec<String> = found.into_iter().filter_map(|(_, mut labels)| labels.remove(of)).collect();
        values.sort();
        values.dedup();
        Ok(values)
    })
    .await
}

async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<(String, HashMap<String, String>)>, ContainerError> {
    let labels = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let filters = HashMap::from([("label".to_owned(), labels)]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = docker.list_containers(Some(options)).await.map_err(refused("its containers"))?;
    Ok(found.into_iter().map(|found| (found.id.unwrap_or_default(), found.labels.unwrap_or_default())).collect())
}

/// Waits until containers could have these names: the engine goes on to make a container when whoever asked for it
/// is gone, and lists it only when it is made. But it gives the name away before: whoever can take the name knows
/// that none comes.
///
/// # Errors
/// When the engine does not answer.
pub async fn free_names(names: Vec<String>, image: String) -> Result<(), ContainerError> {
    ask(async move {
        let docker = docker().await?;
        for name in names {
            loop {
                let options = CreateContainerOptionsBuilder::new().name(&name).build();
                let body = never_started(&image, Labels::new());
                match docker.create_container(Some(options), body).await {
                    Err(error) if is(&error, &[404]) => return Ok(()),
                    Err(error) if !is(&error, &[409]) => {
                        return Err(refused(format!("taking the name {name}"))(error));
                    }
                    // Ours, or what came: either goes.
                    _ => remove_one(&docker, &name).await?,
                }
                if matches!(docker.inspect_container(&name, None).await, Err(error) if is(&error, &[404])) {
                    break;
                }
                tokio::time::sleep(ENGINE_WORKS).await;
            }
        }
        Ok(())
    })
    .await
}

/// A directory of an image, as a tar archive. The container that is made for it has these labels.
///
/// # Errors
/// When there is no such directory, or the engine does not answer.
pub async fn copy_out(image: &str, path: &str, labels: Labels) -> Result<Vec<u8>, ContainerError> {
    let (image, path) = (image.to_owned(), path.to_owned());
    ask(async move {
        let docker = docker().await?;
        let body = never_started(&image, labels);
        let options = CreateContainerOptionsBuilder::new().build();
        let made = docker.create_container(Some(options), body).await.map_err(refused("a container to copy from"))?;
        let options = DownloadFromContainerOptionsBuilder::new().path(&path).build();
        let mut stream = Box::pin(docker.download_from_container(&made.id, Some(options)));
        let mut archive = Vec::new();
        let mut copied = Ok(());
        while let Some(chunk) = stream.next().await {
            match chunk.map_err(refused(format!("copying {path} out of an image"))) {
                Ok(chunk) => archive.extend_from_slice(&chunk),
                Err(error) => {
                    copied = Err(error);
                    break;
                }
            }
        }
        drop(stream);
        remove_one(&docker, &made.id).await?;
        copied.map(|()| archive)
    })
    .await
}

/// A container that is made and never started. The engine makes none without a command.
fn never_started(image: &str, labels: Labels) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(vec!["/none".to_owned()]),
        labels: Some(labels.into_iter().collect()),
        ..ContainerCreateBody::default()
    }
}
