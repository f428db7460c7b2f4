//! Tests of real desktops: containers with compositors on leases, in a guest under QEMU, watched from the host.
//!
//! ```text
//!   tests/e2e ── boots ──▶ QEMU ◀── captures ── frame-export ──▶ Screen: decoded pictures, in the test
//!        └── shell ──▶ guest: hydra ──▶ desktop a │ desktop b │ desktop c
//!                                          └ desktop-probe tries to get out
//! ```
//!
//! The library is what `desktop-probe` does inside a desktop: everything that must be refused there.

#![forbid(unsafe_code)]

mod attempt;
mod network;
mod seat;
mod system;

pub use attempt::{Attempt, Outcome, Target};

/// Everything that a desktop must not be able to do, tried.
#[must_use]
pub fn attempts(target: &Target) -> Vec<Attempt> {
    let mut attempts = system::attempts(target);
    attempts.extend(seat::attempts(target));
    attempts.extend(network::attempts(target));
    attempts
}
