//! The element's glue: its type, and its name in the registry.

mod encode;
mod imp;
mod properties;
mod run;

use gst::glib;
use gst::prelude::*;

glib::wrapper! {
    /// The element.
    pub(crate) struct VsockEnc(ObjectSubclass<imp::VsockEnc>)
        @extends gst_video::VideoEncoder, gst::Element, gst::Object,
        @implements gst::Preset;
}

/// Makes `vsockenc` known; it goes before the encoders of the machine itself, as the element it replaces does.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "vsockenc", gst::Rank::PRIMARY, VsockEnc::static_type())
}
