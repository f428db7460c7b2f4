//! What a runner serves: on its own machine, or in its own process.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;

use crate::error::RelayError;

/// For a local connection to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// Connections that wait to be taken by this process.
const MAX_HANDED: usize = 64;
/// Bytes that are on their way within this process, each way.
const BUFFER: usize = 64 << 10;

/// Where dialled connections lead to.
#[derive(Debug, Clone)]
pub enum Target {
    /// A host and a port.
    Tcp(String),
    /// A socket's path.
    Unix(PathBuf),
    /// This process, which takes them from [`Target::handed`].
    Handed(mpsc::Sender<DuplexStream>),
}

/// Anything that can be read and written.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Target {
    /// This process itself, and where it takes its ends of connections from.
    #[must_use]
    pub fn handed() -> (Self, mpsc::Receiver<DuplexStream>) {
        let (sender, receiver) = mpsc::channel(MAX_HANDED);
        (Self::Handed(sender), receiver)
    }

    pub(crate) async fn connect(&self) -> Result<Box<dyn Io>, RelayError> {
        let failed = |source| RelayError::Connect { to: self.to_string(), source };
        let connecting = async {
            let io: Box<dyn Io> = match self {
                Self::Tcp(address) => {
                    let stream = TcpStream::connect(address).await.map_err(failed)?;
                    stream.set_nodelay(true).map_err(failed)?;
                    Box::new(stream)
                }
                Self::Unix(path) => Box::new(UnixStream::connect(path).await.map_err(failed)?),
                Self::Handed(taker) => {
                    let (ours, theirs) = tokio::io::duplex(BUFFER);
                    taker.send(theirs).await.map_err(|_| RelayError::Ended)?;
                    Box::new(ours)
                }
            };
            Ok(io)
        };
        let connected = tokio::time::timeout(CONNECT, connecting).await;
        connected.map_err(|_| RelayError::TimedOut(CONNECT.as_secs()))?
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Handed(_) => f.write_str("this process"),
        }
    }
}

impl FromStr for Target {
    type Err = RelayError;

    fn from_str(text: &str) -> Result<Self, RelayError> {
        let wrong = || RelayError::Target(text.to_owned());
        if let Some(path) = text.strip_prefix("unix://") {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(wrong()) };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let valid = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
        if valid { Ok(Self::Tcp(text.to_owned())) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_target_is_a_port_or_a_socket() {
        for good in ["localhost:9876", "[::1]:80", "unix:///var/run/hydra/hydra.sock"] {
            assert_eq!(good.parse::<Target>().unwrap().to_string(), good);
        }
        for bad in ["", "localhost", ":80", "a:0", "a:99999", "unix://relative"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
