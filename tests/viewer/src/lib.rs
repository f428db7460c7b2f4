//! A desktop on this machine as a scanout, for tests and measurements that need a real one without a virtual machine.
//!
//! `desktop-export` serves the first output of the wlroots compositor at `WAYLAND_DISPLAY` as frame-export serves a
//! machine's: same pipeline, same encoders, same protocol.

#![forbid(unsafe_code)]

pub mod screencopy;
