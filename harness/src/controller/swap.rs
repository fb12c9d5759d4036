//! A controller is replaced by a new one, as a Deployment does it.

use std::sync::PoisonError;

use rustix::process::Signal;

use super::{
    Build, ControllerError,
    health::Until,
    install,
    process::{Controller, Ports},
};
use crate::timeouts::scaled;

impl Controller {
    /// Starts a new controller (of `to`, or another one of what runs), waits until its endpoint answers, ends the
    /// old one with SIGTERM, and waits until the new one leads and works. With `kill` the old one is killed first.
    /// Both write to the same log, one after the other but for the new one's first lines.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub async fn swap(&self, to: Option<Build>, kill: bool) -> Result<(), ControllerError> {
        if let Some(to) = to {
            install(&self.config.client, &self.config.namespace, &to.manifest).await?;
            *self.build.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
        if kill {
            self.kill().await;
        }
        let mut ports = self.ports.lock().await;
        let new_ports = Ports::free()?;
        let from = self.position()?;
        let process = self.spawn(&new_ports).await?;
        let within = scaled(self.config.up_within);
        let start = self.beginning(&process, from, &new_ports);
        if let Err(problem) = start.come(Until::Answers, within).await {
            return Err(self.not_up(problem, &process, within).await);
        }
        self.end(Signal::TERM, "SIGTERM").await?;
        if let Err(problem) = start.come(Until::Leads, within).await {
            return Err(self.not_up(problem, &process, within).await);
        }
        *ports = new_ports;
        self.current.send_replace(Some(process));
        Ok(())
    }
}
