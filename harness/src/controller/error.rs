//! What is wrong with a controller.

use std::{io, os::unix::process::ExitStatusExt, path::PathBuf, process::ExitStatus, time::Duration};

use super::{
    install::InstallError,
    log::{LogLine, render},
};

/// What is wrong with the controller.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// Its directory or log cannot be made.
    #[error("cannot use {path} for the controller: {source}")]
    Directory {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is none on the plane, and nothing to start one from.
    #[error("no controller serves this control plane, and of {label} there is nothing to start")]
    Nothing {
        /// What is tested.
        label: String,
    },
    /// Its RBAC, token or kubeconfig.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// No free port, or none that stayed free.
    #[error("no port for the controller: {0}")]
    Ports(String),
    /// The executable cannot be run.
    #[error("cannot start the controller {binary}: {source}")]
    Spawn {
        /// The executable.
        binary: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended and nobody had asked for it.
    #[error(
        "the controller's process ended, and proofroll had not asked it to: {status}{}; its last words:\n{}",
        whodunit(*status), render(last_lines)
    )]
    Exited {
        /// Exit code or signal.
        status: ExitStatus,
        /// The end of its log.
        last_lines: Vec<LogLine>,
    },
    /// It runs in the cluster, and ended there.
    #[error("the controller in the cluster is not what it was: {what}; its last words:\n{}", render(last_lines))]
    Lost {
        /// What happened.
        what: String,
        /// The end of its log.
        last_lines: Vec<LogLine>,
    },
    /// It did not come up in time.
    #[error(
        "the controller was not up within {within:?}, missing: {}; its last words:\n{}",
        missing.join(", "), render(last_lines)
    )]
    NotUp {
        /// How long was waited.
        within: Duration,
        /// What did not happen.
        missing: Vec<String>,
        /// The end of its log.
        last_lines: Vec<LogLine>,
    },
    /// It did not end when asked to, and was killed.
    #[error(
        "the controller did not end within {within:?} after {signal}; killed; its last words:\n{}",
        render(last_lines)
    )]
    DidNotEnd {
        /// The signal that it was sent.
        signal: &'static str,
        /// How long was waited.
        within: Duration,
        /// Its log.
        log: PathBuf,
        /// The end of its log before the dump.
        last_lines: Vec<LogLine>,
    },
}

/// A hint at who sends such a signal.
fn whodunit(status: ExitStatus) -> &'static str {
    match status.signal() {
        Some(9) => " (somebody killed it, or the kernel did for want of memory: see dmesg)",
        _ => "",
    }
}
