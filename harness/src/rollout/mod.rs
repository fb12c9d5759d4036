//! Typed views of a Rollout and its kin: the objects, the phase as upstream computes it, and the
//! whole state as a person sees it.

pub mod info;
