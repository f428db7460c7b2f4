//! Two things of GStreamer's encoder base class that its bindings do not offer.

use gst::glib;
use gst::glib::translate::{IntoGlibPtr, ToGlibPtr};
use gst_video::ffi;

/// Lets go of the stream lock while it lives, so that the source pad's task can push meanwhile.
///
/// Only for the methods that the base class calls with the lock taken once, and with no frame in hand: a frame of the
/// bindings takes the lock too.
pub(crate) struct Unlocked<'a>(&'a gst_video::VideoEncoder);

impl<'a> Unlocked<'a> {
    pub(crate) fn new(encoder: &'a gst_video::VideoEncoder) -> Self {
        // SAFETY: this thread has the lock, which the base class took before it called us.
        unsafe { glib::ffi::g_rec_mutex_unlock(lock_of(encoder)) };
        Self(encoder)
    }
}

impl Drop for Unlocked<'_> {
    fn drop(&mut self) {
        // SAFETY: the lock lives as long as the element, and is let go again by the base class.
        unsafe { glib::ffi::g_rec_mutex_lock(lock_of(self.0)) };
    }
}

fn lock_of(encoder: &gst_video::VideoEncoder) -> *mut glib::ffi::GRecMutex {
    let encoder: *mut ffi::GstVideoEncoder = encoder.to_glib_none().0;
    // SAFETY: the pointer is that of a live element; only the field's address is taken.
    unsafe { &raw mut (*encoder).stream_lock }
}

/// Gives the frame's buffer back to whoever made it, and leaves its metadata, which the base class copies, behind.
pub(crate) fn release_input(frame: &mut gst_video::VideoCodecFrame<'_>) {
    let Some(input) = frame.input_buffer() else { return };
    let mut rest = gst::Buffer::new();
    // Not the timing of memory: a buffer that copies it would refer to the memory as well.
    let flags = gst::BUFFER_COPY_METADATA;
    if let Some(rest) = rest.get_mut() {
        // A copy that fails loses metadata; the picture does not depend on it.
        let _ = input.copy_into(rest, flags, ..);
        rest.foreach_meta_mut(|mut meta| {
            if meta.downcast_ref::<gst_video::VideoMeta>().is_some() {
                std::ops::ControlFlow::Continue(gst::buffer::BufferMetaForeachAction::Remove)
            } else {
                std::ops::ControlFlow::Continue(gst::buffer::BufferMetaForeachAction::Keep)
            }
        });
    }
    let raw: *mut ffi::GstVideoCodecFrame = frame.to_glib_none().0;
    // SAFETY: the frame in hand holds the stream lock, so nobody else touches the field; it owns the buffer in it, which is
    // let go of once.
    unsafe {
        let old = std::mem::replace(&mut (*raw).input_buffer, rest.into_glib_ptr());
        gst::ffi::gst_mini_object_unref(old.cast());
    }
}
