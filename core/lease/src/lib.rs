//! The pool of outputs that are leased, one to a client.
//!
//! ```text
//!             Requested          Plugged               noticed            Leased
//!   ┌──────┐      ┌──────────┐        ┌─────────┐             ┌─────────┐      ┌────────┐
//!   │ Free │─────▶│ Enabling │───────▶│ Waiting │────────────▶│ Leasing │─────▶│ Leased │
//!   └──────┘      └──────────┘◀───────└─────────┘             └─────────┘      └────────┘
//!      ▲               │     HostLost      │ ▲ ┐                 │ │ │            │
//!      │               │                   │ └─┘ nudge           │ │ │            │ gone, released
//!      │               │ refused,          │ gone, late   failed │ │ │ gone, late │ (Revoke)
//!      │               │ gone, late        │                     │ │ ▼            │
//!      │               │                   │                     │ │ ┌───────────┐│
//!      │               │                   │                     │ │ │ Abandoned ││  waits for the kernel's answer
//!      │               │                   │                     │ │ └───────────┘│
//!      │               ▼                   ▼                     ▼ │   ▼          ▼
//!      │          ┌──────────────────────────────────────────────────────────────────┐
//!      │          │ Draining: the host unplugs it                                    │
//!      │          └──────────────────────────────────────────────────────────────────┘
//!      │ noticed,           │ Unplugged    ▲ retry      │ refused
//!      │ or long enough     ▼              │            ▼
//!      │               ┌──────────┐     ┌─────────────────┐
//!      └───────────────│ Settling │     │ Quarantined     │
//!                      └──────────┘     └─────────────────┘
//! ```
//!
//! The guest has *noticed* when its kernel says that it has looked again ([`Input::Looked`]), or that the connector has
//! changed ([`Input::Connector`]); also before the host's answer, which skips Waiting or Settling. The kernel says
//! at which card it looked, and not for whom: before the answer, each look counts for one output of the card, in the order in
//! which they were plugged.
//!
//! A [`Pool`] is fed with [`Input`]s and the time, and drained of [`Action`]s. Whoever drives it talks to the host, the
//! kernel and the clients. Nothing is asked of the host while it is lost; when it is back, everything is asked again:
//! leases are plugged once more, what drains is unplugged once more.
//!
//! A pool's manager may die and start again. The next one sorts what was kept of its leases ([`take_stock`]) and tells its
//! fresh pool of those that live ([`Input::Restored`]): they go from Free, or from Draining where the output was found
//! connected, to Leased, and the host hears of them again.
//!
//! What holds whatever happens (`tests/pool.rs`): an output has at most one owner; a request has exactly one answer, in
//! bounded time; an output whose owner is gone is free again as soon as the host has unplugged it; a freed output is
//! used last; a lease whose client lives survives its manager.

#![forbid(unsafe_code)]

mod counters;
mod io;
mod output;
mod pool;
mod refusal;
mod stock;
mod timing;
mod world;

pub use counters::Counters;
pub use io::{Action, ClientId, Input, Purpose, Ticket, Wish};
pub use output::Stage;
pub use pool::{OutputView, Pool};
pub use refusal::Refusal;
pub use stock::{Remains, Stock, take_stock};
pub use timing::Timing;
