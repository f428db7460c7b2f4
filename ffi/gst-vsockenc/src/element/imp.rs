//! What the base class asks of the element.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_video::prelude::*;
use gst_video::subclass::prelude::*;
use lunette_sys_virtgpu::Devices;

use super::properties;
use crate::io::Io;
use crate::profile;
use crate::session::Session;
use crate::settings::Settings;

pub(crate) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("vsockenc", gst::DebugColorFlags::empty(), Some("pictures encoded by a host"))
});

/// The formats that hosts take, and what NV12 is made of.
const FORMATS: [&str; 5] = ["BGRx", "BGRA", "RGBx", "RGBA", "NV12"];
const MAX_SIDE: i32 = 8192;

/// The element's state. Each lock is held for a moment, and never two at a time.
#[derive(Default)]
pub(crate) struct VsockEnc {
    pub(super) settings: Mutex<Settings>,
    pub(super) session: Mutex<Option<Arc<Session>>>,
    pub(super) io: Mutex<Io>,
    pub(super) format: Mutex<Option<Format>>,
    pub(super) devices: Mutex<Option<Devices>>,
    /// The base class is about to say that a picture was dropped, which it was not. Set with the stream locked.
    pub(super) silent: AtomicBool,
}

/// What comes in, and whether downstream knows what goes out.
pub(crate) struct Format {
    pub(super) state: gst_video::VideoCodecState<'static, gst_video::video_codec_state::Readable>,
    /// The profile that downstream was told.
    pub(super) told: &'static str,
}

/// A lock of the element; a panic under it leaves nothing half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[glib::object_subclass]
impl ObjectSubclass for VsockEnc {
    const NAME: &'static str = "GstVsockEnc";
    type Type = super::VsockEnc;
    type ParentType = gst_video::VideoEncoder;
}

impl ObjectImpl for VsockEnc {
    fn properties() -> &'static [glib::ParamSpec] {
        static ALL: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(properties::all);
        &ALL
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        lock(&self.settings).set(spec.name(), value);
        if spec.name() == "bitrate" {
            self.configure();
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        if spec.name() == "stats" {
            return self.stats().to_value();
        }
        lock(&self.settings).get(spec.name()).unwrap_or_else(|| spec.default_value().clone())
    }

    fn constructed(&self) {
        self.parent_constructed();
        self.obj().set_qos_enabled(true);
    }
}

impl GstObjectImpl for VsockEnc {}

impl ElementImpl for VsockEnc {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "H.264 encoder on the host",
                "Codec/Encoder/Video",
                "Sends what changed in a picture to the host by vsock, TCP or a Unix socket, and takes H.264 back",
                "Lunette",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let sides = gst::IntRange::new(1, MAX_SIDE);
            let raw = gst_video::VideoCapsBuilder::new().format_list(FORMATS.map(gst_video::VideoFormat::from_string));
            let raw = raw.width_range(..=MAX_SIDE).height_range(..=MAX_SIDE).build();
            let mut sink = raw.copy();
            {
                let sink = sink.make_mut();
                let mut dma = raw.copy();
                dma.make_mut().set_features(0, Some(gst::CapsFeatures::new(["memory:DMABuf"])));
                sink.append(dma);
            }
            let src = gst::Caps::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .field("width", sides)
                .field("height", sides)
                .build();
            let template = |name, direction, caps: &gst::Caps| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, caps).ok()
            };
            [template("sink", gst::PadDirection::Sink, &sink), template("src", gst::PadDirection::Src, &src)]
                .into_iter()
                .flatten()
                .collect()
        });
        &TEMPLATES
    }

    fn post_message(&self, message: gst::Message) -> bool {
        if message.type_() == gst::MessageType::Qos && self.silent.load(Ordering::Acquire) {
            return true;
        }
        self.parent_post_message(message)
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        if transition == gst::StateChange::PausedToReady {
            // The pad cannot be deactivated while its task runs.
            self.end_task();
        }
        self.parent_change_state(transition)
    }
}

impl VideoEncoderImpl for VsockEnc {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = lock(&self.settings).clone();
        let session = Session::new(&settings, self.config(&settings, None));
        let session = session.map_err(|error| gst::error_msg!(gst::ResourceError::Settings, ("{error}")))?;
        if settings.bitrate < crate::settings::LEAST_BITRATE {
            gst::element_imp_warning!(
                self,
                gst::LibraryError::Settings,
                (
                    "a bit rate of {} bits per second is too low for any picture; is it meant in kbit/s?",
                    settings.bitrate
                )
            );
        }
        *lock(&self.session) = Some(Arc::new(session));
        *lock(&self.devices) = Some(Devices::open());
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.end_task();
        *lock(&self.session) = None;
        *lock(&self.format) = None;
        *lock(&self.devices) = None;
        lock(&self.io).close();
        Ok(())
    }

    fn set_format(
        &self,
        state: &gst_video::VideoCodecState<'static, gst_video::video_codec_state::Readable>,
    ) -> Result<(), gst::LoggableError> {
        // What is under way has the format before, and the caps before it.
        self.drain().map_err(|flow| gst::loggable_error!(CAT, "cannot drain: {flow:?}"))?;
        *lock(&self.format) = Some(Format { state: state.clone(), told: profile::USUAL });
        self.announce(profile::USUAL).map_err(|flow| gst::loggable_error!(CAT, "no caps go out: {flow:?}"))?;
        self.configure();
        self.report_latency(state.info());
        Ok(())
    }

    fn handle_frame(&self, frame: gst_video::VideoCodecFrame<'_>) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.encode(frame)
    }

    fn flush(&self) -> bool {
        if let Some(session) = self.session() {
            session.with(|state, _| {
                state.client.flush();
                state.held.clear();
                (state.flushing, state.flow) = (false, Ok(gst::FlowSuccess::Ok));
            });
        }
        true
    }

    fn finish(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.drain()
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        if matches!(event.view(), gst::EventView::FlushStart(_)) {
            self.interrupt();
        }
        self.parent_sink_event(event)
    }

    fn propose_allocation(&self, query: &mut gst::query::Allocation) -> Result<(), gst::LoggableError> {
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        self.parent_propose_allocation(query)
    }
}
