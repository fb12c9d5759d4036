//! Free ports, reserved against other processes of the harness by the name of an abstract Unix
//! socket: the kernel gives it back when the process is gone, however it went.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
};

/// Below the ephemeral range of Linux (32768 and up), from which connections take theirs.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port that no other process of the harness takes while this lives.
#[derive(Debug)]
pub(super) struct PortGuard {
    pub(super) port: u16,
    _name: UnixListener,
}

/// Reserves a free port.
///
/// # Errors
/// The last refusal, where not one port of the range is free.
pub(super) fn free() -> io::Result<PortGuard> {
    let width = RANGE.end - RANGE.start;
    let first = fastrand::u16(0..width);
    let mut refusal = io::Error::other("no port was tried");
    for step in 0..width {
        match claim(RANGE.start + (first + step) % width) {
            Ok(guard) => return Ok(guard),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn claim(port: u16) -> io::Result<PortGuard> {
    let name = UnixListener::bind_addr(&SocketAddr::from_abstract_name(format!("proofroll-port-{port}"))?)?;
    // Somebody else's: the controller binds to all interfaces.
    drop(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?);
    Ok(PortGuard { port, _name: name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_until_it_is_given_back() {
        let guard = free().unwrap();
        let port = guard.port;
        assert!(RANGE.contains(&port));
        assert_eq!(claim(port).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(guard);
        let guard = claim(port).unwrap();
        drop(guard);
        let _others = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
        assert_eq!(claim(port).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
