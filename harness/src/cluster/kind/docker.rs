//! Docker, through its command line: whoever has kind has that, with contexts, credentials and remote
//! engines as the user set them up.

use std::time::Duration;

use crate::process::tool::{Tool, ToolError};

/// An engine that is stuck takes connections and never answers.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// Why Docker cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// No `docker` in PATH.
    #[error("there is no `docker` in PATH\n(hint: install Docker; on Debian `ci/docker up --install` does so)")]
    NoClient,
    /// No engine answers.
    #[error(
        "Docker's engine does not answer: {why}\n(hint: start it; `ci/docker up` starts one where root may; DOCKER_HOST names another)"
    )]
    NoEngine {
        /// What the client says.
        why: String,
    },
    /// A call failed.
    #[error(transparent)]
    Call(#[from] ToolError),
}

fn docker() -> Tool {
    Tool::new("docker")
}

/// The engine's version, if there is one to talk to.
///
/// # Errors
/// [`DockerError::NoClient`], [`DockerError::NoEngine`].
pub async fn version() -> Result<String, DockerError> {
    let asked = docker().args(["version", "--format", "{{.Server.Version}}"]).output();
    match tokio::time::timeout(ANSWERS_WITHIN, asked).await {
        Ok(Ok(version)) => Ok(version.trim().to_owned()),
        Ok(Err(error)) if error.is_missing() => Err(DockerError::NoClient),
        Ok(Err(error)) => Err(DockerError::NoEngine { why: last_line(&error) }),
        Err(_) => Err(DockerError::NoEngine { why: format!("it was asked for {} s", ANSWERS_WITHIN.as_secs()) }),
    }
}

/// The id of this image, if the engine has it: `sha256:...`.
///
/// # Errors
/// When the engine does not answer.
pub async fn image_id(reference: &str) -> Result<Option<String>, DockerError> {
    match docker().args(["image", "inspect", "--format", "{{.Id}}", reference]).output().await {
        Ok(id) => Ok(Some(id.trim().to_owned())),
        Err(error) if error.last_words().contains("No such image") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the engine has this image.
///
/// # Errors
/// When the engine does not answer.
pub async fn has_image(reference: &str) -> Result<bool, DockerError> {
    Ok(image_id(reference).await?.is_some())
}

/// Pulls an image; its progress is told.
///
/// # Errors
/// When it is not to be had.
pub async fn pull(reference: &str, tell: impl FnMut(&str)) -> Result<(), DockerError> {
    docker().args(["pull", "--quiet", reference]).told(tell).await?;
    Ok(())
}

/// The names of all containers, running or not, that have this label.
///
/// # Errors
/// When the engine does not answer.
pub async fn containers(label: &str) -> Result<Vec<String>, DockerError> {
    let filter = format!("label={label}");
    let names = docker().args(["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]).output().await?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// Waits until a container ends, and answers its exit code.
///
/// # Errors
/// When there is no such container, or the engine goes away.
pub async fn ended(container: &str) -> Result<String, DockerError> {
    Ok(docker().args(["wait", container]).output().await?.trim().to_owned())
}

/// Removes containers with their volumes, whatever they do.
///
/// # Errors
/// When one cannot be removed.
pub async fn remove(containers: &[String]) -> Result<(), DockerError> {
    if !containers.is_empty() {
        docker().args(["rm", "--force", "--volumes"]).args(containers).output().await?;
    }
    Ok(())
}

/// Whether a container could have this name: takes it, and gives it back. The engine gives a name away before
/// it begins to make a container, and lists the container only afterwards.
///
/// # Errors
/// When the engine does not answer.
pub async fn can_take(name: &str, image: &str) -> Result<bool, DockerError> {
    // The image asks for a volume there, which would have to be filled.
    let place = ["--mount", "type=tmpfs,destination=/var"];
    match docker().args(["create", "--pull", "never", "--name", name]).args(place).arg(image).output().await {
        Ok(_) => remove(&[name.to_owned()]).await.map(|()| true),
        Err(error) if error.last_words().contains("is already in use") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Removes a network, if it is there.
///
/// # Errors
/// When somebody uses it, or the engine does not answer.
pub async fn remove_network(name: &str) -> Result<(), DockerError> {
    match docker().args(["network", "rm", name]).output().await {
        Ok(_) => Ok(()),
        Err(error) if error.last_words().contains("not found") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn last_line(error: &ToolError) -> String {
    let words = error.last_words();
    words.lines().rfind(|line| !line.trim().is_empty()).map_or_else(|| error.to_string(), str::to_owned)
}
