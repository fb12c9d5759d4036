//! A plane like another one, for one user alone: what cuts the neighbours' watches is done there.

use std::fs;

use super::{ClusterError, Plane, PlaneRequest, request::Order, start::acquire_in};
use crate::progress::Progress;

impl Plane {
    /// Starts a plane that is made of the same as this one and that nobody else joins.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn own(&self, purpose: &str, progress: &dyn Progress) -> Result<Self, ClusterError> {
        let path = self.dir().order();
        let file = ClusterError::file(&path);
        let order = fs::read(&path).and_then(|text| Ok(serde_json::from_slice::<Order>(&text)?)).map_err(file)?;
        let mut source = order.source;
        if let Some(port) = source.port_mut() {
            // It is taken: by this one.
            *port = None;
        }
        let request = PlaneRequest {
            source,
            crds: order.crds,
            release_label: order.release_label,
            purpose: purpose.to_owned(),
            own: Some(format!("{:016x}", fastrand::u64(..))),
        };
        acquire_in(&self.dir().root(), &request, progress).await
    }
}
