//! Reverse dial over real sockets: feeds the state machines of `lunette-dial`.
//!
//! ```text
//!   hydra, bridge                                     control plane
//!   ┌──────────────┐  wss: control channel            ┌──────────────────────────────┐
//!   │ RunnerClient │ ───────────────────────────────▶ │ Tunnels::router(gate)        │
//!   │  per dial:   │  wss: a data channel each        │   owner task: Exchange       │
//!   │  Target ◀══▶ │ ═══════════════════════════════▶ │   Tunnels::dial() ─▶ Tunnel  │──▶ HTTP, or carry()
//!   └──────────────┘                                  └──────────────────────────────┘
//! ```
//!
//! # For a control plane
//! ```no_run
//! # use std::{sync::Arc, time::Duration};
//! # use lunette_relay::{Admission, Gate, Head, Owner, Refusal, RunnerId, Tunnels};
//! # struct Tokens;
//! impl Gate for Tokens {
//!     /// Whose token it is, and whether it may be this runner, or open data channels at all.
//!     fn admit<'a>(&'a self, head: &'a Head, runner: Option<&'a RunnerId>) -> Admission<'a> {
//!         Box::pin(async move { Err(Refusal::Unknown) })
//!     }
//! }
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let tunnels = Tunnels::new(lunette_relay::Limits::default());
//! let app: axum::Router = axum::Router::new().merge(tunnels.router(Arc::new(Tokens)));
//! // Later, for a request: a connection to what the runner serves, as if it had been connected to.
//! let runner: RunnerId = "desktop-7".parse()?;
//! let tunnel = tunnels.dial(&runner, Duration::from_secs(30)).await?;
//! // `tunnel` reads and writes: speak HTTP over it. After both upgrades of a WebSocket:
//! # let (browser, desktop) = (tokio::io::empty(), tokio::io::empty());
//! let _outcome = lunette_relay::carry(browser, desktop).await;
//! # Ok(()) }
//! ```
//! [`Tunnels`] is cheap to clone. Its owner task ends with the last clone, and all control channels with it.
//! [`Tunnels::runners`] lists who is there, [`Tunnels::watch`] tells of changes.
//!
//! # For a runner
//! [`Dial`] is what programs are told to do by `--dial`. [`RunnerClient::run`] connects, stays, and serves dials until the future that it is given is done. Certificates are
//! verified ([`Trust`]).

#![forbid(unsafe_code)]

mod carry;
mod channel;
mod client;
mod control;
mod dialling;
mod error;
mod owner;
mod router;
mod server;
mod socket;
mod target;
mod trust;
mod tunnels;

pub use carry::carry;
pub use client::RunnerClient;
pub use dialling::{Dial, Dialling, InClear, Part};
pub use error::RelayError;
pub use lunette_dial::{DialError, InstanceId, Limits, Outcome, Owner, RunnerId, Side};
pub use lunette_fleet::HostName;
pub use router::{Admission, Gate, Head, INSTANCE_HEADER, Refusal};
pub use server::ServerUrl;
pub use target::Target;
pub use trust::Trust;
pub use tunnels::{Tunnel, Tunnels};
