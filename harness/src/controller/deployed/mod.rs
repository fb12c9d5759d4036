//! A controller that runs in the cluster, as a Deployment, and serves all namespaces.
//!
//! - [`install()`]: applies the release's `manifests/install.yaml`, as it stands.
//! - [`LogStream`]: the plane's keeper follows the log of its pod and writes it to a file, which every
//!   scenario reads by namespace ([`Log::of_namespace`](super::Log::of_namespace)).
//! - [`Deployed`]: what a scenario holds of it. It cannot be killed or restarted by a scenario: others
//!   use it at the same time.
//! - It may also run outside of the cluster ([`Shared::Elsewhere`]): then all that is known of it is what
//!   it does and what it logs.

mod handle;
mod install;
mod stream;

pub use handle::{Deployed, Shared};
pub use install::{Installed, available, describe, install};
pub(crate) use install::{NAMESPACE, place, read, served, subject};
pub use stream::{LOG, LogStream};
