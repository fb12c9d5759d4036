//! The controller that serves a scenario, however it runs.

use super::{Controller, ControllerError, Log, LogLine, deployed::Deployed};

/// The controller that serves a scenario.
#[derive(Debug)]
pub enum Serving {
    /// A process of the scenario's own.
    Own(Box<Controller>),
    /// A Deployment in the cluster, which serves others too.
    Deployed(Box<Deployed>),
}

impl Serving {
    /// What it logged, as far as the scenario is concerned.
    pub fn log(&self) -> &Log {
        match self {
            Self::Own(controller) => controller.log(),
            Self::Deployed(deployed) => deployed.log(),
        }
    }

    /// Whether it is up as far as the scenario has a say in it.
    pub fn is_up(&self) -> bool {
        match self {
            Self::Own(controller) => controller.pid().is_some(),
            Self::Deployed(_) => true,
        }
    }

    /// The process, for scenarios that kill or restart it; none in the cluster.
    pub fn own(&self) -> Option<&Controller> {
        match self {
            Self::Own(controller) => Some(controller),
            Self::Deployed(_) => None,
        }
    }

    /// Resolves when it ended and nobody had asked for it.
    pub async fn exited(&self) -> ControllerError {
        match self {
            Self::Own(controller) => controller.exited().await,
            Self::Deployed(deployed) => deployed.exited().await,
        }
    }

    /// The stacks of all its goroutines, where its process is ours; see [`Controller::dump`].
    ///
    /// # Errors
    /// As there.
    pub async fn dump(&self) -> Result<Vec<LogLine>, ControllerError> {
        match self {
            Self::Own(controller) => controller.dump().await,
            Self::Deployed(_) => Ok(Vec::new()),
        }
    }
}
