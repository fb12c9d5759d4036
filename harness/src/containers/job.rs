//! A program that is started in a container.

use std::{
    fs::File, io::Write, mem::ManuallyDrop, os::unix::process::ExitStatusExt, path::PathBuf, process::ExitStatus,
    time::Duration,
};

use futures::StreamExt;
use rustix::process::{Signal, getegid, geteuid};
use testcontainers::{
    ContainerRequest, GenericImage, ImageExt, bollard,
    bollard::query_parameters::KillContainerOptionsBuilder,
    core::{AccessMode, Mount, logs::LogFrame},
    runners::AsyncRunner,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::engine::{self, Labels, chain, docker, runtime};

/// How long the end of a program's output may be under way when the program has ended.
const OUTPUT: Duration = Duration::from_secs(10);

/// The exit code that `docker run` has for trouble of the engine itself.
const ENGINE_TROUBLE: i32 = 125;

/// A program that is to run in a container, as a process of this machine and of this user would.
#[derive(Debug)]
pub struct Job {
    /// The image: its id, or a name.
    pub image: String,
    /// The container's name.
    pub name: String,
    /// Its labels: by them it is found when nobody here is left who knows of it.
    pub labels: Labels,
    /// The program's path, in the image or below what is mounted.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub environment: Vec<(String, String)>,
    /// Where it works. There it may write.
    pub dir: PathBuf,
    /// What it finds at the same path as here, and whether it may write there.
    pub mounts: Vec<(PathBuf, bool)>,
    /// Where all that it says goes.
    pub output: File,
}

/// A program in a container. When the last copy of this is dropped the program is killed, and the container removed.
#[derive(Debug, Clone)]
pub struct Container {
    signals: mpsc::UnboundedSender<Signal>,
    started: watch::Receiver<Option<u32>>,
    ended: watch::Receiver<Option<Result<ExitStatus, String>>>,
}

impl Container {
    /// Begins to start it, and does not wait for that. That it could not be started is how it ended.
    pub fn start(job: Job) -> Self {
        let (signals, received) = mpsc::unbounded_channel();
        let (tell_started, started) = watch::channel(None);
        let (tell_ended, ended) = watch::channel(None);
        runtime().spawn(async move {
            let name = job.name.clone();
            let status = live(job, &tell_started, received).await;
            if let Ok(docker) = docker().await {
                // Best effort: whoever owns the label removes what is left.
                let _ = engine::remove_one(&docker, &name).await;
            }
            tell_ended.send_replace(Some(status));
        });
        Self { signals, started, ended }
    }

    /// Its process id on this machine, once it was started; 0 if it has ended by then, None if it could not be
    /// started.
    pub async fn started(&self) -> Option<u32> {
        let mut started = self.started.clone();
        let pid = started.wait_for(Option::is_some).await.ok()?;
        *pid
    }

    /// Its process id on this machine, if it was started.
    pub fn pid(&self) -> Option<u32> {
        *self.started.borrow()
    }

    /// Sends a signal, as soon as it was started. Nothing happens when it has ended.
    pub fn signal(&self, signal: Signal) {
        // Nobody listens any more: it has ended.
        let _ = self.signals.send(signal);
    }

    /// How it ended, once all that it said was written and the container is gone. (Does not keep it running.)
    pub fn ended(&self) -> impl Future<Output = Result<ExitStatus, String>> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            let status = ended.wait_for(Option::is_some).await;
            match status.as_deref() {
                Ok(Some(status)) => status.clone(),
                _ => Err("the runtime that talks to Docker's engine has ended".into()),
            }
        }
    }

    /// As [`Self::ended`], for a thread that may wait; trouble of the engine has the exit code that `docker run` has
    /// for it.
    pub fn wait(ended: impl Future<Output = Result<ExitStatus, String>>) -> ExitStatus {
        runtime().block_on(ended).unwrap_or_else(|_| ExitStatus::from_raw(ENGINE_TROUBLE << 8))
    }
}

