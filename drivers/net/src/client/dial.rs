//! Reaching the server.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;

use super::{Address, ConnectError, Route, Stream};

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the connection, name resolution included.
    pub connect: Duration,
    /// For SUBSCRIBE_RESP once connected.
    pub answer: Duration,
}

impl Default for Limits {
    /// 5 s each.
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(5) }
    }
}

pub(super) async fn dial(route: &Route, limit: Duration) -> Result<Box<dyn Stream>, ConnectError> {
    let connecting = async {
        match route {
            Route::Address(address) => connect(address).await,
            Route::Carried(carrier) => carrier.connect().await.map_err(ConnectError::Carried),
        }
    };
    let connected = timeout(limit, connecting).await;
    connected.unwrap_or_else(|_| Err(ConnectError::Slow { route: route.clone(), limit }))
}

async fn connect(address: &Address) -> Result<Box<dyn Stream>, ConnectError> {
    let failed = |source| ConnectError::Connect { address: address.clone(), source };
    match address {
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(failed)?)),
        Address::Tcp { host, port } => {
            let found = lookup_host((host.as_str(), *port)).await;
            let addresses: Vec<_> = found.map_err(|source| resolve(host, source))?.collect();
            let stream = TcpStream::connect(&addresses[..]).await.map_err(failed)?;
            // We send little, and never want to wait to send it.
            stream.set_nodelay(true).map_err(failed)?;
            Ok(Box::new(stream))
        }
    }
}

fn resolve(host: &str, source: io::Error) -> ConnectError {
    ConnectError::Resolve { host: host.to_owned(), source }
}
