//! The encoder behind one connection's FRAME_REQUESTs: a thread that answers each exactly once, in order.

mod base;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lunette_capture::now;
use lunette_encode::{Change, EncodeError, Encoder, Job, Keyframe};
use lunette_frame::{Damage, Picture, PictureError, PtsStamper};
use lunette_net::{EncodeJob, Refused, Replies};
use lunette_wire::hxfr::{
    ConfigRequest, ErrorCode, ErrorReply, FrameRequest, FrameResponse, Message, Nals, PixelsError,
};
use tokio::sync::mpsc;

use self::base::Base;
use crate::config::EncoderSettings;
use crate::encoders::fits;
use crate::metrics::ServerMetrics;
use crate::stages::kept;
use lunette_cause::chain;

/// Pictures that wait for the encoder: one, while another is being encoded.
const QUEUE: usize = 1;

/// Counts the threads, so that peers cannot start them without bound.
#[derive(Debug)]
pub(crate) struct RequestEncoders {
    settings: EncoderSettings,
    metrics: Arc<ServerMetrics>,
    limit: usize,
    running: Arc<AtomicUsize>,
}

impl RequestEncoders {
    pub(crate) fn new(settings: EncoderSettings, metrics: Arc<ServerMetrics>, limit: usize) -> Self {
        Self { settings, metrics, limit, running: Arc::default() }
    }

    /// Starts a thread for one connection.
    pub(crate) fn start(&self, replies: Replies) -> Result<mpsc::Sender<EncodeJob>, Refused> {
        let refused = |reason| Refused { code: ErrorCode::Internal, reason };
        let place = Place::take(&self.running, self.limit)
            .ok_or_else(|| refused(format!("all {} encoders for requests are in use", self.limit)))?;
        let (sender, jobs) = mpsc::channel(QUEUE);
        let worker = Worker {
            settings: self.settings.clone(),
            metrics: Arc::clone(&self.metrics),
            replies,
            picture: None,
            base: Base::default(),
            encoder: None,
            stamper: PtsStamper::default(),
            keyframe: Keyframe::Auto,
            _place: place,
        };
        std::thread::Builder::new()
            .name("requests".to_owned())
            .spawn(move || worker.run(jobs))
            .map_err(|error| refused(format!("cannot start a thread: {error}")))?;
        Ok(sender)
    }
}

