//! The plugin as a program.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{super::error::ActError, Asked};
use crate::process::tool::{Said, Tool};

/// What it calls itself to the API server: its file may be called otherwise.
pub(super) const NAME: &str = "kubectl-argo-rollouts";

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The real plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// The executable.
    pub program: PathBuf,
    /// Its release, or its path.
    pub label: String,
    /// SHA-256 of it, hex.
    pub sha256: String,
}

/// Where it acts.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The way into the cluster.
    pub kubeconfig: &'a Path,
    /// The namespace.
    pub namespace: &'a str,
}

impl Plugin {
    /// Calls it with these arguments. Whatever it says and however it ends is no error.
    ///
    /// # Errors
    /// [`ActError::NotRun`] if it could not be started, or did not end within a minute.
    pub async fn call<A: AsRef<OsStr>>(&self, place: Place<'_>, words: &[A]) -> Result<Said, ActError> {
        let tool = Tool::new(&self.program).called(NAME).args(words);
        let tool = tool.arg("--kubeconfig").arg(place.kubeconfig).arg("--namespace").arg(place.namespace);
        let not_run = |why: String| ActError::NotRun { program: self.program.clone(), why };
        match tokio::time::timeout(LIMIT, tool.said()).await {
            Ok(said) => said.map_err(|error| not_run(error.to_string())),
            Err(_) => Err(not_run(format!("it did not end within {LIMIT:?}"))),
        }
    }

    /// Has it do something to the Rollout `name`. `rollout`: as it is before.
    ///
    /// # Errors
    /// [`ActError::Refused`] with its own words where it fails, [`ActError::Unreachable`] where it fails because the API
    /// server could not do its job, [`ActError::NotSaid`] where it ends well without the words of success.
    pub async fn act(
        &self,
        place: Place<'_>,
        asked: Asked<'_>,
        name: &str,
        rollout: Option<&serde_json::Value>,
    ) -> Result<String, ActError> {
        let said = self.call(place, &asked.words(name)).await?;
        let typed = || asked.typed(name);
        if !said.status.success() {
            return Err(refusal(&typed(), &said));
        }
        let workload = rollout.and_then(|rollout| rollout.pointer("/spec/workloadRef/name"));
        let expected = asked.says(name, workload.and_then(serde_json::Value::as_str));
        if !expected.contains(&said.out) {
            return Err(ActError::NotSaid {
                command: typed(),
                expected: expected[0].trim_end().to_owned(),
                said: said.out,
            });
        }
        Ok(said.out)
    }
}

/// What the API server says (by apimachinery's `NewGenericServerResponse`, and etcd's own words in it) when it could not
/// do its job.
const TROUBLE: [&str; 6] = [
    "Internal error occurred",
    "the server is currently unable to handle the request",
    "the server was unable to return a response in the time allotted",
    "the server has received too many requests",
    "etcdserver: ",
    "Timeout: ",
];

/// Whose no it is.
pub(super) fn refusal(command: &str, said: &Said) -> ActError {
    // That a flag is deprecated is said before what it was used for.
    let lines = said.err.lines().filter(|line| !(line.starts_with("Flag ") && line.contains(" has been deprecated, ")));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.strip_prefix("Error: ").unwrap_or(&text).trim_end();
    // Go's `url.Error`: no answer of any kind has come. The API server's own words never begin so.
    let unreached = ["Get", "Put", "Patch"].iter().any(|method| text.contains(&format!("{method} \"http")));
    if unreached || TROUBLE.iter().any(|words| text.contains(words)) {
        return ActError::Unreachable { what: command.to_owned(), source: text.into() };
    }
    match said.status.code() {
        Some(1) if !text.is_empty() => ActError::refused(text),
        _ => ActError::refused(format!("`{command}` ended with {} and said: {text}", said.status)),
    }
}
