//! When a controller is up: its health endpoint answers, and its log says that its workers run.
//!
//! The endpoint alone does not do: it answers before the informers are synced, and on a port that
//! somebody else has taken it would be somebody else's.

use std::{collections::BTreeSet, io, time::Duration};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{
    log::{Log, LogLine},
    spawn::Process,
};

/// How often the endpoint is asked and the log looked at: neither tells by itself.
const INTERVAL: Duration = Duration::from_millis(20);

/// What the log says when the controller has begun to work, in every release since 1.0.
pub(super) const AT_WORK: [&str; 2] = ["Started rollout workers", "Started controller"];

/// Why a controller is not up.
#[derive(Debug)]
pub(super) enum NotUp {
    /// It ended.
    Exited,
    /// One of its ports is somebody else's, as the log says.
    PortTaken(String),
    /// The time is over; what was still missing.
    TimedOut(Vec<String>),
    Log(io::Error),
}

/// How far a process must have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Its endpoint answers, as the kubelet asks it: it may wait for its turn to lead.
    Answers,
    /// It works too, unless somebody else was elected to.
    AtWork,
    /// It was elected, and works.
    Leads,
}

/// A process that was started.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) process: &'a Process,
    pub(super) log: &'a Log,
    /// Under which name it writes there, if others do too.
    pub(super) writer: &'a str,
    /// Where its log begins.
    pub(super) from: u64,
    /// Of its health endpoint.
    pub(super) port: u16,
}

impl Start<'_> {
    /// Waits until it has come so far.
    pub(super) async fn come(&self, until: Until, within: Duration) -> Result<(), NotUp> {
        let mut watch = Watch::of(self.port, until);
        let mut tail = self.log.tail(self.from);
        let looking = async {
            loop {
                let lines = tail.next_lines().map_err(NotUp::Log)?;
                watch.read(lines.iter().filter(|line| line.writer() == self.writer))?;
                watch.ask().await;
                if watch.missing().is_empty() {
                    return Ok(());
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        let outcome = tokio::select! {
            _ = self.process.ended() => Err(NotUp::Exited),
            outcome = tokio::time::timeout(within, looking) => outcome.unwrap_or(Err(NotUp::TimedOut(Vec::new()))),
        };
        match outcome {
            Err(NotUp::TimedOut(_)) => Err(NotUp::TimedOut(watch.missing())),
            // An exit may be that of a controller that healthz still spoke for.
            other => other,
        }
    }
}

struct Watch {
    client: Client<HttpConnector, Empty<Bytes>>,
    port: u16,
    healthy: bool,
    said: BTreeSet<&'static str>,
    /// Under which name it stands for election.
    candidate: Option<String>,
    /// Somebody else was elected: it has nothing to do, and that is all it has to be.
    stands_by: bool,
    until: Until,
}

impl Watch {
    fn of(port: u16, until: Until) -> Self {
        let (healthy, stands_by) = (false, false);
        Self { client: client(), port, healthy, said: BTreeSet::new(), candidate: None, stands_by, until }
    }

    fn read<'a>(&mut self, lines: impl Iterator<Item = &'a LogLine>) -> Result<(), NotUp> {
        for line in lines {
            if line.msg().contains("address already in use") {
                return Err(NotUp::PortTaken(line.to_string()));
            }
            if let Some(id) = line.msg().strip_prefix("Leaderelection get id ") {
                self.candidate = Some(id.to_owned());
            }
            if let (Some(leader), Some(own)) = (line.msg().strip_prefix("New leader elected: "), &self.candidate) {
                self.stands_by = leader != own && self.until != Until::Leads;
            }
            self.said.extend(AT_WORK.iter().find(|text| **text == line.msg()));
        }
        Ok(())
    }

    async fn ask(&mut self) {
        if self.healthy {
            return;
        }
        let Ok(uri) = format!("http://127.0.0.1:{}/healthz", self.port).parse() else { return };
        let answer = tokio::time::timeout(Duration::from_secs(1), self.client.get(uri)).await;
        self.healthy = matches!(answer, Ok(Ok(answer)) if answer.status() == http::StatusCode::OK);
    }

    fn missing(&self) -> Vec<String> {
        let endpoint = (!self.healthy).then(|| format!("an answer of 127.0.0.1:{}/healthz", self.port));
        let idle = self.stands_by || self.until == Until::Answers;
        let awaited = if idle { &[][..] } else { &AT_WORK[..] };
        let lines =
            awaited.iter().filter(|text| !self.said.contains(*text)).map(|text| format!("the log line `{text}`"));
        endpoint.into_iter().chain(lines).collect()
    }
}

fn client() -> Client<HttpConnector, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
