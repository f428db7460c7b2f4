//! A lease that was granted.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use lunette_frame::ScanoutId;
use lunette_sys_kms::Card;
use lunette_wire::Token;

use crate::wait::readable;

/// A lease; given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    /// What was leased.
    pub card: Card,
    /// Which output it is for the host.
    pub scanout: ScanoutId,
    /// The name of its connector.
    pub connector: String,
    /// What lets its bearer watch the output; servers that know no options give none.
    pub token: Option<Token>,
    /// What the lease lives as long as.
    pub connection: Connection,
}

/// The connection that took a lease. It can be read from when the manager has ended the lease, and never before; nothing
/// may be written to it.
#[derive(Debug)]
pub struct Connection(OwnedFd);

impl Connection {
    pub(crate) const fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Whether the lease has ended.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn has_ended(&self) -> io::Result<bool> {
        let [ended] = readable([self.as_fd()], Instant::now())?;
        Ok(ended)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
