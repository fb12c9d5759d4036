//! What can go wrong around a control plane. None of it is a verdict about the controller: each of
//! these is an infrastructure error, and says what to try next.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{kind::docker::DockerError, state::STATE_DIR_VARIABLE};
use crate::containers::ContainerError;

/// The control plane could not do its job.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The directory for the state of control planes cannot be used.
    #[error(
        "the directory for control planes {path} cannot be used: {why}\n(hint: set {STATE_DIR_VARIABLE} to a directory that you may write to, with 1 GiB free)"
    )]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of a plane could not be read, written or locked.
    #[error("{path}: {source}\n(hint: `proofroll gc` removes what dead control planes left behind)")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A variable of the environment makes no sense.
    #[error("{name}={value}: {why}\n(hint: a duration looks like 5s or 1m30s)")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// A CRD file cannot be used.
    #[error("the CRD file {path} cannot be used: {why}")]
    Crd {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The keeper could not be started.
    #[error("the keeper of the control plane could not be started: {source}")]
    KeeperStart {
        /// Why.
        source: io::Error,
    },
    /// The plane never came up. The text names the process and carries its last log lines.
    #[error("the control plane did not start: {why}\n(hint: `proofroll doctor` checks this machine)")]
    NotStarted {
        /// What happened, as the keeper told it.
        why: String,
    },
    /// The plane broke. The text names the process and carries its last log lines.
    #[error(
        "the control plane is gone: {why}\n(hint: `proofroll doctor` checks this machine; try again with `proofroll up`)"
    )]
    Broken {
        /// What happened, as the keeper told it.
        why: String,
    },
    /// A cluster that is not ours cannot be used any more; it need not be gone itself.
    #[error("the cluster cannot be used any more: {why}")]
    Over {
        /// What happened, as the keeper told it.
        why: String,
    },
    /// A plane of this key runs already, on another port than the one asked for.
    #[error("this control plane runs already, on port {running}, not {asked}\n(hint: `proofroll down` stops it)")]
    OtherPort {
        /// The port that it has.
        running: u16,
        /// The port that was asked for.
        asked: u16,
    },
    /// A request to the API server failed.
    #[error("{doing}: {source}\n(hint: `proofroll status` shows whether the control plane is alive)")]
    Api {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: Box<kube::Error>,
    },
    /// Something did not happen in time.
    #[error("{what} within {}", humantime::format_duration(*limit))]
    TooLate {
        /// What did not happen.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// A kind cluster of a plane that is gone could not be removed.
    #[error(
        "the kind cluster {name} of a dead control plane could not be removed: {source}\n(hint: `proofroll gc` tries again)"
    )]
    LeftCluster {
        /// The cluster.
        name: String,
        /// Why.
        source: DockerError,
    },
    /// Containers of a plane that is gone could not be removed.
    #[error(
        "the containers of a dead control plane could not be removed: {source}\n(hint: `proofroll gc` tries again)"
    )]
    LeftContainers {
        /// Why.
        source: ContainerError,
    },
    /// A cluster that is there cannot be used.
    #[error("the cluster of the context {context} cannot be used: {why}")]
    Unusable {
        /// The context.
        context: String,
        /// What happened, as the keeper told it.
        why: String,
    },
    /// A plane was stopped, and something of it is left.
    #[error("not all that was made could be removed: {why}\n(hint: `proofroll gc` tries again)")]
    Left {
        /// What, and why.
        why: String,
    },
    /// What a plane that is gone made in a cluster that is not ours could not be removed.
    #[error(
        "what a dead proofroll made in the cluster of the context {context} could not be removed: {why}\n(hint: `proofroll gc` tries again)"
    )]
    LeftInCluster {
        /// The context.
        context: String,
        /// Why not.
        why: String,
    },
    /// No plane has this key.
    #[error("no control plane has the key {key}\n(hint: `proofroll status` lists them)")]
    NoSuchPlane {
        /// The key, or the beginning of one.
        key: String,
    },
}

impl ClusterError {
    /// With `more` behind the keeper's word, where it has spoken.
    pub(super) fn and(mut self, more: &str) -> Self {
        if let Self::NotStarted { why } | Self::Broken { why } | Self::Unusable { why, .. } = &mut self {
            why.push_str(more);
        }
        self
    }

    /// For `map_err` on a file operation.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// For `map_err` on an API request.
    pub(crate) fn api(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Api { doing, source: Box::new(source) }
    }
}
