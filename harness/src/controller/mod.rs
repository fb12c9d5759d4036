//! The controller under test: installed as its release ships it, started, watched, restarted.
//!
//! - [`mod@install`]: its ServiceAccount, Role and RoleBinding in the scenario's namespace, from the
//!   release's own manifest; a token and a kubeconfig ([`token`]).
//! - `flags`: the command line, which differs by release; [`KnownFlags`]: what a binary says that it knows.
//! - [`Controller`]: the process. Healthy means that `/healthz` answers *and* that the log says that
//!   its workers run. An exit is noticed at once.
//! - [`Build`]: what runs, and what it is swapped for, as a Deployment does it.
//! - [`Own`]: all that a scenario has for itself, for it may start further ones; [`endpoints`]: what they say.
//! - [`mod@deployed`]: a controller in the cluster, as a Deployment. A scenario is served by one or the
//!   other ([`Serving`]).
//! - [`log`]: its JSON log, by position, so that a step's slice can be cut out. Where several write one
//!   log, `signing` says whose a line is.
//! - [`mod@fence`]: proves that the controller has reconciled once more; [`pass_all`]: all Rollouts that it serves, at once.

mod build;
mod config;
pub mod deployed;
pub mod endpoints;
mod error;
pub mod fence;
mod fences;
mod flags;
mod health;
mod help;
pub mod install;
pub mod log;
mod logfmt;
mod own;
mod process;
pub mod release;
mod serving;
mod signing;
mod spawn;
mod swap;
pub mod token;

pub use build::Build;
pub use config::{ControllerConfig, SharedLog};
pub use error::ControllerError;
pub use fence::{Fence, FenceError, Fenced, reconciles};
pub use fences::{Fenceable, pass_all};
pub use help::KnownFlags;
pub use install::{InstallError, Installed, install};
pub use log::{Log, LogLine};
pub use own::Own;
pub use process::Controller;
pub use release::{ControllerFiles, ControllerRelease, ControllerSpec, UnderTest};
pub use serving::Serving;
