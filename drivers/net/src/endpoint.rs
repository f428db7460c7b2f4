//! Where to listen.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP address; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A Unix socket, made by us and removed at the end.
    Unix(PathBuf),
    /// A vsock port, for guests of this host.
    Vsock(u32),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp={address}"),
            Self::Unix(path) => write!(f, "unix={}", path.display()),
            Self::Vsock(port) => write!(f, "vsock={port}"),
        }
    }
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The system refused.
    #[error("cannot listen on {endpoint}")]
    Bind {
        /// Where.
        endpoint: Endpoint,
        /// What the system said.
        source: io::Error,
    },
    /// Another server answers on the Unix socket.
    #[error("cannot listen on unix={}: another server is listening there", .0.display())]
    InUse(PathBuf),
    /// Something that is not a socket has the name.
    #[error("cannot listen on unix={}: the file exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// No vsock in this kernel, or none that may be used.
    #[error(
        "cannot listen on vsock={port}: this kernel offers no vsock (load the module vhost_vsock, or leave --vsock out)"
    )]
    NoVsock {
        /// The port asked for.
        port: u32,
        /// What the system said.
        source: io::Error,
    },
}

impl EndpointError {
    pub(crate) fn bind(endpoint: &Endpoint) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Bind { endpoint: endpoint.clone(), source }
    }
}
