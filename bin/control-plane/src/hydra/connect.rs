//! A connection to a host that an address leads to.

use lunette_net::client::{Address, Carrier, Carrying, Stream};
use tokio::net::{TcpStream, UnixStream};

/// Over TCP or a Unix socket. The host's name is looked up each time: it may have moved.
pub(crate) struct Direct(pub(crate) Address);

impl Carrier for Direct {
    fn connect(&self) -> Carrying<'_> {
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
