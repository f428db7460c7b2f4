//! Accepts connections of one endpoint.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener};

use crate::endpoint::{Endpoint, EndpointError};
use crate::unix::UnixSocket;

/// A connected peer, whatever it came by.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// A bound endpoint.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Tcp(TcpListener),
    Unix(UnixSocket),
    Vsock(VsockListener),
}

impl Listener {
    /// Starts listening.
    ///
    /// # Errors
    /// When the system refuses, or somebody else has the address.
    pub async fn bind(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        match endpoint {
            Endpoint::Tcp(address) => {
                let failed = EndpointError::bind(endpoint);
                let bound = async {
                    let listener = TcpListener::bind(address).await?;
                    Ok((Endpoint::Tcp(listener.local_addr()?), listener))
                };
                let (endpoint, listener) = bound.await.map_err(failed)?;
                Ok(Self { endpoint, inner: Inner::Tcp(listener) })
            }
            Endpoint::Unix(path) => {
                Ok(Self { endpoint: endpoint.clone(), inner: Inner::Unix(UnixSocket::bind(path)?) })
            }
            Endpoint::Vsock(port) => bind_vsock(*port),
        }
    }

    /// Where it listens, with the port that the system chose.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The next connection and what to call it in logs. Dropping the future loses nothing.
    pub(crate) async fn accept(&self) -> io::Result<(Box<dyn Socket>, String)> {
        match &self.inner {
            Inner::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                tune_tcp(&stream)?;
                Ok((Box::new(stream), format!("tcp {peer}")))
            }
            Inner::Unix(socket) => {
                let stream = socket.accept().await?;
                let pid = stream.peer_cred()?.pid();
                let peer = pid.map_or_else(|| "unix peer".to_owned(), |pid| format!("unix pid {pid}"));
                Ok((Box::new(stream), peer))
            }
            Inner::Vsock(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Box::new(stream), format!("vsock cid {} port {}", peer.cid(), peer.port())))
            }
        }
    }
}

/// A dead peer is noticed within half a minute, although it may say nothing for hours: by keepalive while nothing is
/// on its way to it, by the user time-out while something is. And what waits in the kernel for a slow one stays small,
/// so that it is our queue that decides what it misses.
fn tune_tcp(stream: &TcpStream) -> io::Result<()> {
    const SEND_BUFFER: usize = 256 << 10;
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5)).with_retries(3);
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(Duration::from_secs(30)))?;
    socket.set_send_buffer_size(SEND_BUFFER)
}

/// What kernels without vsock answer: no such address family, no such device, no such node.
const NO_VSOCK: [i32; 3] =
    [Errno::AFNOSUPPORT.raw_os_error(), Errno::NODEV.raw_os_error(), Errno::NOENT.raw_os_error()];

fn bind_vsock(port: u32) -> Result<Listener, EndpointError> {
    match VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, port)) {
        Ok(listener) => Ok(Listener { endpoint: Endpoint::Vsock(port), inner: Inner::Vsock(listener) }),
        Err(source) if source.raw_os_error().is_some_and(|code| NO_VSOCK.contains(&code)) => {
            Err(EndpointError::NoVsock { port, source })
        }
        Err(source) => Err(EndpointError::Bind { endpoint: Endpoint::Vsock(port), source }),
    }
}
