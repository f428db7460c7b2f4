//! `hydra`: makes, watches and ends the desktops of one machine.
//!
//! ```text
//!   client ── HTTP, Unix socket ──▶ http ──▶ Registry ──▶ Desktop: Keeper drives a Life ──▶ lease-launcher, one each
//!                                    │                       │ sweep                          │
//!                                    └── exec, files, usage ─┴──▶ Engine ──▶ containers ◀─────┘
//! ```
//!
//! Launchers outlive this program. Whatever it knows about a desktop is in the desktop's folder, so that the next one
//! goes on where this one was killed.

#![forbid(unsafe_code)]

pub mod app;
mod bridge;
pub mod cli;
pub mod client;
mod clock;
pub mod config;
mod containers;
mod desktop;
pub mod engine;
mod exec;
mod http;
mod memory;
mod profiles;
mod registry;
mod scanouts;
mod service;
mod socket;

pub use containers::Containers;
pub use http::document;
