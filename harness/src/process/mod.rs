//! Processes that never outlive their owner ([`lifeline`]), ports that nobody else takes, and the
//! keys and certificates of a control plane.

pub mod lifeline;
