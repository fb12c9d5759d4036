//! Processes that never outlive their owner ([`lifeline`]), locks that the kernel drops with their
//! holder ([`lock`]), ports that nobody else takes ([`ports`]), other programs as tools ([`tool`]), what those in the
//! background say ([`journal`]), and
//! the keys and certificates of a control plane ([`pki`]).

pub mod interrupt;
pub mod journal;
pub mod lifeline;
pub mod lock;
pub mod pki;
pub mod ports;
pub mod tool;
pub mod usage;
