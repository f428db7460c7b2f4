//! The way to desktops' bridges: the programs in them that show them to browsers.
//!
//! ```text
//!   client ── hydra.sock: /api/v1/dev-containers/ID/… ─┐
//!   browser ── --listen-bridges: ID.localhost, /d/ID/ ─┴─▶ route ─▶ proxy ─▶ door ─▶ bridge/http.sock of that desktop
//! ```
//!
//! Whatever comes out of a desktop may be anybody's work, so nothing of it is believed: its socket is opened without
//! following links and has to be its own, heads are bounded, and a desktop that says nothing keeps nobody else waiting.

mod door;
mod headers;
mod listener;
mod proxy;
mod relay;
pub(crate) mod route;
mod tokens;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub(crate) use door::{Door, DoorError};
pub(crate) use listener::{Bridges, router};
pub(crate) use proxy::{Origin, pass};
pub(crate) use tokens::Tokens;

/// Connections to one bridge at once. The places of all are more than four times as many, so one desktop's viewers
/// leave room for others'.
const PLACES: usize = 192;

/// The connections that may be made to one desktop's bridge.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}
