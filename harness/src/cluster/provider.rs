//! Where a cluster may come from.

use futures::future::{BoxFuture, FutureExt};

use super::{ClusterError, Plane, PlaneRequest, start};
use crate::{progress::Progress, scenario::Capabilities};

/// A source of clusters. What it can do is static: whether a scenario runs on it is decided when
/// scenarios are listed, and no cluster is asked.
pub trait Provider: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What its clusters can do: the table is that of the scenarios' gate.
    fn capabilities(&self) -> Option<Capabilities> {
        Capabilities::of(self.name())
    }

    /// Joins or makes a cluster for this request.
    fn acquire<'a>(
        &'a self,
        request: PlaneRequest,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Plane, ClusterError>>;
}

/// The real control plane as processes of this machine, with fake nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Embedded;

impl Provider for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn acquire<'a>(
        &'a self,
        request: PlaneRequest,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Plane, ClusterError>> {
        start::acquire(request, progress).boxed()
    }
}
