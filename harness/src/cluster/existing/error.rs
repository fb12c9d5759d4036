//! Why a cluster that is there cannot be used.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use super::guard::ALLOWED;

/// Why a cluster that is there cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExistingError {
    /// No context was named.
    #[error(
        "a cluster that is not proofroll's own is used only if its context is named: --context NAME; {}",
        contexts(known, files)
    )]
    NoContext {
        /// Those that there are.
        known: BTreeSet<String>,
        /// The kubeconfig's files.
        files: Vec<PathBuf>,
    },
    /// No context has this name.
    #[error("there is no context `{name}`; {}", contexts(known, files))]
    UnknownContext {
        /// The name.
        name: String,
        /// Those that there are.
        known: BTreeSet<String>,
        /// The kubeconfig's files.
        files: Vec<PathBuf>,
    },
    /// A kubeconfig cannot be read or written.
    #[error("the kubeconfig {path} cannot be used: {why}")]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The credentials want a person.
    #[error(
        "the user of the context {context} gets its credentials from `{command}`, which asks a person (interactiveMode: Always): no test can answer"
    )]
    Interactive {
        /// The context.
        context: String,
        /// The plugin.
        command: String,
    },
    /// The credentials are not to be had.
    #[error("the context {context} cannot be used: {why}")]
    Credentials {
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
    /// A request failed.
    #[error("{doing} in the cluster of the context {context}: {source}")]
    Request {
        /// The context.
        context: String,
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: Box<kube::Error>,
    },
    /// The cluster does not answer.
    #[error("the cluster of the context {context} ({server}) did not answer within {}", humantime::format_duration(*limit))]
    Silent {
        /// The context.
        context: String,
        /// Its API server.
        server: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The owner has not allowed it.
    #[error(
        "the cluster of the context {context} has no namespace `{ALLOWED}`: proofroll tests only in clusters whose owner has made it\n(if it is yours, and meant for tests: kubectl --context {context} create namespace {ALLOWED})"
    )]
    NotAllowed {
        /// The context.
        context: String,
    },
    /// There is no controller.
    #[error(
        "no controller is installed in the cluster of the context {context}: no Deployment has the label app.kubernetes.io/name=argo-rollouts or app.kubernetes.io/component=rollouts-controller\n(--install installs one for the time of the tests; --controller-log FILE tests one that runs elsewhere)"
    )]
    NoController {
        /// The context.
        context: String,
    },
    /// There are several.
    #[error(
        "{} controllers are installed in the cluster of the context {context} ({}): proofroll cannot know which one serves its namespaces; scale the others to 0, and remove those that you do not need",
        names.len(), names.join(", ")
    )]
    SeveralControllers {
        /// The context.
        context: String,
        /// Their Deployments.
        names: Vec<String>,
    },
    /// It is there and cannot be tested.
    #[error("the controller {name} in the cluster of the context {context} cannot be tested: {why}")]
    Unfit {
        /// The context.
        context: String,
        /// Its Deployment.
        name: String,
        /// Why.
        why: String,
    },
    /// Custom resources are missing.
    #[error(
        "the cluster of the context {context} lacks the custom resources {}: is Argo Rollouts installed there? (--install installs it for the time of the tests)",
        missing.join(", ")
    )]
    NoResources {
        /// The context.
        context: String,
        /// Which.
        missing: Vec<String>,
    },
    /// `--install` would touch what is there.
    #[error(
        "--install puts Argo Rollouts only where nothing of it is, and in the cluster of the context {context} there is {there}{hint}"
    )]
    Occupied {
        /// The context.
        context: String,
        /// What is there.
        there: String,
        /// What to do.
        hint: String,
    },
    /// Its nodes run nothing.
    #[error(
        "--install needs nodes that run containers, and those of the cluster of the context {context} are fake (kwok): start the controller yourself, outside of the cluster, and name the file that it logs to: --controller-log FILE"
    )]
    FakeNodes {
        /// The context.
        context: String,
    },
}

impl ExistingError {
    /// Is it a fault of what was asked for (exit code 2), and not of machine or network (3)?
    pub fn is_bad_input(&self) -> bool {
        !matches!(self, Self::Credentials { .. } | Self::Request { .. } | Self::Silent { .. })
    }

    /// For `map_err` on a request.
    pub(crate) fn request(context: &str, doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let (context, doing) = (context.to_owned(), doing.into());
        move |source| Self::Request { context, doing, source: Box::new(source) }
    }
}

fn contexts(known: &BTreeSet<String>, files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let files = if files.is_empty() { "no kubeconfig".to_owned() } else { files.join(", ") };
    if known.is_empty() { format!("there is none in {files}") } else { format!("in {files}: {}", known.join(", ")) }
}
