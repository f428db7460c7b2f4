//! A verifier on a thread of its own.

use std::io;
use std::thread::JoinHandle;

use bytes::Bytes;
use lunette_frame::ScanoutId;
use lunette_sys_openh264::Error as DecoderError;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::{Verifier, VerifyReport};

/// Decodes on a thread named `verify`, so that decoding does not delay the clock readings of arrival.
///
/// The queue holds [`Worker::QUEUE`] access units and drops none, since each is needed to decode the next. When it is
/// full the receiver waits, which is counted: the server's pictures then wait in the socket and seem late.
#[derive(Debug)]
pub struct Worker {
    queue: mpsc::Sender<Bytes>,
    thread: JoinHandle<VerifyReport>,
    full: u64,
}

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// No decoder.
    #[error("cannot make a decoder")]
    Decoder(#[from] DecoderError),
    /// No thread.
    #[error("cannot start the verifying thread")]
    Thread(#[from] io::Error),
}

impl Worker {
    /// Access units that wait at most.
    pub const QUEUE: usize = 64;

    /// Starts the thread.
    ///
    /// # Errors
    /// When the decoder or the thread cannot be made.
    pub fn start(scanout: ScanoutId) -> Result<Self, WorkerError> {
        let mut verifier = Verifier::new(scanout)?;
        let (queue, mut units) = mpsc::channel::<Bytes>(Self::QUEUE);
        let thread = std::thread::Builder::new().name("verify".to_owned()).spawn(move || {
            while let Some(unit) = units.blocking_recv() {
                verifier.feed(&unit);
            }
            verifier.report()
        })?;
        Ok(Self { queue, thread, full: 0 })
    }

    /// Hands over the next access unit; waits while the queue is full.
    pub async fn feed(&mut self, unit: Bytes) {
        if let Err(TrySendError::Full(unit)) = self.queue.try_send(unit) {
            self.full += 1;
            // The thread lives until the queue is dropped; had it panicked, `finish` would say so.
            _ = self.queue.send(unit).await;
        }
    }

    /// Waits until everything in the queue is decoded.
    ///
    /// # Panics
    /// When the verifying thread panicked.
    pub async fn finish(self) -> VerifyReport {
        drop(self.queue);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        match joined.expect("joining a thread neither panics nor is cancelled") {
            Ok(report) => VerifyReport { queue_full: self.full, ..report },
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
