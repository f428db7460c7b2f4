//! A control plane and hosts that dial in, each a process of its own: what becomes of desktops when hosts come and go, and
//! pictures of hosts that nothing leads to.
//!
//! ```text
//!   test ─ HTTP, WebSocket ─▶ control-plane ◀─ dial ─┬─ hydra ─ fake-launcher, one each     (host "a")
//!                                                    ├─ hydra ─ fake-launcher, one each     (host "b")
//!                                                    └─ frame-export, by way of a Link that can be cut
//! ```
//! Below hydra, and nowhere else, stand doubles: launchers without a compositor, and a manager of outputs that only says how
//! many are free.

#![expect(clippy::unwrap_used, reason = "a test")]

mod dying;
mod export;
mod host;
mod link;
mod outputs;
mod pictures;
mod placing;
mod plane;
mod process;
