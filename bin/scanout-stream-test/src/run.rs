//! The whole program, but for the command line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::ScanoutId;
use lunette_wire::Token;
use tokio::time::sleep;

use crate::report::Source;
use crate::verify::{VerifyReport, Worker, WorkerError};
use crate::{Address, ConnectError, Ended, Frame, Limits, Monotonic, Observation, Report, StreamError, Subscriber};
use lunette_cause::chain;

/// What to observe.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub address: Address,
    /// The scanout.
    pub scanout: ScanoutId,
    /// What to show to a server in strict mode.
    pub token: Option<Token>,
    /// How long to wait for the subscription.
    pub limits: Limits,
    /// When to stop.
    pub until: Until,
    /// Where to write the access units, one after another: a playable `.h264` file.
    pub save: Option<PathBuf>,
    /// Whether to look at the pictures.
    pub verification: Verification,
}

/// When to stop: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// After this time from the server's consent.
    pub time: Duration,
    /// After this many pictures.
    pub frames: Option<u64>,
}

/// Whether to look at the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Decode each, and check its marker.
    Markers,
    /// Only count.
    Off,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// No subscription.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The stream could not be saved.
    #[error("cannot write {}", path.display())]
    Save {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The pictures cannot be looked at.
    #[error("cannot verify pictures")]
    Verify(#[from] WorkerError),
}

/// Subscribes, counts until `plan` or `stop` says enough, and reports.
///
/// A stream that breaks is part of the report. Needs a tokio runtime with time and IO.
///
/// # Errors
/// When there is no subscription, or the plan's file or the decoder is not to be had.
pub async fn observe(plan: &Plan, stop: impl Future<Output = ()>) -> Result<Report, ObserveError> {
    let mut stop = pin!(stop);
    let mut sinks = Sinks::open(plan)?;
    let mut subscriber = tokio::select! {
        biased;
        () = &mut stop => return Err(ConnectError::Interrupted { scanout: plan.scanout }.into()),
        connected = Subscriber::connect_showing(plan.token, &plan.address, plan.scanout, plan.limits) => connected?,
    };
    let mut observation = Observation::new(subscriber.connecting_since(), subscriber.subscribed_at());
    let ended = collect(&mut subscriber, plan.until, stop, &mut observation, &mut sinks).await?;
    let end = Monotonic::now();
    let source = Source {
        server: plan.address.to_string(),
        scanout: plan.scanout.get(),
        skipped_messages: subscriber.skipped(),
    };
    drop(subscriber);
    let verified = sinks.close().await?;
    Ok(observation.report(source, end, ended, verified))
}

async fn collect(
    subscriber: &mut Subscriber,
    until: Until,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    observation: &mut Observation,
    sinks: &mut Sinks,
) -> Result<Ended, ObserveError> {
    let mut over = pin!(sleep(until.time));
    loop {
        // In this order, since a server that always has a picture ready must not keep us from ending.
        let next = tokio::select! {
            biased;
            () = &mut stop => return Ok(Ended::Interrupted),
            () = &mut over => return Ok(Ended::Time),
            next = subscriber.next() => next,
        };
        let frame = match frame_or_end(next) {
            ControlFlow::Continue(frame) => frame,
            ControlFlow::Break(ended) => return Ok(ended),
        };
        sinks.take(observation.add(&frame)).await?;
        if until.frames.is_some_and(|most| observation.frames() >= most) {
            return Ok(Ended::Frames);
        }
    }
}

fn frame_or_end(next: Result<Option<Frame>, StreamError>) -> ControlFlow<Ended, Frame> {
    match next {
        Ok(Some(frame)) => ControlFlow::Continue(frame),
        Ok(None) => ControlFlow::Break(Ended::Closed),
        Err(error) => ControlFlow::Break(Ended::Failed(chain(&error))),
    }
}

/// Who else wants the access units.
struct Sinks {
    worker: Option<Worker>,
    file: Option<SavedStream>,
}

impl Sinks {
    fn open(plan: &Plan) -> Result<Self, ObserveError> {
        let worker = match plan.verification {
            Verification::Markers => Some(Worker::start(plan.scanout)?),
            Verification::Off => None,
        };
        let file = plan.save.as_deref().map(SavedStream::create).transpose()?;
        Ok(Self { worker, file })
    }

    async fn take(&mut self, unit: Bytes) -> Result<(), ObserveError> {
        if let Some(file) = &mut self.file {
            file.write(&unit)?;
        }
        if let Some(worker) = &mut self.worker {
            worker.feed(unit).await;
        }
        Ok(())
    }

    async fn close(self) -> Result<Option<VerifyReport>, ObserveError> {
        if let Some(file) = self.file {
            file.close()?;
        }
        Ok(match self.worker {
            Some(worker) => Some(worker.finish().await),
            None => None,
        })
    }
}

struct SavedStream {
    path: PathBuf,
    out: BufWriter<File>,
}

impl SavedStream {
    fn create(path: &Path) -> Result<Self, ObserveError> {
        let file = File::create(path).map_err(|source| ObserveError::Save { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), out: BufWriter::with_capacity(1 << 20, file) })
    }

    fn write(&mut self, unit: &[u8]) -> Result<(), ObserveError> {
        self.out.write_all(unit).map_err(|source| ObserveError::Save { path: self.path.clone(), source })
    }

    fn close(mut self) -> Result<(), ObserveError> {
        self.out.flush().map_err(|source| ObserveError::Save { path: self.path, source })
    }
}
