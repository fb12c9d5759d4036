//! Pods that follow a script.
//!
//! A manifest's author says with annotations of the pod template what the pods shall do ([`Script`]):
//!
//! ```text
//! pod.proofroll.dev/ready-after: 3s        ready so long after the container's start; `never`
//! pod.proofroll.dev/unready-after: 5s      and no longer ready so long after it
//! pod.proofroll.dev/exit-after: 2s         the container ends so long after its start,
//! pod.proofroll.dev/exit-code: "1"         with this code (0 where it is not said)
//! pod.proofroll.dev/waiting: ErrImagePull  the container never starts, and waits with this reason
//! pod.proofroll.dev/terminates-after: 5s   a deleted pod takes so long to go
//! ```
//!
//! A container that ends starts again where the pod's `restartPolicy` says so (after a growing
//! back-off, and then follows the script from its beginning); else the pod has succeeded or failed. A
//! Job's pod ends with `exit-code` shortly after it became ready if no `exit-after` is written.
//!
//! On the embedded provider kwok plays the script. Its stages (`fixtures/stages`) turn the annotations
//! into [`event`]s: conditions of the pod's status that say what is to come and when. An action of a
//! scenario that changes pods that run writes such events itself.

pub mod event;
mod script;

pub use script::{Mistake, Script, WAITING, When};

/// What the script's annotations begin with.
pub const PREFIX: &str = "pod.proofroll.dev/";
