//! Memory for large messages: peers share a fixed number of them.
//!
//! A message may be 64 MiB long, and thousands may connect. Above [`SMALL`] bytes a connection reads on only with a
//! place of its own, and keeps it until the message has been dealt with.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of an unfinished message that every connection may hold.
pub(crate) const SMALL: usize = 256 << 10;

/// A place for one large message, or none where a message needs none; dropping it frees the place.
#[derive(Debug, Default)]
pub struct Room(#[expect(dead_code, reason = "holds the place")] Option<OwnedSemaphorePermit>);

/// The places of one server.
#[derive(Debug, Clone)]
pub(crate) struct Rooms(Arc<Semaphore>);

impl Rooms {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    /// Waits for a place.
    pub(crate) async fn take(&self) -> Room {
        // The semaphore is never closed; without it there would be no limit, which is no reason to stop serving.
        Room(Arc::clone(&self.0).acquire_owned().await.ok())
    }
}
