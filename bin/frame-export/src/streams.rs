//! Every stream that somebody watches, one per scanout.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use lunette_capture::{ControlError, ScanoutControl};
use lunette_frame::{Pts, ScanoutId};
use lunette_net::StreamEnd;
use lunette_session::{Entry, Limits};
use lunette_wire::hxfr::ErrorCode;

use crate::config::EncoderSettings;
use crate::metrics::{Exposition, ScanoutMetrics};
use crate::pipeline::Pipeline;
use crate::stream::{Stream, Subscription, Wishes};

/// Why nobody can subscribe to a scanout.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The source has no pictures of it.
    #[error("cannot open scanout {id}")]
    Source {
        /// The scanout.
        id: ScanoutId,
        /// Why.
        source: ControlError,
    },
    /// The system has no thread for it.
    #[error("cannot start a thread for scanout {id}")]
    Thread {
        /// The scanout.
        id: ScanoutId,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server is about to end.
    #[error("the server is stopping")]
    Stopping,
}

/// Streams by scanout. A pipeline thread exists exactly as long as its stream is in here.
pub struct Streams {
    control: Arc<dyn ScanoutControl>,
    settings: EncoderSettings,
    limits: Limits,
    // A Mutex, since "nobody watches any more" and "somebody joins" must not both be true: a pipeline leaves the map
    // under it, and a subscriber joins under it.
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    running: BTreeMap<ScanoutId, Running>,
    metrics: BTreeMap<ScanoutId, Arc<ScanoutMetrics>>,
    stopping: bool,
}

struct Running {
    stream: Arc<Stream>,
    thread: JoinHandle<()>,
}

impl Streams {
    /// No streams yet. What nobody limits is limited by the settings, whatever `limits` say.
    #[must_use]
    pub fn new(control: Arc<dyn ScanoutControl>, settings: EncoderSettings, mut limits: Limits) -> Self {
        limits.open_rate = settings.max_bitrate;
        Self { control, settings, limits, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to a scanout, starting its pipeline if nobody else watches it.
    ///
    /// # Errors
    /// When the scanout cannot be opened.
    pub fn subscribe(self: &Arc<Self>, id: ScanoutId, entry: Entry) -> Result<(Subscription, Wishes), SubscribeError> {
        let mut inner = self.inner();
        if inner.stopping {
            return Err(SubscribeError::Stopping);
        }
        if let Some(running) = inner.running.get(&id).filter(|running| !running.stream.has_ended()) {
            return Ok(running.stream.join(entry));
        }
        let doorbell = Arc::default();
        let source = self.control.open(id, &doorbell);
        let source = source.map_err(|source| SubscribeError::Source { id, source })?;
        // Only now: whoever asks for scanouts that do not exist leaves nothing behind.
        let metrics = Arc::clone(inner.metrics.entry(id).or_default());
        let stream = Arc::new(Stream::new(id, self.limits.clone(), doorbell, metrics));
        let joined = stream.join(entry);
        let pipeline = Pipeline::new(Arc::clone(&stream), source, self.settings.clone());
        let retiring = Retiring { streams: Arc::clone(self), stream: Arc::clone(&stream) };
        let thread = std::thread::Builder::new()
            .name(format!("scanout-{id}"))
            .spawn(move || pipeline.run(|| retiring.retire()))
            .map_err(|source| SubscribeError::Thread { id, source })?;
        inner.running.insert(id, Running { stream, thread });
        Ok(joined)
    }

    /// The stream of a scanout, if somebody watches it.
    #[must_use]
    pub fn find(&self, id: ScanoutId) -> Option<Arc<Stream>> {
        self.inner().running.get(&id).map(|running| Arc::clone(&running.stream))
    }

    /// Ends every stream and waits for their threads.
    pub fn stop(&self) {
        let threads: Vec<_> = {
            let mut inner = self.inner();
            inner.stopping = true;
            std::mem::take(&mut inner.running).into_values().collect()
        };
        for running in &threads {
            let reason = "the server is stopping".to_owned();
            running.stream.end(StreamEnd { code: ErrorCode::Internal, reason });
            running.stream.doorbell().ring();
        }
        for running in threads {
            if running.thread.join().is_err() {
                tracing::error!(scanout = %running.stream.id(), "the pipeline thread had panicked");
            }
        }
    }

    /// Writes the metrics of every scanout that was ever watched, and of its subscribers.
    pub fn expose(&self, now: Pts, text: &mut Exposition) {
        let (metrics, streams) = {
            let inner = self.inner();
            let streams: Vec<_> = inner.running.values().map(|running| Arc::clone(&running.stream)).collect();
            (inner.metrics.clone(), streams)
        };
        ScanoutMetrics::expose(&metrics, now, text);
        text.family("frame_export_pipelines", "gauge", "Scanouts that are being captured.");
        text.sample("frame_export_pipelines", &[], streams.len());
        expose_clients(&streams, text);
    }
}

/// A pipeline's way out: leaves the map exactly when the stream is over, also by a panic.
struct Retiring {
    streams: Arc<Streams>,
    stream: Arc<Stream>,
}

impl Retiring {
    /// Takes the stream out, unless somebody subscribed in the meantime to one that goes on; `true` when it is out.
    fn retire(&self) -> bool {
        let mut inner = self.streams.inner();
        let stream = &self.stream;
        if stream.is_wanted() && !stream.has_ended() && !inner.stopping {
            return false;
        }
        if inner.running.get(&stream.id()).is_some_and(|running| Arc::ptr_eq(&running.stream, stream)) {
            inner.running.remove(&stream.id());
        }
        true
    }
}

impl Drop for Retiring {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = "a fault of this server: the log has more".to_owned();
            self.stream.end(StreamEnd { code: ErrorCode::Internal, reason });
            self.retire();
        }
    }
}

fn expose_clients(streams: &[Arc<Stream>], text: &mut Exposition) {
    let clients: Vec<_> = streams
        .iter()
        .flat_map(|stream| stream.subscribers().into_iter().map(|(client, counters)| (stream.id(), client, counters)))
        .collect();
    type Pick = fn(&lunette_session::Counters) -> u64;
    let families: [(&str, &str, &str, Pick); 4] = [
        ("client_queue_units", "gauge", "Access units that wait for a client.", |c| c.queued as u64),
        ("client_delivered_total", "counter", "Access units that a client was given.", |c| c.delivered),
        ("client_dropped_total", "counter", "Access units that a client missed.", |c| c.drops.total()),
        ("client_stalls_total", "counter", "Times that a client fell behind.", |c| c.stalls),
    ];
    for (name, kind, help, pick) in families {
        let name = format!("frame_export_{name}");
        text.family(&name, kind, help);
        for (scanout, client, counters) in &clients {
            text.sample(&name, &[("scanout", scanout), ("client", &client.get())], pick(counters));
        }
    }
}
