//! Why there is no subscription, and why one ended.

use std::io;
use std::time::Duration;

use lunette_frame::ScanoutId;
use lunette_wire::hxfr::{ErrorReply, FrameError, MessageKind};

use super::{Address, Route};

/// Why there is no subscription. [`ConnectError::hint`] says what to try.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host's name leads nowhere.
    #[error("cannot find the host `{host}`")]
    Resolve {
        /// The name.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// No connection.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where to.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
    /// No connection by who should make it.
    #[error("cannot reach the server through the connection that it keeps")]
    Carried(#[source] io::Error),
    /// No connection in time.
    #[error("cannot connect to {route}: no answer within {limit:?}")]
    Slow {
        /// Where to.
        route: Route,
        /// How long was waited.
        limit: Duration,
    },
    /// Connected, but SUBSCRIBE was not answered in time.
    #[error("the server did not answer SUBSCRIBE {scanout} within {limit:?}")]
    NoAnswer {
        /// The scanout asked for.
        scanout: ScanoutId,
        /// How long was waited.
        limit: Duration,
    },
    /// The server said no.
    #[error("scanout {scanout} is not enabled or does not exist on that server")]
    Refused {
        /// The scanout asked for.
        scanout: ScanoutId,
    },
    /// The server answered for a scanout that nobody asked for.
    #[error("the server answered SUBSCRIBE {scanout} for scanout {other}")]
    Mistaken {
        /// The scanout asked for.
        scanout: ScanoutId,
        /// The scanout in the answer.
        other: ScanoutId,
    },
    /// Another message came before the answer.
    #[error("the server sent {kind} before it answered SUBSCRIBE {scanout}")]
    Unexpected {
        /// The scanout asked for.
        scanout: ScanoutId,
        /// What came.
        kind: MessageKind,
    },
    /// The server closed the connection without an answer.
    #[error("the server closed the connection without an answer to SUBSCRIBE {scanout}")]
    Closed {
        /// The scanout asked for.
        scanout: ScanoutId,
    },
    /// The connection broke before the answer.
    #[error("no answer to SUBSCRIBE {scanout}")]
    Broken {
        /// The scanout asked for.
        scanout: ScanoutId,
        /// How it broke.
        source: StreamError,
    },
    /// Told to stop before there was an answer.
    #[error("interrupted before the subscription to scanout {scanout}")]
    Interrupted {
        /// The scanout asked for.
        scanout: ScanoutId,
    },
}

impl ConnectError {
    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Resolve { .. } => Some("is the name spelt right? an IP address needs no name service"),
            Self::Connect { source, .. } => socket_hint(source.kind()),
            Self::Carried(_) => {
                Some("is the frame-export there connected to this control plane (frame-export --dial)?")
            }
            Self::Slow { .. } => Some("is the host up, and does a firewall swallow the port?"),
            Self::Refused { .. } => Some(
                "is it enabled, and does the server want a token (--token-file)? scanouts count from 0, and \
                     frame-export's log says why it refused",
            ),
            Self::NoAnswer { .. } | Self::Closed { .. } | Self::Unexpected { .. } | Self::Mistaken { .. } => {
                Some("does frame-export listen on that port, or some other program?")
            }
            Self::Broken { source: StreamError::Framing(_), .. } => {
                Some("that is another protocol: is the port right? frame-export listens on 15937 by default")
            }
            Self::Broken { .. } => Some("the server's log may say why"),
            Self::Interrupted { .. } => None,
        }
    }
}

fn socket_hint(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::ConnectionRefused => Some("is frame-export running, and does it listen on that address?"),
        io::ErrorKind::NotFound => Some("there is no such socket: is frame-export running with that Unix socket?"),
        io::ErrorKind::PermissionDenied => Some("may this user open the socket?"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some("is the host in this network?"),
        _ => None,
    }
}

/// Why a subscription ended.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The server said so.
    #[error("the server sent ERROR {}: {}", .0.code, .0.message)]
    Server(ErrorReply),
    /// What came is not HXFR.
    #[error("what the server sends is not HXFR")]
    Framing(#[from] FrameError),
    /// The connection ended in the middle of a message.
    #[error("the connection ended in the middle of a message")]
    CutShort,
    /// The connection broke.
    #[error("the connection broke")]
    Socket(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_names_every_cause_once() {
        let error = ConnectError::Broken {
            scanout: ScanoutId::new(5),
            source: StreamError::Framing(FrameError::Trailing { count: 1, left: 2 }),
        };
        let expected = "no answer to SUBSCRIBE 5: what the server sends is not HXFR: \
                        2 bytes follow the last of 1 blobs in a FRAME_RESPONSE";
        assert_eq!(lunette_cause::chain(&error), expected);
    }

    fn refused(kind: io::ErrorKind) -> ConnectError {
        let address = "127.0.0.1:9".parse().expect("an address");
        ConnectError::Connect { address, source: kind.into() }
    }

    #[test]
    fn a_refused_connection_asks_for_the_server() {
        let error = refused(io::ErrorKind::ConnectionRefused);
        assert_eq!(error.to_string(), "cannot connect to 127.0.0.1:9");
        assert!(error.hint().is_some_and(|hint| hint.contains("is frame-export running")));
        assert_eq!(refused(io::ErrorKind::Other).hint(), None);
    }

    #[test]
    fn a_refused_subscription_names_the_scanout() {
        let error = ConnectError::Refused { scanout: ScanoutId::new(5) };
        assert_eq!(error.to_string(), "scanout 5 is not enabled or does not exist on that server");
    }
}
