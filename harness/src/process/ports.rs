//! Free TCP ports that two proofroll processes never take at once.
//!
//! Binding port 0, closing and passing the number on is a race that a busy machine loses now and
//! then. So candidates come from below the range from which the kernel hands out ports by itself,
//! and are reserved among all proofroll processes of the machine by an abstract unix socket: it
//! belongs to the network namespace, as TCP ports do, and vanishes with its process.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::RangeInclusive,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr as UnixAddr, UnixListener},
    },
};

/// Candidates: below the kernel's ephemeral ports (32768 and up).
pub const RANGE: RangeInclusive<u16> = 20_000..=32_000;

/// How many candidates are tried before giving up.
const TRIES: usize = 200;

/// Why no port could be had.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The port that was asked for is in use, or reserved by another proofroll.
    #[error("port {port} is taken ({why}); choose another one with --port, or leave it out to get a free one")]
    Taken {
        /// The port that was asked for.
        port: u16,
        /// What stands in the way.
        why: io::Error,
    },
    /// No candidate was free.
    #[error("no free TCP port among {TRIES} candidates of {}-{} (last: {why})", RANGE.start(), RANGE.end())]
    NoneFree {
        /// Why the last candidate could not be had.
        why: io::Error,
    },
}

/// A reserved port. Whoever is to listen there has to be told the number; the reservation lasts as
/// long as this value.
#[derive(Debug)]
pub struct PortGuard {
    /// The port's number.
    pub port: u16,
    _reservation: UnixListener,
}

/// Reserves a free port.
///
/// # Errors
/// When none is free.
pub fn free() -> Result<PortGuard, PortError> {
    let mut why = io::Error::other("none tried");
    for _ in 0..TRIES {
        match reserve(fastrand::u16(RANGE)) {
            Ok(guard) => return Ok(guard),
            Err(error) => why = error,
        }
    }
    Err(PortError::NoneFree { why })
}

/// Reserves this very port.
///
/// # Errors
/// When it is taken.
pub fn fixed(port: u16) -> Result<PortGuard, PortError> {
    reserve(port).map_err(|why| PortError::Taken { port, why })
}

fn reserve(port: u16) -> io::Result<PortGuard> {
    let name = UnixAddr::from_abstract_name(format!("proofroll-port-{port}"))?;
    let reservation = UnixListener::bind_addr(&name)
        .map_err(|error| io::Error::new(error.kind(), format!("reserved by another proofroll: {error}")))?;
    // Somebody else may listen on one address only; both must be free.
    for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
        TcpListener::bind(SocketAddr::from((address, port)))?;
    }
    Ok(PortGuard { port, _reservation: reservation })
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Mutex};

    use super::*;

    #[test]
    fn threads_at_once_never_get_the_same_port() {
        let held = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let guard = free().unwrap();
                        held.lock().unwrap().push(guard);
                    }
                });
            }
        });
        let held = held.into_inner().unwrap();
        let ports: HashSet<u16> = held.iter().map(|guard| guard.port).collect();
        assert_eq!(ports.len(), 400);
        assert!(ports.iter().all(|port| RANGE.contains(port)));
    }

    #[test]
    fn a_reserved_port_is_refused_until_it_is_given_back() {
        let guard = free().unwrap();
        let refused = fixed(guard.port).unwrap_err().to_string();
        assert!(refused.contains(&format!("port {} is taken", guard.port)), "{refused}");
        assert!(refused.contains("reserved by another proofroll"), "{refused}");
        let port = guard.port;
        drop(guard);
        fixed(port).unwrap();
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_refused() {
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            let listener = TcpListener::bind((address, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let refused = fixed(port).unwrap_err().to_string();
            assert!(refused.contains("--port"), "{refused}");
        }
    }
}
