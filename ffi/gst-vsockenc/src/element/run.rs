//! The source pad's task: what comes back goes downstream, from here and from nowhere else.

use std::num::NonZeroU32;
use std::sync::Arc;

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_video::VideoCodecFrameFlags;
use gst_video::prelude::*;
use lunette_frame::{FrameRate, UnitKind};
use lunette_remote_encode::{Ticket, Trouble};
use lunette_wire::hxfr::{ConfigRequest, FrameResponse, Profile};

use super::imp::{CAT, VsockEnc, lock};
use crate::profile;
use crate::session::{Session, Task};
use crate::settings::Settings;

impl VsockEnc {
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        lock(&self.session).clone()
    }

    /// Ends the task, and lets go of whoever waits.
    pub(super) fn end_task(&self) {
        if let Some(session) = self.session() {
            session.with(|state, _| (state.flushing, state.stopping) = (true, true));
            session.wake();
        }
        // It fails when there is no task.
        let _ = self.obj().src_pad().stop_task();
    }

    /// Lets go of whoever waits.
    pub(super) fn interrupt(&self) {
        if let Some(session) = self.session() {
            session.with(|state, _| state.flushing = true);
            session.wake();
        }
    }

    pub(super) fn stats(&self) -> gst::Structure {
        let Some(session) = self.session() else { return crate::stats::Stats::default().structure(0, false, false) };
        let state = session.lock();
        let client = &state.client;
        state.stats.structure(client.in_flight(), client.is_up(), client.sends_tiles())
    }

    /// Tells the host what the properties and the caps say now.
    pub(super) fn configure(&self) {
        let info = lock(&self.format).as_ref().map(|format| format.state.info().clone());
        let config = self.config(&lock(&self.settings).clone(), info.as_ref());
        if let Some(session) = self.session() {
            session.with(|state, _| state.client.configure(config));
            session.wake();
        }
    }

    pub(super) fn config(&self, settings: &Settings, info: Option<&gst_video::VideoInfo>) -> ConfigRequest {
        let rate = info.map(|info| info.fps()).and_then(|fps| {
            let part = |value: i32| u32::try_from(value).ok();
            FrameRate::new(part(fps.numer())?, part(fps.denom())?).ok()
        });
        ConfigRequest {
            width: info.and_then(|info| NonZeroU32::new(info.width())),
            height: info.and_then(|info| NonZeroU32::new(info.height())),
            bit_rate: Some(settings.ceiling()),
            frame_rate: rate.filter(|rate| rate.as_f64() <= 1000.0),
            profile: Some(Profile::Baseline),
            level: None,
            realtime: true,
        }
    }

    /// As many pictures are under way as may be, each for the time of one.
    pub(super) fn report_latency(&self, info: &gst_video::VideoInfo) {
        let (numer, denom) = (info.fps().numer(), info.fps().denom());
        let (numer, denom) = if numer > 0 { (numer, denom) } else { (30, 1) };
        let part = |value: i32| u64::try_from(value).unwrap_or(1);
        let pictures = u64::from(lock(&self.settings).max_in_flight);
        let nanos = pictures.saturating_mul(1_000_000_000).saturating_mul(part(denom)) / part(numer).max(1);
        let latency = gst::ClockTime::from_nseconds(nanos);
        self.obj().set_latency(latency, latency);
    }

    /// Starts the task unless it runs.
    pub(super) fn start_task(&self, session: &Arc<Session>) -> Result<(), gst::FlowError> {
        let obj = self.obj();
        let pad = obj.src_pad();
        if pad.task_state() == gst::TaskState::Started {
            return Ok(());
        }
        let (weak, session) = (obj.downgrade(), Arc::clone(session));
        let turn = move || {
            let Some(element) = weak.upgrade() else { return };
            if session.lock().stopping {
                // Whoever stops the task waits for this turn to end, and there must be no other.
                let _ = element.src_pad().pause_task();
                return;
            }
            element.imp().turn(&session);
        };
        pad.start_task(turn).map_err(|error| {
            gst::error!(CAT, imp = self, "{error}");
            gst::FlowError::Flushing
        })
    }

    fn turn(&self, session: &Arc<Session>) {
        let tasks = lock(&self.io).turn(session);
        if tasks.is_empty() {
            return;
        }
        let mut flow = Ok(gst::FlowSuccess::Ok);
        for task in tasks {
            let done = self.act(session, task);
            flow = flow.and(done);
        }
        session.delivered(flow);
    }

    fn act(&self, session: &Arc<Session>, task: Task) -> Result<gst::FlowSuccess, gst::FlowError> {
        match task {
            Task::Dial => lock(&self.io).dial(session),
            Task::Close => lock(&self.io).close(),
            Task::Deliver(ticket, response) => return self.deliver(session, ticket, &response),
            Task::Drop(Ticket(number)) => {
                let obj = self.obj();
                if let Some(frame) = i32::try_from(number).ok().and_then(|number| obj.frame(number)) {
                    gst::debug!(CAT, imp = self, "picture {number} was lost");
                    return obj.finish_frame(frame);
                }
            }
            Task::Warn(trouble) => self.warn(&trouble),
            Task::Fail(trouble) => {
                gst::element_imp_error!(self, gst::ResourceError::Failed, ("{trouble}"));
                return Err(gst::FlowError::Error);
            }
        }
        Ok(gst::FlowSuccess::Ok)
    }

    fn warn(&self, trouble: &Trouble) {
        gst::warning!(CAT, imp = self, "{trouble}");
        gst::element_imp_warning!(self, gst::ResourceError::Failed, ("{trouble}"));
    }

    fn deliver(
        &self,
        session: &Session,
        ticket: Ticket,
        response: &FrameResponse,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let obj = self.obj();
        // There is none when it was flushed meanwhile.
        let frame = i32::try_from(ticket.0).ok().and_then(|number| obj.frame(number));
        let Some(mut frame) = frame else { return Ok(gst::FlowSuccess::Ok) };
        let unit = response.nals.access_unit();
        if response.kind == UnitKind::Idr {
            frame.set_flags(VideoCodecFrameFlags::SYNC_POINT);
            self.tell_profile(&unit)?;
        }
        session.with(|state, _| {
            state.stats.delivered += 1;
            state.stats.keyframes += u64::from(response.kind == UnitKind::Idr);
        });
        let pts = frame.pts();
        frame.set_dts(pts);
        frame.set_output_buffer(gst::Buffer::from_slice(unit));
        obj.finish_frame(frame)
    }

    /// The caps say the profile that the stream really has, by a name that downstream takes.
    fn tell_profile(&self, unit: &[u8]) -> Result<(), gst::FlowError> {
        let profile = profile::of(unit).unwrap_or(profile::USUAL);
        if lock(&self.format).as_ref().is_none_or(|format| format.told == profile) {
            return Ok(());
        }
        self.announce(profile)
    }

    /// Says what comes out, which the base class tells downstream with the next picture.
    pub(super) fn announce(&self, profile: &'static str) -> Result<(), gst::FlowError> {
        let state = match &mut *lock(&self.format) {
            None => return Err(gst::FlowError::NotNegotiated),
            Some(format) => {
                format.told = profile;
                format.state.clone()
            }
        };
        let obj = self.obj();
        let caps = obj.src_pad().allowed_caps().unwrap_or_else(|| obj.src_pad().pad_template_caps());
        let named = |name: &str| {
            gst::Caps::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .field("profile", name)
                .field("colorimetry", "bt709")
                .build()
        };
        let names = profile::names(profile);
        let accepted = names.iter().map(|name| named(name)).find(|named| caps.can_intersect(named));
        obj.set_output_state(accepted.unwrap_or_else(|| named(profile)), Some(&state)).map(drop)
    }
}
