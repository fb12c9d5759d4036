//! The controllers that a scenario has for itself: the one that serves it from the beginning, and those that it starts
//! beside it.

use std::collections::BTreeMap;

use futures::future::select_all;

use super::{Controller, ControllerConfig, ControllerError, SharedLog};
use crate::scenario::model::MAIN;

/// The controllers of one scenario. All write to one log: a fence asks whether anybody reconciled.
#[derive(Debug)]
pub struct Own {
    main: Controller,
    others: BTreeMap<String, Controller>,
}

impl Own {
    /// Starts the one that is called `main` and gets the others ready.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub async fn start(
        mut configs: BTreeMap<String, ControllerConfig>,
        mut main: ControllerConfig,
    ) -> Result<Self, ControllerError> {
        configs.remove(MAIN);
        let path = main.dir.join("controller.log");
        let shared = |name: &str| Some(SharedLog { path: path.clone(), name: name.to_owned() });
        if !configs.is_empty() {
            main.shared_log = shared(MAIN);
        }
        let main = Controller::start(main).await?;
        let mut others = BTreeMap::new();
        for (name, mut config) in configs {
            config.shared_log = shared(&name);
            config.dir = config.dir.join(&name);
            others.insert(name, Controller::prepare(config).await?);
        }
        Ok(Self { main, others })
    }

    /// The one that runs from the beginning.
    pub fn main(&self) -> &Controller {
        &self.main
    }

    /// The one of this name.
    pub fn named(&self, name: &str) -> Option<&Controller> {
        if name == MAIN { Some(&self.main) } else { self.others.get(name) }
    }

    /// Whether one of them runs.
    pub fn is_up(&self) -> bool {
        self.all().any(|controller| controller.pid().is_some())
    }

    /// Resolves when one of them ended and nobody had asked for it.
    pub async fn exited(&self) -> ControllerError {
        select_all(self.all().map(|controller| Box::pin(controller.exited()))).await.0
    }

    fn all(&self) -> impl Iterator<Item = &Controller> {
        std::iter::once(&self.main).chain(self.others.values())
    }
}
