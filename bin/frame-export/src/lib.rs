//! Captures every scanout, encodes each once, and serves it to any number of subscribers.
//!
//! ```text
//!   Source ─▶ thread "scanout-N": diff ─▶ convert ─▶ encode ─▶ Stream (fan-out) ─▶ one task per peer ─▶ socket
//!      ▲                                     ▲                    │ doorbell: joined, IDR wanted, retuned
//!      └── ScanoutControl (enable, disable)  └────────────────────┘
//! ```
//! Threads own pictures and encoders, tasks own sockets, and the only thing that both touch is a [`stream::Stream`].

#![forbid(unsafe_code)]

pub mod access;
pub mod app;
pub mod backend;
pub mod config;
mod encoders;
mod far;
pub mod lifeline;
mod machine;
pub mod metrics;
mod observe;
mod pipeline;
mod pointer;
mod requests;
mod screens;
mod stages;
mod standing;
pub mod stream;
pub mod streams;

/// Version and commit of this program, as it reports them everywhere.
pub const BUILD_ID: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("LUNETTE_COMMIT"));
