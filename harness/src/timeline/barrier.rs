//! The barrier: makes sure that all streams have come to one common point.
//!
//! Each kind has a marker object that nothing else looks at ([`super::marker`]). A barrier writes to
//! all of them and waits until each stream has delivered its own marker's write. A watch delivers
//! the writes of its kind in order, so everything older has then been delivered too; up to the
//! smallest of the markers' resourceVersions the log is complete across all kinds.
//!
//! (Comparing with a fresh list of each kind instead would miss an object that was made and
//! deleted again while its two events are still on their way: the list doesn't have it, and
//! neither does the stream.)

use std::time::Duration;

use kube::core::{
    Request,
    params::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{
    kind::Kind,
    marker::{MARKER, marker},
    stream,
    watch::Timeline,
};

/// How long a stream may lag before its watch is taken up anew, and before the barrier gives up.
const LAG: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(30));

/// Why a barrier could not be reached: the cluster's trouble, never the controller's.
#[derive(Debug, thiserror::Error)]
pub enum BarrierError {
    /// A marker could not be written.
    #[error("the API server did not take a mark in the timeline")]
    Mark(#[from] kube::Error),
    /// Streams did not deliver the mark.
    #[error("watches lag more than {} s behind: {}", LAG.1.as_secs(), .0.join(", "))]
    Lagging(Vec<String>),
}

impl Timeline {
    /// Completes the log up to a point that lies after every write that was acknowledged before
    /// this call. Returns that point's resourceVersion.
    ///
    /// # Errors
    /// See [`BarrierError`].
    pub async fn barrier(&self) -> Result<u64, BarrierError> {
        let marks = futures::future::try_join_all(self.kinds.iter().map(|kind| self.mark(*kind))).await?;
        let mut arrivals = self.arrivals();
        let lagging = || {
            let log = self.log();
            let late =
                self.kinds.iter().zip(&marks).filter(|(kind, mark)| log.reached(**kind).is_none_or(|r| r < **mark));
            late.map(|(kind, _)| *kind).collect::<Vec<_>>()
        };
        let all_reached = async {
            // The channel lives as long as the timeline: an error can't happen while it is borrowed.
            while !lagging().is_empty() && arrivals.changed().await.is_ok() {}
        };
        tokio::pin!(all_reached);
        if tokio::time::timeout(LAG.0, &mut all_reached).await.is_err() {
            lagging().into_iter().for_each(|kind| self.shared.nudge(kind));
            if tokio::time::timeout(LAG.1 - LAG.0, &mut all_reached).await.is_err() {
                let why = |kind| format!("{kind} ({})", self.shared.cut(kind).unwrap_or_else(|| "no news".into()));
                return Err(BarrierError::Lagging(lagging().into_iter().map(why).collect()));
            }
        }
        let point = marks.iter().copied().min().unwrap_or(0);
        self.log().complete(point);
        Ok(point)
    }

    /// Writes to the marker of `kind`; returns the write's resourceVersion.
    async fn mark(&self, kind: Kind) -> Result<u64, kube::Error> {
        let stamp = format!("{:016x}", fastrand::u64(..));
        let patch = Patch::Merge(json!({"metadata": {"annotations": {"proofroll.dev/barrier": stamp}}}));
        let request = Request::new(kind.path(&self.namespace))
            .patch(MARKER, &PatchParams::default(), &patch)
            .map_err(kube::Error::BuildRequest)?;
        let marked: Value = self.client.request(request).await?;
        Ok(stream::resource_version(&marked))
    }

    /// Makes the marker of `kind`; `like` is an object of that kind, if one is known.
    pub(super) async fn make_marker(
        &self,
        kind: Kind,
        namespace_uid: &str,
        like: Option<&Value>,
    ) -> Result<(), kube::Error> {
        let body = marker(kind, &self.namespace, namespace_uid, like).to_string().into_bytes();
        let request = Request::new(kind.path(&self.namespace))
            .create(&PostParams::default(), body)
            .map_err(kube::Error::BuildRequest)?;
        match self.client.request::<Value>(request).await {
            Ok(_) => Ok(()),
            // The namespace was watched before: its marker serves again.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
            Err(error) => Err(error),
        }
    }
}
