//! The controller that serves a scenario, however it runs.

use super::{Controller, ControllerError, Log, LogLine, Own, deployed::Deployed};

/// The controller that serves a scenario.
#[derive(Debug)]
pub enum Serving {
    /// Processes of the scenario's own.
    Own(Box<Own>),
    /// A Deployment in the cluster, which serves others too.
    Deployed(Box<Deployed>),
}

impl Serving {
    /// What it logged, as far as the scenario is concerned.
    pub fn log(&self) -> &Log {
        match self {
            Self::Own(own) => own.main().log(),
            Self::Deployed(deployed) => deployed.log(),
        }
    }

    /// Whether it is up as far as the scenario has a say in it.
    pub fn is_up(&self) -> bool {
        match self {
            Self::Own(own) => own.is_up(),
            Self::Deployed(_) => true,
        }
    }

    /// The process of this name, for scenarios that kill or restart it; none in the cluster.
    pub fn own(&self, name: &str) -> Option<&Controller> {
        match self {
            Self::Own(own) => own.named(name),
            Self::Deployed(_) => None,
        }
    }

    /// Resolves when it ended and nobody had asked for it.
    pub async fn exited(&self) -> ControllerError {
        match self {
            Self::Own(own) => own.exited().await,
            Self::Deployed(deployed) => deployed.exited().await,
        }
    }

    /// The stacks of all its goroutines, where its process is ours; see [`Controller::dump`].
    ///
    /// # Errors
    /// As there.
    pub async fn dump(&self) -> Result<Vec<LogLine>, ControllerError> {
        match self {
            Self::Own(own) => own.main().dump().await,
            Self::Deployed(_) => Ok(Vec::new()),
        }
    }
}
