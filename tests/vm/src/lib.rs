//! Tests of the whole way a picture goes: page flips in a guest under QEMU, to H.264 on the host.
//!
//! ```text
//!   tests/e2e ── boots ──▶ QEMU ◀── captures ── frame-export ──▶ subscribers, in the test
//!        └── shell ──▶ guest: drm-manager, drm-flipper, guest-probe
//! ```
//!
//! The library is what `guest-probe` does inside the guest: many leases at once, following a size,
//! and misbehaviour.

#![forbid(unsafe_code)]

pub mod follow;
pub mod hostile;
pub mod rounds;
mod status;

pub use status::Status;
