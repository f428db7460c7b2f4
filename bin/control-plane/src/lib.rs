//! The control plane: desktops of several hosts, for people and programs.
//!
//! ```text
//!                      ┌────────────────────────── control-plane ──────────────────────────┐
//!  browser, program ──▶│ gate ─▶ operations ─▶ Fleet ─▶ steward ──HTTP──▶ hydra of a host  │
//!                      │  │        │            (what is wanted, what was seen)            │
//!                      │  │        ├─▶ store: SQLite                                       │
//!                      │  ▼        ├─▶ gateway ──bytes──▶ hydra ──▶ a desktop's bridge     │
//!                      │ audit     └─▶ eyes ◀──HXFR── frame-export: thumbnails of the wall │
//!                      └───────────────────────────────────────────────────────────────────┘
//! ```

#![forbid(unsafe_code)]

mod album;
mod app;
pub mod audit;
mod auth;
pub mod cli;
mod clock;
mod config;
mod dialled;
mod eyes;
mod gateway;
pub mod http;
mod hydra;
mod pictures;
mod random;
mod serve;
mod steward;
mod tls;
mod wall;

pub use config::{Config, HostConfig};
pub use serve::serve;
