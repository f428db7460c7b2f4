//! What programs do with a desktop over HTTP: look, wait for something, act.
//!
//! ```text
//!   GET /screenshot ─┐                    ┌─ Snapshots: newest picture, what changed, quiet for how long
//!   GET /wait ───────┼──▶ AgentHost ──────┤
//!   POST /input ─────┘   (the bridge)     └─ input, clipboard, windows, applications of the desktop
//! ```
//! Every answer carries the number of the picture that it speaks of. Who acts may name the picture that the decision
//! was made on, and is refused when what is under it has changed since.

mod host;
mod input;
mod query;
mod screenshot;
mod view;
mod wait;
mod wish;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::problem;

pub use host::{AgentHost, App, Caller, Clip, ClipKind, HostError, Window, WindowAction, Workspace};
pub use input::{Acted, NotActed, Request, act};
pub use view::{Format, Picture, Region, picture};
pub use wish::{Button, Phase, Wish};

pub(crate) use input::read_json;
pub(crate) use query::Members;
pub(crate) use screenshot::FIRST;
pub(crate) use view::{in_words, pictures};
pub(crate) use wait::USUAL as USUAL_WAIT;

/// `/screenshot`, `/wait` and `/input`. Whoever lets requests in puts an [`lunette_auth::Identity`] into their
/// extensions; without one they are refused.
pub fn routes<H: AgentHost>() -> Router<Arc<H>> {
    let input = post(input::handle::<H>).fallback(problem::method).layer(DefaultBodyLimit::max(input::BODY));
    Router::new()
        .route("/screenshot", get(screenshot::handle::<H>).fallback(problem::method))
        .route("/wait", get(wait::handle::<H>).fallback(problem::method))
        .route("/input", input)
}
