//! A cluster that is somebody else's: what a keeper has to do for it is to leave it as it was.
//!
//! - `boot`: the checks once more (whoever asked made them, but a moment has passed), with `--install` the
//!   installation, the controller's log, and a trial that proves that this controller serves our
//!   namespaces and writes this log.
//! - The owner's leave is watched: he may withdraw it at any moment. And a controller outside of the cluster,
//!   as far as the processes that write its log can be seen: when they end the controller has.
//! - `stop`: what is under way is waited for, then all that was made goes, and the keeper ends when it is
//!   gone. If the keeper is killed its users do that before they end, or its [`reaper`](super::reaper), or
//!   the next `proofroll gc`.

mod install;
mod making;
mod trial;

use std::{os::unix::fs::symlink, path::Path, process, time::Duration};

use futures::{
    FutureExt,
    future::{LocalBoxFuture, try_join_all},
};
use kube::Client;
use rustix::process::Pid;
use tokio::sync::watch;

use super::{
    TEND,
    keep::{Booted, Keep},
    progress::Reached,
    reaper,
};
use crate::{
    cluster::{
        existing::{self, Context, Look},
        lease::{self, LeaseKind, Seen, now},
        record::{Record, log_tail},
        request::{ExistingSource, Order, Subject},
        state::PlaneDir,
    },
    controller::deployed::{self, Installed, LogStream, Shared},
    process::{journal::note, lifeline, writers},
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
    making: making::Making,
    /// The processes that write the log of a controller outside of the cluster.
    writers: watch::Sender<Vec<Pid>>,
}

impl<'a> ExistingPlane<'a> {
    pub fn new(dir: &'a PlaneDir, order: &'a Order, source: &'a ExistingSource) -> Self {
        let log = LogStream::to(&dir.log(deployed::LOG));
        let (client, writers) = (watch::channel(None).0, watch::channel(Vec::new()).0);
        Self { dir, order, source, log, client, making: making::Making::default(), writers }
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
        let trial =
            trial::Trial { client: &client, id: &self.order.id, making: &self.making, log: &self.log, shared: &shared };
        trial.run(&self.dir.log(deployed::LOG)).await?;
        if let (Subject::Logged(log), Shared::Elsewhere) = (&self.source.subject, &shared) {
            // Now, for one that has just written is there. That none is seen was told by whoever asked.
            self.writers.send_replace(writers(log).map_err(|error| format!("{}: {error}", log.display()))?);
        }
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
            contained: None,
            public_image: None,
            probe: self.source.probe.clone(),
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
        let installation = install::Installation { client, id: &self.order.id, making: &self.making };
        installation.run(manifest, tag).await.map_err(|error| crate::run::trouble::chain(&error))
    }

    /// Resolves when the owner has withdrawn his leave.
    async fn forbidden(&self) -> String {
        let mut client = self.client.subscribe();
        // Cannot fail while `self` holds the sender.
        let client = client.wait_for(Option::is_some).await.ok().and_then(|client| client.clone());
        match client {
            Some(client) => existing::guard::withdrawn(&client).await,
            None => std::future::pending().await,
        }
    }

    /// Resolves when the processes that write the log of a controller outside have ended, and somebody needs
    /// them: what was kept stays, for people to look at.
    async fn ended_outside(&self) -> String {
        let mut writers = self.writers.subscribe();
        let writers =
            writers.wait_for(|writers| !writers.is_empty()).await.map(|pids| pids.clone()).unwrap_or_default();
        let names: Vec<String> = writers.iter().map(|pid| pid.as_raw_nonzero().to_string()).collect();
        if let Err(error) = try_join_all(writers.into_iter().map(lifeline::ended)).await {
            note(&format!("keeper: the process that writes the controller's log cannot be watched: {error}"));
            return std::future::pending().await;
        }
        let runs = |lease: &Seen| lease.alive && lease.journal.kind == LeaseKind::Locked;
        while !lease::scan(self.dir, now()).is_ok_and(|leases| leases.iter().any(runs)) {
            tokio::time::sleep(TEND).await;
        }
        let log = log_tail(&self.dir.log(deployed::LOG), 10);
        format!(
            "the controller outside of the cluster has ended, and proofroll had not asked it to: the process that wrote its log (pid {}) is gone; its last words:{log}",
            names.join(", ")
        )
    }
}

impl Keep for ExistingPlane<'_> {
    fn boot(&self) -> LocalBoxFuture<'_, Result<Booted, String>> {
        self.start().boxed_local()
    }

    fn broken(&self) -> LocalBoxFuture<'_, String> {
        async {
            tokio::select! {
                why = self.forbidden() => why,
                why = self.ended_outside() => why,
            }
        }
        .boxed_local()
    }

    fn restart_api_server(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async { Err("that of somebody else's cluster is not ours to restart".into()) }.boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async {
            self.making.finished().await;
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
