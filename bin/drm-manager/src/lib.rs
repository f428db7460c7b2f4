//! `drm-manager`: the only DRM master of a guest; hands out its outputs as leases.
//!
//! ```text
//!   clients ──▶ client::serve, one task each ──┐                ┌──▶ Card: leases, revokes, reads connectors
//!   host ◀────▶ Link, one task ────────────────┼──▶ Broker ─────┼──▶ Link: GRANT + ENABLE, DISABLE
//!   kernel ───▶ Hotplug: uevents ──────────────┘   (Pool)       └──▶ clients: reply + lease fd
//! ```
//!
//! One thread, and one owner of all state: the [`Broker`], which drives the state machine of `lunette-lease`. Calls that
//! may wait for another desktop's mode setting run on threads of their own; everything else never waits in the kernel.

#![forbid(unsafe_code)]

pub mod app;
mod broker;
pub mod card;
mod cause;
mod client;
pub mod config;
mod host;
mod hotplug;
mod kms;
mod peer;
mod service;
mod socket;
pub mod status;

pub use broker::Broker;
pub use kms::KmsCard;
