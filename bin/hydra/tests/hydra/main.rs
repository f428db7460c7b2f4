//! hydra against launchers without desktops: its API, and what becomes of desktops when something dies.

#![expect(clippy::unwrap_used, reason = "a test")]

mod adopting;
mod api;
mod bridges;
mod dial;
mod door;
mod engine;
mod fixture;
mod hostile;
mod life;
mod schema;
mod sweeping;
