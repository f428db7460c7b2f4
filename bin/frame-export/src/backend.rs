//! What the sockets reach: streams, scanout control, encoders for requests.

use std::error::Error;
use std::sync::Arc;

use lunette_capture::{ControlError, Mode, ScanoutControl, connector_name};
use lunette_encode::Choice;
use lunette_frame::ScanoutId;
use lunette_net::{EncodeJob, Event, Refused, Replies};
use lunette_session::Limits;
use lunette_wire::hxfr::{EnableScanout, ErrorCode};
use tokio::sync::mpsc;

use crate::cause::chain;
use crate::config::EncoderSettings;
use crate::metrics::ServerMetrics;
use crate::requests::RequestEncoders;
use crate::stream::{Subscription, Wishes};
use crate::streams::Streams;

/// Encoders that connections may have for their own pictures, all together.
const REQUEST_ENCODERS: usize = 32;

/// The server's inside.
pub struct Backend {
    control: Arc<dyn ScanoutControl>,
    streams: Arc<Streams>,
    requests: RequestEncoders,
    encoder: Choice,
    metrics: Arc<ServerMetrics>,
}

impl Backend {
    /// Serves the scanouts of `control`, encoded by `settings`.
    #[must_use]
    pub fn new(control: Arc<dyn ScanoutControl>, settings: &EncoderSettings, limits: Limits) -> Self {
        let metrics = Arc::<ServerMetrics>::default();
        Self {
            streams: Arc::new(Streams::new(Arc::clone(&control), settings.clone(), limits)),
            control,
            encoder: settings.choice.clone(),
            requests: RequestEncoders::new(settings.clone(), Arc::clone(&metrics), REQUEST_ENCODERS),
            metrics,
        }
    }

    /// The streams that are watched.
    #[must_use]
    pub fn streams(&self) -> &Arc<Streams> {
        &self.streams
    }

    /// What happened on the sockets.
    #[must_use]
    pub fn metrics(&self) -> &ServerMetrics {
        &self.metrics
    }

    /// The display device.
    #[must_use]
    pub fn control(&self) -> &dyn ScanoutControl {
        &*self.control
    }
}

fn refused(code: ErrorCode, error: &dyn Error) -> Refused {
    Refused { code, reason: chain(error) }
}

fn not_switched(error: &ControlError) -> Refused {
    refused(ErrorCode::NotFound, error)
}

impl lunette_net::Backend for Backend {
    type Units = Subscription;
    type Handle = Wishes;

    fn subscribe(&self, scanout: ScanoutId) -> Result<(Subscription, Wishes), Refused> {
        self.streams.subscribe(scanout).map_err(|error| refused(ErrorCode::NotFound, &error))
    }

    fn enable(&self, enable: &EnableScanout) -> Result<String, Refused> {
        // A scanout that nobody could watch is refused now, not when somebody tries.
        lunette_encode::check_size(&self.encoder, enable.size)
            .map_err(|error| refused(ErrorCode::EncodeFailed, &error))?;
        let mode = Mode { size: enable.size, refresh_hz: enable.refresh_hz };
        let connector = self.control.enable(enable.scanout, mode).map_err(|error| not_switched(&error))?;
        tracing::info!(scanout = %enable.scanout, size = %enable.size, connector, "enabled");
        Ok(connector)
    }

    fn disable(&self, scanout: ScanoutId) -> Result<String, Refused> {
        self.control.disable(scanout).map_err(|error| not_switched(&error))?;
        tracing::info!(%scanout, "disabled");
        Ok(connector_name(scanout))
    }

    fn open_encoder(&self, replies: Replies) -> Result<mpsc::Sender<EncodeJob>, Refused> {
        self.requests.start(replies)
    }

    fn count(&self, event: Event) {
        self.metrics.count(event);
    }
}
