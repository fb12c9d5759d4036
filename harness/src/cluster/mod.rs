//! Where the cluster comes from: a real control plane that is there in seconds, shared by every process
//! that wants the same, and gone when nobody does.
//!
//! - [`acquire`] joins the plane that a [`PlaneRequest`] asks for, or starts it. The plane's key is made
//!   of all that must not differ between its users; several planes live side by side.
//! - The [`keeper`] owns the plane's processes. It is this executable once more, in a session of its own.
//! - A [`lease`] says who uses the plane, and which namespaces are theirs. When none is left for a while
//!   the keeper stops everything and removes the plane's directory; what a killed user left is cleaned up.
//! - A [`Plane`] is what a user gets: a client, namespaces, and a word when the plane is broken.
//! - What one start installed is [`prepared`] for the next one of the same kind.
//! - Where a plane comes from is its [`Source`]: processes of this machine or the same ones in containers
//!   ([`keeper`], [`Contained`]), [`mod@kind`], a cluster that is there ([`existing`]). On the last two the controller is not the scenario's own
//!   ([`crate::controller::deployed`]).
//!
//! Locks are the only proof of life ([`crate::process::lock`]). The start lock orders starting, joining
//! and stopping; the keeper lock is held for the keeper's life; a locked lease for its user's.

pub mod crds;
pub mod existing;
pub mod gc;
pub mod keeper;
pub mod kind;
pub mod lease;
pub mod prepared;
pub mod record;
pub mod state;

mod api;
mod client;
mod components;
mod contained;
mod error;
mod files;
mod own;
mod plane;
mod request;
mod restart;
mod stages;
mod start;
mod watch;

pub use contained::Contained;
pub(crate) use contained::{Controlled, passing};
pub use error::ClusterError;
pub use plane::{Endpoint, Plane};

pub use request::{
    ContainerSource, EmbeddedSource, ExistingSource, ImageSource, KindSource, PlanePart, PlaneParts, PlaneRequest,
    Source, Subject,
};
pub use start::{LINGER_VARIABLE, acquire, acquire_in, acquire_unless};
