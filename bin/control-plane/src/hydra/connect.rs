//! A connection to a host: directly, or by whatever else carries bytes.

use std::future::Future;
use std::io;
use std::pin::Pin;

use lunette_net::client::Address;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection that is being made.
pub(crate) type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections to one host.
pub(crate) trait Connect: Send + Sync {
    /// Makes one. The host's name is looked up each time: it may have moved.
    fn connect(&self) -> Connecting<'_>;
}

/// Over TCP or a Unix socket.
pub(crate) struct Direct(pub(crate) Address);

impl Connect for Direct {
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async move {
            Ok(match &self.0 {
                Address::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    // A key is a small packet, and waits for nothing.
                    stream.set_nodelay(true)?;
                    Box::new(stream) as Box<dyn Stream>
                }
                Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
            })
        })
    }
}
