//! How a server is reached.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::Address;

/// A connected socket, or whatever else carries bytes.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that is being made.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections to a server that no address leads to.
pub trait Carrier: Send + Sync {
    /// Makes one.
    fn connect(&self) -> Carrying<'_>;
}

/// How a server is reached.
#[derive(Clone)]
pub enum Route {
    /// By its address.
    Address(Address),
    /// By somebody else.
    Carried(Arc<dyn Carrier>),
}

impl From<Address> for Route {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Carried(_) => f.write_str("a server that is reached through its own connection"),
        }
    }
}
