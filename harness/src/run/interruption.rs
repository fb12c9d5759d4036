//! The plane breaks while a scenario runs. Whoever works with it notices first, by a request that
//! fails; what is behind that, only the keeper knows.

use std::time::Duration;

use super::trouble::Trouble;
use crate::cluster::{ClusterError, Plane};

/// How long somebody whose request has failed waits for the keeper's word.
const PATIENCE: Duration = Duration::from_secs(3);

/// The trouble of a plane that is gone; `why` is the keeper's word.
pub(super) fn gone(why: String) -> Trouble {
    Trouble::Infra(ClusterError::Broken { why }.to_string())
}

/// The keeper's word, if the plane is broken already or breaks in a moment.
pub(super) async fn soon_gone(plane: &Plane) -> Option<String> {
    tokio::time::timeout(PATIENCE, plane.broken()).await.ok()
}

/// `trouble`, or what lies behind it: the plane's end.
pub(super) async fn whose(plane: &Plane, trouble: Trouble) -> Trouble {
    soon_gone(plane).await.map_or(trouble, gone)
}
