//! Why a lifeline gives up.

use std::io;

/// Why a lifeline gives up. What it held is closed, but not shut: its parent goes on.
#[derive(Debug, thiserror::Error)]
pub enum LifelineError {
    /// The system does not say when there is something to read.
    #[error("cannot wait for the parent")]
    Wait(#[source] io::Error),
    /// What should be a socket cannot be read.
    #[error("cannot read what the parent says")]
    Read(#[source] io::Error),
    /// The other side is no capture of this version.
    #[error("the parent says something that means nothing")]
    Nonsense,
    /// More sockets than any machine has outputs.
    #[error("{0} sockets are held, which is as many as there may be")]
    Full(usize),
}
