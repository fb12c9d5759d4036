//! An embedded plane: processes of this machine.

pub mod bench;
mod boot;
mod children;

use futures::{FutureExt, future::LocalBoxFuture};
use tokio::sync::{Mutex, mpsc};

use self::children::{Children, Death};
use super::keep::{Booted, Keep};
use crate::cluster::{
    request::{EmbeddedSource, Order},
    state::PlaneDir,
};

/// The processes of an embedded plane.
pub(super) struct Processes<'a> {
    dir: &'a PlaneDir,
    order: &'a Order,
    source: &'a EmbeddedSource,
    children: Children,
    deaths: Mutex<mpsc::UnboundedReceiver<Death>>,
}

impl<'a> Processes<'a> {
    pub fn new(dir: &'a PlaneDir, order: &'a Order, source: &'a EmbeddedSource) -> Self {
        let (children, deaths) = Children::new(dir);
        Self { dir, order, source, children, deaths: Mutex::new(deaths) }
    }
}

impl Keep for Processes<'_> {
    fn boot(&self) -> LocalBoxFuture<'_, Result<Booted, String>> {
        boot::boot(self).boxed_local()
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

    fn stop(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        self.children.stop().map(Ok).boxed_local()
    }
}
