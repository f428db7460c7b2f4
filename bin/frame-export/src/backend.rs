//! What the sockets reach: streams, scanout control, encoders for requests.

use std::error::Error;
use std::sync::Arc;

use lunette_capture::qemu_dbus::QemuScreens;
use lunette_capture::{ControlError, Mode, ScanoutControl, connector_name, now};
use lunette_encode::Choice;
use lunette_frame::ScanoutId;
use lunette_net::{EncodeJob, Event, Refused, Replies};
use lunette_session::{Access, Entry, Limits, NotAllowed, Wish};
use lunette_wire::Token;
use lunette_wire::hxfr::{EnableScanout, ErrorCode, Grant, Standing};
use tokio::sync::{mpsc, watch};

use crate::access::{Admitted, Gate, Pass};
use crate::config::EncoderSettings;
use crate::metrics::ServerMetrics;
use crate::requests::RequestEncoders;
use crate::standing;
use crate::stream::{Subscription, Wishes};
use crate::streams::Streams;
use lunette_cause::chain;

/// Encoders that connections may have for their own pictures, all together.
const REQUEST_ENCODERS: usize = 32;

/// The server's inside.
pub struct Backend {
    control: Arc<dyn ScanoutControl>,
    gate: Arc<Gate>,
    machine: Option<Arc<QemuScreens>>,
    streams: Arc<Streams>,
    requests: RequestEncoders,
    encoder: Choice,
    metrics: Arc<ServerMetrics>,
}

impl Backend {
    /// Serves the scanouts of `control`, encoded by `settings`, to whoever connects.
    #[must_use]
    pub fn new(control: Arc<dyn ScanoutControl>, settings: &EncoderSettings, limits: Limits) -> Self {
        let metrics = Arc::<ServerMetrics>::default();
        Self {
            streams: Arc::new(Streams::new(Arc::clone(&control), settings.clone(), limits)),
            control,
            gate: Arc::new(Gate::new(Access::open())),
            machine: None,
            encoder: settings.choice.clone(),
            requests: RequestEncoders::new(settings.clone(), Arc::clone(&metrics), REQUEST_ENCODERS),
            metrics,
        }
    }

    /// The same, but only to whom `access` allows it.
    #[must_use]
    pub fn guarded_by(self, access: Access) -> Self {
        Self { gate: Arc::new(Gate::new(access)), ..self }
    }

    /// The same, where the scanouts are those of `machine`.
    #[must_use]
    pub fn of_machine(self, machine: Arc<QemuScreens>) -> Self {
        Self { machine: Some(machine), ..self }
    }

    /// The virtual machine whose scanouts these are, if they are one's.
    #[must_use]
    pub fn machine(&self) -> Option<&QemuScreens> {
        self.machine.as_deref()
    }

    /// The streams that are watched.
    #[must_use]
    pub fn streams(&self) -> &Arc<Streams> {
        &self.streams
    }

    /// Who may use what.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
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

    /// Subscribes whoever needs no token for it.
    pub(crate) fn watch(&self, scanout: ScanoutId) -> Result<(Admitted<Subscription>, Wishes), Refused> {
        self.join(scanout, Pass::UNLIMITED)
    }

    /// How a scanout is doing.
    pub(crate) fn standing(&self, scanout: ScanoutId) -> Standing {
        let now = now();
        let stream = self.streams.find(scanout).map(|stream| stream.standing(now));
        standing::of(&self.control.status(scanout), stream, now)
    }

    fn join(&self, scanout: ScanoutId, pass: Pass) -> Result<(Admitted<Subscription>, Wishes), Refused> {
        // A subscriber may be one more of a server that has many viewers, for the few of them that are slow, or look once.
        let joined = self.streams.subscribe(scanout, Entry::Aside).map_err(|error| {
            let refused = refused(ErrorCode::NotFound, &error);
            tracing::info!(%scanout, reason = refused.reason, "subscription refused");
            refused
        });
        joined.map(|(subscription, wishes)| (Admitted::new(subscription, pass), wishes))
    }

    fn plug(&self, enable: &EnableScanout) -> Result<String, Refused> {
        // A scanout that nobody could watch is refused now, not when somebody tries.
        lunette_encode::check_size(&self.encoder, enable.size)
            .map_err(|error| refused(ErrorCode::EncodeFailed, &error))?;
        let mode = Mode { size: enable.size, refresh_hz: enable.refresh_hz };
        let connector = self.control.enable(enable.scanout, mode).map_err(|error| not_switched(&error))?;
        tracing::info!(scanout = %enable.scanout, size = %enable.size, connector, "enabled");
        Ok(connector)
    }

    fn unplug(&self, scanout: ScanoutId) -> Result<String, Refused> {
        match self.control.disable(scanout) {
            Ok(()) => tracing::info!(%scanout, "disabled"),
            // It stays plugged; who had it has no grant any more, and that is what matters.
            Err(ControlError::Console(_)) => tracing::info!(%scanout, "the console was given back"),
            Err(error) => return Err(not_switched(&error)),
        }
        Ok(connector_name(scanout))
    }
}

fn refused(code: ErrorCode, error: &dyn Error) -> Refused {
    Refused { code, reason: chain(error) }
}

fn not_switched(error: &ControlError) -> Refused {
    refused(ErrorCode::NotFound, error)
}

fn not_allowed(refusal: NotAllowed) -> Refused {
    refused(ErrorCode::InvalidMessage, &refusal)
}

impl lunette_net::Backend for Backend {
    type Units = Admitted<Subscription>;
    type Handle = Wishes;

    fn subscribe(
        &self,
        scanout: ScanoutId,
        shown: Option<&Token>,
    ) -> Result<(Admitted<Subscription>, Wishes), Refused> {
        // The pass comes first: a grant that ends from here on ends the subscription.
        let pass = self.gate.admit(Wish::Subscribe(scanout), shown).map_err(not_allowed)?;
        self.join(scanout, pass)
    }

    fn enable(&self, enable: &EnableScanout, shown: Option<&Token>) -> Result<String, Refused> {
        self.gate.switch(Wish::Enable(enable.scanout), shown, || self.plug(enable)).map_err(not_allowed)?
    }

    fn disable(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<String, Refused> {
        self.gate.switch(Wish::Disable(scanout), shown, || self.unplug(scanout)).map_err(not_allowed)?
    }

    fn status(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<Standing, Refused> {
        self.gate.ask(Wish::Status(scanout), shown).map_err(not_allowed)?;
        Ok(self.standing(scanout))
    }

    fn grant(&self, grant: &Grant, shown: Option<&Token>) -> Result<(), Refused> {
        self.gate.grant(grant, shown).map_err(not_allowed)
    }

    fn shows(&self, token: &Token) -> Option<watch::Receiver<u64>> {
        self.gate.notice(token)
    }

    fn open_encoder(&self, replies: Replies) -> Result<mpsc::Sender<EncodeJob>, Refused> {
        self.requests.start(replies)
    }

    fn count(&self, event: Event) {
        self.metrics.count(event);
    }
}
