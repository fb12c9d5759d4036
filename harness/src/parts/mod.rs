//! Parts: the binaries that a control plane and its controller are made of, as real as they are
//! released: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, and a
//! rollouts-controller per release. What only a kind cluster needs (kind itself, the programs of its nodes)
//! is a part too, made when it is asked for by name.
//!
//! What is wanted stands in pins ([`pin`]): a `go.mod` and a `go.sum` per upstream project, embedded
//! in this binary. From a pin follows a [`recipe`]; its key names an entry of the [`cache`].
//! [`Parts::find`] looks for a part in this order:
//!
//! 1. [`given`]: a path or a directory that the user names; if it is named, it must be good,
//! 2. the [`cache`]: a directory per entry, complete or absent, never half made,
//! 3. the ways to make it ([`way`]), under a lock so that many processes make it once: [`download`] what its project
//!    publishes, [`build`] it with [`go`].
//!
//! [`archive`] carries parts to hosts without a network.

pub mod archive;
pub mod build;
pub mod cache;
pub mod checkout;
pub mod download;
mod error;
mod find;
pub mod given;
pub mod go;
mod gomod;
pub mod kubernetes;
mod lock;
pub mod manifests;
mod meter;
mod name;
mod options;
pub mod pin;
pub mod recipe;
mod run;
mod sum;
#[cfg(test)]
mod tests;
pub mod way;

pub(crate) use self::sum::{hex, sha256_hex};
pub use self::{
    error::{PartError, Tried},
    find::{FoundPart, Origin, PartState, PartStatus, Parts},
    manifests::Manifests,
    meter::{expected_text, minutes_text},
    name::{PartName, PartNames, UnknownPart},
    options::{PartsOptions, forbid_network},
    sum::sha256_of,
};
