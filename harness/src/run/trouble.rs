//! Why a scenario did not end well, and whose fault it is.

use crate::{act::ActError, controller::FenceError, timeline::BarrierError};

/// Why a scenario did not end well. The text is whole: it goes to people as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The controller did not do what it must.
    Conformance(String),
    /// A part, the cluster or the controller's process could not do its job: nothing is said about
    /// the controller.
    Infra(String),
}

impl Trouble {
    /// The text behind `conformance: ` or `infra: `.
    pub fn text(&self) -> &str {
        match self {
            Self::Conformance(text) | Self::Infra(text) => text,
        }
    }

    /// With `more` behind the text.
    pub fn with(self, more: &str) -> Self {
        match self {
            Self::Conformance(text) => Self::Conformance(text + more),
            Self::Infra(text) => Self::Infra(text + more),
        }
    }

    /// With `context` in front of the text.
    pub fn context(self, context: &str) -> Self {
        match self {
            Self::Conformance(text) => Self::Conformance(format!("{context}{text}")),
            Self::Infra(text) => Self::Infra(format!("{context}{text}")),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conformance(text) => write!(f, "conformance: {text}"),
            Self::Infra(text) => write!(f, "infra: {text}"),
        }
    }
}

/// An error with its causes, joined by colons.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        // Some libraries repeat their cause in their own text.
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

impl From<BarrierError> for Trouble {
    fn from(error: BarrierError) -> Self {
        Self::Infra(chain(&error))
    }
}

impl From<ActError> for Trouble {
    fn from(error: ActError) -> Self {
        let text = chain(&error);
        if error.is_infrastructure() { Self::Infra(text) } else { Self::Conformance(text) }
    }
}

impl From<FenceError> for Trouble {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::Annotate(error) => Self::from(error),
            FenceError::Log(_) => Self::Infra(chain(&error)),
            // A controller that runs but doesn't reconcile when it is asked to.
            FenceError::TimedOut { .. } => Self::Conformance(error.to_string()),
        }
    }
}
