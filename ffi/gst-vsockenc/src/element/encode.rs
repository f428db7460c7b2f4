//! The sink's thread: a picture in, a request out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_video::VideoCodecFrameFlags;
use gst_video::prelude::*;
use lunette_remote_encode::{Offer, Settings as ClientSettings, Taken, Ticket};
use lunette_wire::hxfr::{Nanos, ResourceId};

use super::imp::{CAT, VsockEnc, lock};
use crate::input;
use crate::session::Session;
use crate::stream_lock::{Unlocked, release_input};

impl VsockEnc {
    /// Takes one picture over, gives its buffer back, and waits until it was requested.
    pub(super) fn encode(&self, mut frame: gst_video::VideoCodecFrame<'_>) -> Result<gst::FlowSuccess, gst::FlowError> {
        let session = self.session().ok_or(gst::FlowError::Flushing)?;
        let encoder = self.obj().clone();
        self.start_task(&session)?;
        if encoder.max_encode_time(&frame) < 0 && !frame.flags().contains(VideoCodecFrameFlags::FORCE_KEYFRAME) {
            gst::debug!(CAT, imp = self, "late: picture {} is left out", frame.system_frame_number());
            session.with(|state, _| state.stats.late += 1);
            encoder.finish_frame(frame)?;
            return session.lock().flow;
        }
        let ticket = Ticket(frame.system_frame_number());
        let taken = self.offer(&session, &mut frame, ticket)?;
        release_input(&mut frame);
        let taken = taken(&session);
        if taken == Taken::Unchanged {
            self.forget(frame);
            return session.lock().flow;
        }
        // A frame in hand keeps the stream locked; the base class has it.
        drop(frame);
        session.wake();
        let unlocked = Unlocked::new(encoder.upcast_ref());
        session.wait(None, |state| !state.client.has_offer() || state.is_over());
        drop(unlocked);
        self.verdict(&session)
    }

    /// Lets go of a frame that looks like the one before: it was not dropped, so nobody is told that.
    fn forget(&self, frame: gst_video::VideoCodecFrame<'_>) {
        self.silent.store(true, Ordering::Release);
        // The flow is that of earlier pushes, which the task saw.
        let _ = self.obj().finish_frame(frame);
        self.silent.store(false, Ordering::Release);
    }

    /// Copies the picture; what offers it, once its buffer was given back.
    fn offer(
        &self,
        session: &Session,
        frame: &mut gst_video::VideoCodecFrame<'_>,
        ticket: Ticket,
    ) -> Result<impl FnOnce(&Session) -> Taken + use<>, gst::FlowError> {
        let info = lock(&self.format).as_ref().map(|format| format.state.info().clone());
        let info = info.ok_or(gst::FlowError::NotNegotiated)?;
        let buffer = frame.input_buffer().ok_or(gst::FlowError::Error)?;
        let failed = |error: &dyn std::error::Error| {
            gst::element_imp_error!(self, gst::StreamError::Encode, ("a picture cannot be sent"), ["{error}"]);
            gst::FlowError::Error
        };
        let resource = self.resource(session, buffer);
        let changed = {
            let map = buffer.map_readable().map_err(|error| failed(&error))?;
            let picture = input::picture(&info, buffer, &map).map_err(|error| failed(&error))?;
            let mut state = session.lock();
            state.kept.take(&picture).map_err(|error| failed(&error))?
        };
        let held = resource.and_then(|_| frame.input_buffer_owned());
        let offer = Offer {
            ticket,
            size: lunette_frame::Size::new(info.width(), info.height()),
            pts: nanos(frame.pts()),
            duration: nanos(frame.duration()),
            force_keyframe: frame.flags().contains(VideoCodecFrameFlags::FORCE_KEYFRAME),
            changed,
            resource,
        };
        Ok(move |session: &Session| {
            session.with(|state, now| {
                state.held.extend(held.map(|buffer| (ticket, buffer)));
                let taken = state.client.offer(offer, now);
                if taken == Taken::Unchanged {
                    state.held.remove(&ticket);
                    state.stats.unchanged += 1;
                }
                taken
            })
        })
    }

    /// The resource of a picture that is one, as long as the host may be able to use it.
    fn resource(&self, session: &Session, buffer: &gst::BufferRef) -> Option<ResourceId> {
        if !session.lock().client.wants_resources() {
            return None;
        }
        let devices = lock(&self.devices);
        // `None` for memory that is no DMA-BUF, `Some(None)` for one that no device of this machine exported.
        let handle = input::dma_buf(buffer, |descriptor| devices.as_ref()?.resource(descriptor))?;
        if handle.is_none() && !std::mem::replace(&mut session.lock().told_of_pixels, true) {
            let text = "a DMA-BUF is no resource of a virtio-gpu device, so pixels are sent";
            gst::element_imp_warning!(self, gst::ResourceError::NotFound, ("{text}"));
        }
        ResourceId::new(handle?.get())
    }

    /// Waits until everything came back, or cannot any more.
    pub(super) fn drain(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        let Some(session) = self.session() else { return Ok(gst::FlowSuccess::Ok) };
        let encoder = self.obj().clone();
        // Each request has its own time, and the last of them may have to be made again.
        let requests = u32::try_from(ClientSettings::MOST_IN_FLIGHT).unwrap_or(1) + 1;
        let limit = session.timeout * requests + Duration::from_secs(1);
        let unlocked = Unlocked::new(encoder.upcast_ref());
        let done = session.wait(Some(limit), |state| state.is_idle() || state.is_over());
        drop(unlocked);
        if !done {
            gst::warning!(CAT, imp = self, "the host is gone: what it had is left out");
            session.with(|state, _| state.client.flush());
        }
        self.verdict(&session)
    }

    fn verdict(&self, session: &Session) -> Result<gst::FlowSuccess, gst::FlowError> {
        let state = session.lock();
        if state.flushing {
            return Err(gst::FlowError::Flushing);
        }
        if state.client.has_failed() {
            return Err(gst::FlowError::Error);
        }
        state.flow
    }
}

fn nanos(time: Option<gst::ClockTime>) -> Option<Nanos> {
    time.and_then(|time| i64::try_from(time.nseconds()).ok()).and_then(Nanos::from_wire)
}
