//! The plane breaks while a scenario runs. Whoever works with it notices first, by a request that
//! fails; what is behind that, only the keeper knows.

use super::trouble::Trouble;
use crate::cluster::Plane;

/// The trouble of a plane that is gone; `why` is the keeper's word.
pub(super) fn gone(plane: &Plane, why: String) -> Trouble {
    Trouble::Infra(plane.gone(why).to_string())
}

/// `trouble`, or what lies behind it: the plane's end.
pub(super) async fn whose(plane: &Plane, trouble: Trouble) -> Trouble {
    plane.soon_broken().await.map_or(trouble, |why| gone(plane, why))
}