async fn live(
    job: Job,
    started: &watch::Sender<Option<u32>>,
    mut signals: mpsc::UnboundedReceiver<Signal>,
) -> Result<ExitStatus, String> {
    let (open, closed) = oneshot::channel();
    // Removed by whoever called, or by somebody who cleaned up before: dropped, it would be removed once more, and
    // that it was gone would be told as an error.
    let container = ManuallyDrop::new(request(job, open).start().await.map_err(|error| chain(&error))?);
    let docker = docker().await.map_err(|error| error.to_string())?;
    let found = docker.inspect_container(container.id(), None).await.map_err(|error| chain(&error))?;
    let pid = found.state.and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok());
    started.send_replace(Some(pid.unwrap_or_default()));
    let mut waiting = std::pin::pin!(docker.wait_container(container.id(), None));
    let mut wanted = true;
    let status = loop {
        let signal = tokio::select! {
            ended = waiting.next() => break exit_status(ended),
            signal = signals.recv(), if wanted => signal,
        };
        wanted = signal.is_some();
        let name = signal.unwrap_or(Signal::KILL).as_raw().to_string();
        let options = KillContainerOptionsBuilder::new().signal(&name).build();
        // It has ended: the next thing that is heard.
        let _ = docker.kill_container(container.id(), Some(options)).await;
    };
    // Told by the end of the stream, which drops the other end.
    let _ = tokio::time::timeout(OUTPUT, closed).await;
    status
}

fn request(job: Job, open: oneshot::Sender<()>) -> ContainerRequest<GenericImage> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    // A name without a tag gets one; an id is split at its colon in the same way.
    let (name, tag) = job.image.rsplit_once(':').unwrap_or((&job.image, "latest"));
    let output = job.output;
    let consumer = move |frame: &LogFrame| {
        let _ = &open;
        // What can't be written is lost, as where the program writes it itself.
        let _ = (&output).write_all(frame.bytes());
    };
    let mut request = GenericImage::new(name, tag)
        .with_entrypoint(&text(&job.program))
        .with_cmd(job.arguments)
        .with_container_name(job.name)
        .with_labels(job.labels)
        .with_working_dir(text(&job.dir))
        // What it makes belongs to whoever started it, who must be able to remove it.
        .with_user(format!("{}:{}", geteuid().as_raw(), getegid().as_raw()))
        .with_cap_drop("ALL")
        .with_security_opt("no-new-privileges")
        // Else SELinux keeps it from what is mounted.
        .with_security_opt("label=disable")
        .with_readonly_rootfs(true)
        .with_log_consumer(consumer)
        .with_host_config_modifier(|config| {
            config.network_mode = Some("host".into());
            config.publish_all_ports = Some(false);
        });
    for (path, writable) in &job.mounts {
        let mode = if *writable { AccessMode::ReadWrite } else { AccessMode::ReadOnly };
        request = request.with_mount(Mount::bind_mount(text(path), text(path)).with_access_mode(mode));
    }
    for (name, value) in job.environment {
        request = request.with_env_var(name, value);
    }
    request
}

/// What the engine answers when a program has ended.
fn exit_status(
    ended: Option<Result<bollard::models::ContainerWaitResponse, bollard::errors::Error>>,
) -> Result<ExitStatus, String> {
    match ended {
        Some(Ok(response)) => Ok(of_code(response.status_code)),
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(of_code(code)),
        Some(Err(error)) => Err(format!("Docker's engine does not answer: {}", chain(&error))),
        None => Err("Docker's engine does not answer: it closed the connection".into()),
    }
}

/// A signal is 128 and its number to the engine, as to a shell.
fn of_code(code: i64) -> ExitStatus {
    let code = i32::try_from(code).unwrap_or(ENGINE_TROUBLE);
    ExitStatus::from_raw(if (129..=159).contains(&code) { code - 128 } else { (code & 0xff) << 8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_as_of_a_process() {
        let told: Vec<String> = [0, 1, 125, 137, 143, 255].iter().map(|code| of_code(*code).to_string()).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        exit status: 0
        exit status: 1
        exit status: 125
        signal: 9 (SIGKILL)
        signal: 15 (SIGTERM)
        exit status: 255
        ");
    }
}
