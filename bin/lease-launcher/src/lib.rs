//! One desktop: its lease, its input devices, its seat and its container, brought up, watched and taken down.
//!
//! ```text
//!   hydra ── desktop.json ─▶ app ─▶ Desktop ─┬─ Lease        drm-manager's, kept as long as its connection
//!     ▲                       │              ├─ Devices      uinput, udev data, nodes to look at
//!     │                       │              ├─ Seat | Logind  gives the compositor its devices
//!     │                       ▼              ├─ Container    runc or Docker
//!     │                       │              ├─ Bridge       shows it to browsers, from inside
//!     └── state.json ◀─ Reporter ◀─ life ────┴─ Host         does the picture move?
//! ```
//!
//! It runs outside of the container, and the container sees nothing of it but sockets and files
//! (`docs/decisions/009`).

#![forbid(unsafe_code)]

mod app;
mod bridge;
pub mod cli;
mod colour;
mod command;
mod container;
mod control;
mod desktop;
mod devices;
mod environment;
mod host;
mod inlet;
pub mod inside;
mod leasing;
mod life;
mod reporter;
mod seat;
mod session;
mod step;
mod wallpaper;

pub use app::{Settings, run};
pub use colour::Colour;
