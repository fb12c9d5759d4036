//! A plane of our own: processes of this machine, or the same ones in containers.
//!
//! Docker, not this process, is the parent of containers: if the keeper is killed they go on. So before anything is
//! started a [`reaper`](super::reaper) is, which outlives the keeper and removes them.

pub mod bench;
mod boot;
mod children;
mod preparing;
mod store;
mod trial;

use std::cell::Cell;

use futures::{FutureExt, future::LocalBoxFuture};
use tokio::sync::{Mutex, mpsc};

use self::{
    children::{Children, Death, Way},
    preparing::Preparing,
};
use super::{
    keep::{Booted, Keep},
    progress::Reached,
    reaper,
};
use crate::{
    cluster::{
        Contained,
        client::client,
        components::Component,
        request::{ContainerSource, EmbeddedSource, Order},
        state::PlaneDir,
    },
    containers::engine,
};

/// The processes of a plane.
pub(super) struct Processes<'a> {
    dir: &'a PlaneDir,
    order: &'a Order,
    /// The port that the API server shall have.
    asked: Option<u16>,
    children: Children,
    preparing: Preparing<'a>,
    /// Something was started whose end is not ours by nature.
    begun: Cell<bool>,
    /// The API server's, once it is known.
    port: Cell<Option<u16>>,
    deaths: Mutex<mpsc::UnboundedReceiver<Death>>,
}

impl<'a> Processes<'a> {
    /// Children of this process.
    pub fn here(dir: &'a PlaneDir, order: &'a Order, source: &'a EmbeddedSource) -> Self {
        let preparing = Preparing::new(dir, order, Some(source));
        Self::new(dir, order, source.port, Way::Processes(source.parts.clone()), preparing)
    }

    /// Programs in containers.
    pub fn contained(dir: &'a PlaneDir, order: &'a Order, source: &ContainerSource) -> Self {
        let way = Way::Containers(Contained::of(dir, &source.image));
        Self::new(dir, order, source.port, way, Preparing::new(dir, order, None))
    }

    fn new(dir: &'a PlaneDir, order: &'a Order, asked: Option<u16>, way: Way, preparing: Preparing<'a>) -> Self {
        let (children, deaths) = Children::new(dir, way);
        let (begun, port, deaths) = (Cell::default(), Cell::default(), Mutex::new(deaths));
        Self { dir, order, asked, children, preparing, begun, port, deaths }
    }

    /// What comes before the first process.
    async fn prepare(&self, reached: &Reached<'_>) -> Result<(), String> {
        let Some(contained) = self.children.contained() else { return Ok(()) };
        let docker = engine::version().await.map_err(|error| error.to_string())?;
        reached.say(&format!("Docker {docker} answers"));
        reaper::start(self.dir).map_err(|error| format!("the reaper could not be started: {error}"))?;
        self.begun.set(true);
        // Of one that was killed before its reaper could finish.
        contained.remove(false).await.map_err(|error| error.to_string())
    }
}

impl Keep for Processes<'_> {
    fn boot(&self) -> LocalBoxFuture<'_, Result<Booted, String>> {
        boot::boot(self).boxed_local()
    }

    fn settle(&self) -> LocalBoxFuture<'_, ()> {
        self.preparing.keep().boxed_local()
    }

    fn broken(&self) -> LocalBoxFuture<'_, String> {
        async {
            match self.deaths.lock().await.recv().await {
                Some(death) => death.tell(self.dir),
                // Cannot be: `children` holds a sender.
                None => std::future::pending().await,
            }
        }
        .boxed_local()
    }

    fn restart_api_server(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async {
            let port = self.port.get().ok_or("it has not been started yet")?;
            let client = client(&self.dir.kubeconfig()).await.map_err(|error| error.to_string())?;
            self.children.restart(Component::Apiserver, port).await?;
            while boot::readyz(&client).await.is_err() {
                tokio::time::sleep(boot::ASK).await;
            }
            Ok(())
        }
        .boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async {
            self.children.stop().await;
            match self.children.contained() {
                // Controllers, too, of users that were killed.
                Some(contained) if self.begun.get() => contained.remove(false).await.map_err(|error| error.to_string()),
                _ => Ok(()),
            }
        }
        .boxed_local()
    }
}
