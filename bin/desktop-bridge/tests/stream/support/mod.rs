//! Fixtures: the program, and what uses it.
//!
//! ```text
//!   Bridge ──spawns──▶ desktop-bridge ◀──WebSocket── Viewer ──VideoFrame──▶ Eye (decodes, reads the burnt-in counter)
//!     └─ events(): what reached the desktop, out of the sink's log
//!
//!   Machine: frame-export in this process ◀── Tap: counts connections, reads what is asked ◀── a hub, or a Bridge
//! ```

mod bridge;
mod eye;
mod http;
mod machine;
mod tap;
mod viewer;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use bridge::{Bridge, TOKENS};
pub(crate) use eye::{Eye, size_in};
pub(crate) use http::{get, post, request};
pub(crate) use machine::Machine;
pub(crate) use tap::Tap;
pub(crate) use viewer::{Arrival, Request, Viewer, earlier, knowing};

/// How long anything may take that should happen at once, on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits until `condition` holds.
///
/// # Panics
/// When that takes longer than [`SOON`].
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "still not after {SOON:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks until the answer is as it should be, and gives it.
///
/// # Panics
/// When that takes longer than [`SOON`].
pub(crate) async fn eventually_told<T>(ask: impl AsyncFn() -> T, is_it: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        let told = ask().await;
        if is_it(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "still not after {SOON:?}");
    }
}
