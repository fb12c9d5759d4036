//! What a keeper keeps, whatever it is made of.

use futures::{FutureExt, future::LocalBoxFuture};
use kube::Client;

use crate::{cluster::record::Record, process::ports::PortGuard};

/// Something that is started, may end by itself, and is ended. One thread does it all.
pub(super) trait Keep {
    /// Starts it and waits until it is ready. The text of a failure is for people. May be dropped in
    /// the middle: [`Keep::stop`] then ends what there is.
    fn boot(&self) -> LocalBoxFuture<'_, Result<Booted, String>>;

    /// What is left to do when it is ready, while it is used. May be dropped in the middle.
    fn settle(&self) -> LocalBoxFuture<'_, ()> {
        std::future::ready(()).boxed_local()
    }

    /// Resolves when something of it ended by itself; with words for people.
    fn broken(&self) -> LocalBoxFuture<'_, String>;

    /// Kills the API server, starts it again, and returns when it is ready; else with words for people.
    fn restart_api_server(&self) -> LocalBoxFuture<'_, Result<(), String>>;

    /// Ends all of it, and returns when nothing is left; else with words about what is left.
    fn stop(&self) -> LocalBoxFuture<'_, Result<(), String>>;
}

/// What becomes of a start.
pub(super) struct Booted {
    pub record: Record,
    pub client: Client,
    /// Holds a port of this machine against other planes.
    pub port: Option<PortGuard>,
}
