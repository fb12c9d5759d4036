//! What can go wrong on the way from a server to the disk, in words that say who has to do what.

use std::{io, path::PathBuf};

/// Why a file was not downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// No connection at all: no name, no route, nobody listens.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The server, or the proxy on the way to it.
        host: String,
        /// What the system said.
        why: String,
        /// It was known before, and not tried again.
        again: bool,
    },
    /// The proxy wants to know who asks (407).
    #[error("the proxy {proxy} wants a user name and a password (407)")]
    ProxyLogin {
        /// The proxy.
        proxy: String,
    },
    /// The proxy did not connect, or is misspelt.
    #[error("the proxy {proxy} does not lead to {host}: {why}")]
    Proxy {
        /// The proxy.
        proxy: String,
        /// The server behind it.
        host: String,
        /// What it said.
        why: String,
    },
    /// The certificate of the server is not believed.
    #[error("the certificate of {host} is not trusted: {why}")]
    Tls {
        /// The server.
        host: String,
        /// Why not.
        why: String,
    },
    /// There is no such file (404, 410).
    #[error("{url} does not exist ({status})")]
    Missing {
        /// The file.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server does not hand it out.
    #[error("{url} was refused ({status})")]
    Refused {
        /// The file.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server has trouble (5xx), or the connection broke.
    #[error("{url}: {what}")]
    Trouble {
        /// The file.
        url: String,
        /// What happened.
        what: String,
    },
    /// It was tried again and again.
    #[error("{last}, {attempts} times")]
    GaveUp {
        /// What happened the last time.
        last: Box<Self>,
        /// How often it was tried.
        attempts: u32,
    },
    /// It arrived, and is not what was published.
    #[error("{url} has the wrong checksum: sha256 {got}, but {by} says {expected}")]
    Checksum {
        /// The file.
        url: String,
        /// Its checksum.
        got: String,
        /// What it should be.
        expected: String,
        /// Who says so.
        by: String,
    },
    /// There is nothing that it could be checked against.
    #[error("{by} has no checksum of {file}")]
    NoChecksum {
        /// The file.
        file: String,
        /// Where it was looked for.
        by: String,
    },
    /// It is not what it should be: no archive, no manifest.
    #[error("{url}: {what}")]
    Content {
        /// The file.
        url: String,
        /// What is wrong.
        what: String,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Disk {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A CA bundle cannot be used.
    #[error("the CA bundle {} (PROOFROLL_CA_BUNDLE) cannot be used: {why}", path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody did not want to wait.
    #[error("interrupted")]
    Interrupted,
}

impl DownloadError {
    /// What a person does about it.
    pub fn advice(&self) -> String {
        match self {
            Self::GaveUp { last, .. } => last.advice(),
            Self::Unreachable { .. } | Self::Proxy { .. } => {
                "set HTTPS_PROXY to the proxy that leads out, or PROOFROLL_MIRROR_* to mirrors that this machine reaches; \
                 without a network: `proofroll parts import`"
                    .into()
            }
            Self::ProxyLogin { .. } => "put them into the proxy's URL: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT".into(),
            Self::Tls { .. } => {
                "if a proxy opens TLS connections here, name its CA's certificate with PROOFROLL_CA_BUNDLE=FILE.pem".into()
            }
            Self::Missing { .. } => "if it comes from a mirror (PROOFROLL_MIRROR_*): is that complete?".into(),
            Self::Refused { .. } => {
                "if it comes from a mirror that wants a login: PROOFROLL_MIRROR_...=https://USER:PASSWORD@HOST/PATH".into()
            }
            Self::Checksum { .. } | Self::NoChecksum { .. } | Self::Content { .. } => {
                "nothing of it was kept; ask whoever runs the mirror or proxy, or try again later".into()
            }
            Self::Disk { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, or set PROOFROLL_CACHE_DIR to another disk".into()
            }
            Self::Disk { .. } => "make the directory writable, or set PROOFROLL_CACHE_DIR to another one".into(),
            Self::CaBundle { .. } => "name a file with certificates in PEM".into(),
            Self::Trouble { .. } | Self::Interrupted => "try again later".into(),
        }
    }

    /// Is it of no use to try another way?
    pub fn is_final(&self) -> bool {
        match self {
            // A build needs far more space than a download.
            Self::Disk { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            Self::Interrupted => true,
            _ => false,
        }
    }
}
