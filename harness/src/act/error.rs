//! Why an action did not happen.

use std::time::Duration;

/// Why an action did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The API server said no (4xx): a rule of the CRD, a conflict, no such object.
    #[error("the API server rejected {what}: {status} {reason}: {message}")]
    Rejected {
        /// The request, as `patch rollouts/demo (status)`.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The machine-readable reason, as `Invalid`.
        reason: String,
        /// The API server's own words.
        message: String,
    },
    /// The plugin (or kubectl) would have said no before it sent anything; the words are its own
    /// where it has some.
    #[error("{0}")]
    Refused(String),
    /// The harness cannot do this: it does not know how kubectl would.
    #[error("{what}: {why}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// Why not, and what to do instead.
        why: String,
    },
    /// The plugin ended well, but not with the words that it says then.
    #[error("`{command}` ended well, but did not say `{expected}`; it said: {}", if said.is_empty() { "nothing" } else { said.trim_end() })]
    NotSaid {
        /// The command.
        command: String,
        /// What it says when it has done it.
        expected: String,
        /// What it said.
        said: String,
    },
    /// The plugin said that it did it, and nothing of the kind was written.
    #[error("`{command}` said `{}`, but {seen}", said.trim_end())]
    NotWritten {
        /// The command.
        command: String,
        /// What it said.
        said: String,
        /// What was seen instead.
        seen: String,
    },
    /// The plugin could not be run: infrastructure.
    #[error("{}: {why}", program.display())]
    NotRun {
        /// The program.
        program: std::path::PathBuf,
        /// Why not.
        why: String,
    },
    /// Nobody answered, or the API server could not do its job (5xx): infrastructure.
    #[error("no answer to {what} from the API server: {source}")]
    Unreachable {
        /// The request.
        what: String,
        /// What the client saw.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// kwok did not do what it was told to: infrastructure.
    #[error("kwok did not play the event {event} of pod {pod} within {limit:?}")]
    NotPlayed {
        /// The event, as `unready`.
        event: String,
        /// The pod.
        pod: String,
        /// How long was waited.
        limit: Duration,
    },
    /// No answer within the time limit: infrastructure.
    #[error("no answer to {what} from the API server within {limit:?}")]
    TimedOut {
        /// The request.
        what: String,
        /// How long was waited.
        limit: Duration,
    },
}

impl ActError {
    /// Whether the infrastructure failed, and not the scenario or the controller.
    pub fn is_infrastructure(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. } | Self::NotPlayed { .. } | Self::NotRun { .. })
    }

    /// Whether the API server answered 404.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Rejected { status: 404, .. })
    }

    /// Whether the API server answered 409.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Rejected { status: 409, .. })
    }

    /// An error of the client, at the request `what`.
    pub(crate) fn from_client(what: &str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if (400..500).contains(&status.code) && status.code != 429 => Self::Rejected {
                what: what.to_owned(),
                status: status.code,
                reason: status.reason,
                message: status.message,
            },
            other => Self::Unreachable { what: what.to_owned(), source: Box::new(other) },
        }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }
}
