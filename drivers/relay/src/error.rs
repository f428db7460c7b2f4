//! What can go wrong on the runner's side.

use std::path::PathBuf;

/// Why something of a runner's connection failed.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Not an address of a server.
    #[error("{0:?} is no address of a server, such as https://example.org/prefix")]
    Url(String),
    /// A token that no header can have.
    #[error("the token has characters that no header can have")]
    Token,
    /// A token that others could read on its way.
    #[error(
        "the token would travel in clear to {0}: name it by https, or say --dial-in-clear where nobody else is on the way"
    )]
    InClear(String),
    /// A file that cannot be read.
    #[error("cannot read {path}")]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file with nothing in it, or with too much.
    #[error("{0} holds no token")]
    NoToken(PathBuf),
    /// The program does not take connections any more.
    #[error("it takes no connections any more")]
    Ended,
    /// Not a local target.
    #[error("{0:?} is no local target: HOST:PORT or unix:///PATH")]
    Target(String),
    /// Certificates that cannot be read.
    #[error("cannot read certificates from {path}")]
    Certificates {
        /// From where.
        path: PathBuf,
        /// Why.
        source: tokio_rustls::rustls::pki_types::pem::Error,
    },
    /// Nothing to verify a server by.
    #[error("there are no certificates of authorities in {0}")]
    NoAuthorities(PathBuf),
    /// A set-up of TLS that is refused.
    #[error("TLS cannot be set up")]
    Tls(#[source] tokio_rustls::rustls::Error),
    /// No connection.
    #[error("cannot connect to {to}")]
    Connect {
        /// Where to.
        to: String,
        /// Why.
        source: std::io::Error,
    },
    /// No WebSocket.
    #[error("the server does not take the WebSocket")]
    Upgrade(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// A connection that does not come about.
    #[error("no connection within {0} s")]
    TimedOut(u64),
}
