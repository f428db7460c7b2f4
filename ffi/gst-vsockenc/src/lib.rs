//! `vsockenc`: a GStreamer element that has its pictures encoded by a host.
//!
//! ```text
//!  sink thread                                     task of the source pad
//!  handle_frame ─▶ compare, convert to NV12        ┌──────────────────────────────────────┐
//!                  release the buffer              │ poll ─▶ socket ─▶ Client ─▶ finish_frame
//!                  offer ─▶ wait until requested ─▶│      ◀─ outbox ◀─┘        └─▶ downstream
//!                                                  └──────────────────────────────────────┘
//! ```
//! What a message means and when a picture travels is `lunette-remote-encode`'s; this crate has the pixels, the socket
//! and GStreamer. docs/vsockenc.md is for who uses it.
//!
//! Without the feature `plugin` there is nothing here, and no GStreamer is needed.

#![cfg(feature = "plugin")]

mod compare;
mod element;
mod input;
mod io;
mod kept;
mod profile;
mod session;
mod settings;
mod socket;
mod stats;
mod stream_lock;
mod travel;

mod plugin {
    use crate::element::register;

    gst::plugin_define!(
        vsockenc,
        env!("CARGO_PKG_DESCRIPTION"),
        register,
        env!("CARGO_PKG_VERSION"),
        "MIT/X11",
        "gst-vsockenc",
        "Lunette",
        "Lunette"
    );
}

/// Registers the element with the program that links this crate.
///
/// # Errors
/// When GStreamer refuses.
pub fn register_static() -> Result<(), gst::glib::BoolError> {
    plugin::plugin_register_static()
}
