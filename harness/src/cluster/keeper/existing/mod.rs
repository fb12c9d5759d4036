//! A cluster that is somebody else's: what a keeper has to do for it is to leave it as it was.
//!
//! - `boot`: the checks once more (whoever asked made them, but a moment has passed), with `--install` the
//!   installation, the controller's log, and a trial that proves that this controller serves our
//!   namespaces and writes this log.
//! - The owner's leave is watched: he may withdraw it at any moment.
//! - `stop`: all that was made goes, and the keeper ends when it is gone. If the keeper is killed its
//!   [`reaper`](super::reaper) does that, or the next `proofroll gc`.

mod install;
mod trial;

use std::{os::unix::fs::symlink, path::Path, process, time::Duration};

use futures::{FutureExt, future::LocalBoxFuture};
use kube::Client;
use tokio::sync::watch;

use super::{
    keep::{Booted, Keep},
    progress::Reached,
    reaper,
};
use crate::{
    cluster::{
        existing::{self, Context, Look},
        lease::now,
        record::Record,
        request::{ExistingSource, Order, Subject},
        state::PlaneDir,
    },
    controller::deployed::{self, Installed, LogStream, Shared},
};

/// Of the log of a controller that has run for long, so much from before we came.
const SINCE: Duration = Duration::from_secs(60);

/// A cluster that is somebody else's.
pub(super) struct ExistingPlane<'a> {
    dir: &'a PlaneDir,
    order: &'a Order,
    source: &'a ExistingSource,
    log: LogStream,
    client: watch::Sender<Option<Client>>,
}

impl<'a> ExistingPlane<'a> {
    pub fn new(dir: &'a PlaneDir, order: &'a Order, source: &'a ExistingSource) -> Self {
        let log = LogStream::to(&dir.log(deployed::LOG));
        Self { dir, order, source, log, client: watch::channel(None).0 }
    }

    async fn start(&self) -> Result<Booted, String> {
        let started = now();
        let reached = Reached::new(self.dir);
        reaper::start(self.dir).map_err(|error| format!("the reaper could not be started: {error}"))?;
        let context = Context::read(&self.source.kubeconfig, Some(&self.source.context)).map_err(text)?;
        let (name, server) = (context.name(), context.server());
        if server != self.source.server {
            return Err(format!("it leads to {server} by now, and not to {}", self.source.server));
        }
        // Before anything is made: whoever cleans up needs it.
        context.write(&self.dir.kubeconfig()).map_err(text)?;
        let client = context.client().map_err(text)?;
        let look = existing::look(&client, name).await.map_err(text)?;
        self.client.send_replace(Some(client.clone()));
        reached.say(&format!("the cluster answers (Kubernetes {})", look.kubernetes));

        let shared = self.controller(&client, &look, &reached).await?;
        let trial = trial::Trial { client: &client, id: &self.order.id, log: &self.log, shared: &shared };
        trial.run(&self.dir.log(deployed::LOG)).await?;
        reached.say("ready");
        let record = Record {
            id: self.order.id.clone(),
            key: self.dir.key(),
            release: self.order.release_label.clone(),
            port: port(&server),
            server,
            kubeconfig: self.dir.kubeconfig(),
            ca_pem: String::new(),
            kubernetes: look.kubernetes,
            keeper: process::id(),
            processes: std::collections::BTreeMap::new(),
            started,
            phases: reached.phases(),
            deployed: Some(shared),
            kind: None,
            public_image: None,
            probe: None,
        };
        Ok(Booted { record, client, port: None })
    }

    /// The controller that is tested; its log begins to be followed.
    async fn controller(&self, client: &Client, look: &Look, reached: &Reached<'_>) -> Result<Shared, String> {
        match &self.source.subject {
            Subject::Installed => {
                let installed = look.installed().map_err(text)?.installed.clone();
                self.log.follow(client.clone(), installed.clone(), Some(SINCE));
                Ok(Shared::Deployment(installed))
            }
            Subject::Logged(log) => {
                let found = look.installed_or_elsewhere().map_err(text)?;
                let shared = found.map_or(Shared::Elsewhere, |found| Shared::Deployment(found.installed.clone()));
                let place = self.dir.log(deployed::LOG);
                symlink(log, &place).map_err(|error| format!("{}: {error}", place.display()))?;
                Ok(shared)
            }
            Subject::Release { manifest, tag } => {
                look.is_free().map_err(text)?;
                let installed = self.install(client, manifest, tag).await?;
                reached.say("the controller is installed");
                self.at_work(client, &installed).await?;
                reached.say("the controller works");
                Ok(Shared::Deployment(installed))
            }
        }
    }

    async fn install(&self, client: &Client, manifest: &Path, tag: &str) -> Result<Installed, String> {
        existing::check_nodes(client, &self.source.context).await.map_err(text)?;
        let installation = install::Installation { client, id: &self.order.id };
        installation.run(manifest, tag).await.map_err(|error| crate::run::trouble::chain(&error))
    }
}

impl Keep for ExistingPlane<'_> {
    fn boot(&self) -> LocalBoxFuture<'_, Result<Booted, String>> {
        self.start().boxed_local()
    }

    fn broken(&self) -> LocalBoxFuture<'_, String> {
        async {
            let mut client = self.client.subscribe();
            // Cannot fail while `self` holds the sender.
            let client = client.wait_for(Option::is_some).await.ok().and_then(|client| client.clone());
            match client {
                Some(client) => existing::guard::withdrawn(&client).await,
                None => std::future::pending().await,
            }
        }
        .boxed_local()
    }

    fn restart_api_server(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async { Err("that of somebody else's cluster is not ours to restart".into()) }.boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async {
            let removed = existing::remove_of(self.dir, &self.order.id).await;
            // Last: what the controller says while its Rollouts go is evidence, too.
            self.log.stop();
            removed.map_err(|why| format!("in the cluster of the context {}: {why}", self.source.context))
        }
        .boxed_local()
    }
}

fn text(error: existing::ExistingError) -> String {
    crate::run::trouble::chain(&error)
}

/// The port of a server's address; 0 where it names none.
fn port(server: &str) -> u16 {
    server.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok()).unwrap_or_default()
}
