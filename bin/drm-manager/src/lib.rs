//! `drm-manager`: the only DRM master of a guest's cards; hands out their outputs as leases.
//!
//! ```text
//!   clients ──▶ client::serve, one task each ──┐                ┌──▶ Cards: leases, revokes, reads connectors
//!   host ◀────▶ Link, one task ────────────────┼──▶ Broker ─────┼──▶ Link: GRANT + ENABLE, DISABLE
//!   kernel ───▶ Hotplug: uevents ──────────────┘   (Pool)       └──▶ clients: reply + lease fd
//! ```
//!
//! What must outlive this program is with the service manager, or with our own [`keeper`]: the cards' masters, the socket,
//! and the connection and the book of every lease. A program that was killed goes on with them.
//!
//! One thread, and one owner of all state: the [`Broker`], which drives the state machine of `lunette-lease`. Calls that
//! may wait for another desktop's mode setting run on threads of their own; everything else never waits in the kernel.

#![forbid(unsafe_code)]

pub mod app;
mod book;
mod broker;
pub mod cards;
mod cause;
mod client;
pub mod config;
mod handed;
mod host;
mod hotplug;
mod inherit;
pub mod keeper;
mod kept;
mod kms;
mod peer;
mod service;
mod socket;
pub mod status;
mod stop;

pub use broker::Broker;
pub use handed::Handed;
pub use kms::KmsCards;
pub use service::Service;