/// One of the threads that may exist.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(running: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let taken = running.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < limit).then_some(n + 1));
        taken.ok().map(|_| Self(Arc::clone(running)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Worker {
    settings: EncoderSettings,
    metrics: Arc<ServerMetrics>,
    replies: Replies,
    picture: Option<Picture>,
    base: Base,
    encoder: Option<Box<dyn Encoder>>,
    stamper: PtsStamper,
    keyframe: Keyframe,
    _place: Place,
}

/// Why a request is answered with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("no picture: send pixels, this server cannot reach resources of a guest's graphics device")]
    NoPixels,
    #[error("the pixels do not make a picture")]
    Pixels(#[source] PixelsError),
    #[error("tiles of a picture that this server does not keep: send a whole one")]
    NoBase,
    #[error("the picture cannot be kept")]
    Picture(#[from] PictureError),
    #[error("the picture cannot be converted")]
    Color(#[from] lunette_color::ColorError),
    #[error("the picture cannot be encoded")]
    Encode(#[from] EncodeError),
    #[error("the encoder made nothing of the picture")]
    Nothing,
    #[error("a fault of this server: the log has more")]
    Panic,
}

impl RequestError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoPixels => ErrorCode::NotFound,
            Self::Pixels(_) | Self::Picture(_) | Self::NoBase => ErrorCode::InvalidMessage,
            Self::Color(_) | Self::Encode(_) | Self::Nothing => ErrorCode::EncodeFailed,
            Self::Panic => ErrorCode::Internal,
        }
    }
}

impl Worker {
    fn run(mut self, mut jobs: mpsc::Receiver<EncodeJob>) {
        while let Some(job) = jobs.blocking_recv() {
            let connected = match job {
                EncodeJob::Configure(config) => {
                    self.configure(&config);
                    true
                }
                EncodeJob::ForceKeyframe => {
                    self.keyframe = Keyframe::Force;
                    true
                }
                EncodeJob::Reply(session, message) => self.replies.send(session, message),
                EncodeJob::Picture(session, request, room) => {
                    let reply = self.answer(&request);
                    // The peer may take its time with the reply; the pixels need not wait for that.
                    drop((request, room));
                    self.replies.send(session, reply)
                }
            };
            if !connected {
                return;
            }
        }
    }

    /// The one reply to a request.
    fn answer(&mut self, request: &FrameRequest) -> Message {
        self.metrics.requests.fetch_add(1, Ordering::Relaxed);
        // A request is answered whatever happens; after a panic nothing of the encoder is used again.
        let result = catch_unwind(AssertUnwindSafe(|| self.encode(request))).unwrap_or_else(|_| {
            self.encoder = None;
            self.picture = None;
            Err(RequestError::Panic)
        });
        result.map_or_else(
            |error| {
                self.base.forget();
                self.refuse(&error)
            },
            Message::FrameResponse,
        )
    }

    fn refuse(&self, error: &RequestError) -> Message {
        self.metrics.failed_requests.fetch_add(1, Ordering::Relaxed);
        let text = chain(error);
        tracing::debug!(text, "a request failed");
        Message::Error(ErrorReply::new(error.code(), text))
    }

    fn encode(&mut self, request: &FrameRequest) -> Result<FrameResponse, RequestError> {
        let damage = self.take(request)?;
        let Some(picture) = &self.picture else { return Err(RequestError::NoPixels) };
        let size = picture.size();
        if self.encoder.as_mut().is_some_and(|open| !fits(&mut **open, size)) {
            self.encoder = None;
        }
        let encoder = match &mut self.encoder {
            Some(open) => open,
            none => none.insert(self.settings.open(size)?),
        };
        let keyframe = if request.force_keyframe { Keyframe::Force } else { self.keyframe };
        let job = Job { picture: picture.as_ref(), damage: &damage, pts: self.stamper.stamp(now()), keyframe };
        let unit = encoder.encode(&job)?.ok_or(RequestError::Nothing)?;
        self.keyframe = Keyframe::Auto;
        let kept = self.base.is_kept();
        let coarse = kept && encoder.owes_quality();
        let (pts, nals) = (request.pts, Nals::from(unit.data));
        Ok(FrameResponse { pts, dts: pts, kind: unit.kind, kept, coarse, nals })
    }

    /// Brings the picture that is encoded up to the request's; what differs.
    fn take(&mut self, request: &FrameRequest) -> Result<Damage, RequestError> {
        if request.changes.is_some() {
            let (base, damage) = self.base.change(request)?;
            lunette_color::convert(&base, &damage, kept(&mut self.picture, base.size())?)?;
            return Ok(damage);
        }
        let source = match request.picture() {
            Err(PixelsError::None) => return Err(RequestError::NoPixels),
            other => other.map_err(RequestError::Pixels)?,
        };
        let damage = Damage::full(source.size());
        lunette_color::convert(&source, &damage, kept(&mut self.picture, source.size())?)?;
        self.base.keep(request.offers_tiles.then_some(&source))?;
        Ok(damage)
    }

    /// The size is that of each picture, whatever the configuration says.
    fn configure(&mut self, config: &ConfigRequest) {
        let change = Change { max_bitrate: config.bit_rate, fps: config.frame_rate, ..Change::default() };
        self.settings.apply(&change);
        if self.encoder.as_mut().is_some_and(|encoder| encoder.reconfigure(&change).is_err()) {
            self.encoder = None;
        }
    }
}
