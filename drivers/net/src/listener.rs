//! Accepts connections of one endpoint.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener};

use crate::endpoint::{Endpoint, EndpointError, clear_stale_socket};

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
    Unix(UnixListener, #[expect(dead_code, reason = "removes the socket when dropped")] OwnSocket),
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
            Endpoint::Unix(path) => bind_unix(path),
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
            Inner::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
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

/// A dead peer is noticed within half a minute although it may say nothing for hours, and what waits in the kernel
/// for a slow one stays small, so that it is our queue that decides what it misses.
fn tune_tcp(stream: &TcpStream) -> io::Result<()> {
    const SEND_BUFFER: usize = 256 << 10;
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5)).with_retries(3);
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_send_buffer_size(SEND_BUFFER)
}

fn bind_unix(path: &Path) -> Result<Listener, EndpointError> {
    let endpoint = Endpoint::Unix(path.to_owned());
    clear_stale_socket(path)?;
    let bound = || {
        let listener = UnixListener::bind(path)?;
        let own = OwnSocket::of(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o660))?;
        Ok((listener, own))
    };
    let (listener, own) = bound().map_err(EndpointError::bind(&endpoint))?;
    Ok(Listener { endpoint, inner: Inner::Unix(listener, own) })
}

fn bind_vsock(port: u32) -> Result<Listener, EndpointError> {
    match VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, port)) {
        Ok(listener) => Ok(Listener { endpoint: Endpoint::Vsock(port), inner: Inner::Vsock(listener) }),
        Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
            Err(EndpointError::Bind { endpoint: Endpoint::Vsock(port), source })
        }
        Err(source) => Err(EndpointError::NoVsock { port, source }),
    }
}

/// The socket file that we made; removed when dropped, unless it was replaced by somebody else's.
#[derive(Debug)]
struct OwnSocket {
    path: PathBuf,
    inode: u64,
}

impl OwnSocket {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), inode: std::fs::symlink_metadata(path)?.ino() })
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        let ours = std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if let Err(error) = if ours { std::fs::remove_file(&self.path) } else { Ok(()) } {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}
