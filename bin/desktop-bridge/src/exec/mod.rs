//! `POST /exec`: programs that an operator has allowed, and no others.
//!
//! ```text
//!   {"command": […]} ─▶ Policy::judge ─▶ Order ─▶ thread "exec": spawn, wait, reap ─▶ {"success", "output", …}
//!                          │ no rule
//!                          ▼ 403, and which rule is missing
//! ```
//! No shell reads anything. A program gets an environment of its own, in which nothing of the bridge's is that it does
//! not need, and no descriptor of the bridge's. What it prints is kept up to 256 KiB a stream, the end of it.

mod handler;
mod policy;
mod run;
mod tail;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use tokio::sync::Semaphore;

use crate::agent::AgentHost;
use crate::problem::Problem;

pub use policy::{Arguments, Forbidden, Order, Policy, PolicyError, Rule};
pub use run::{Outcome, RunError};

/// The policy, and the programs that run.
#[derive(Debug)]
pub struct Executor {
    policy: Policy,
    running: Arc<Semaphore>,
}

impl Executor {
    /// Programs at one time, those in the background included.
    pub const RUNNING: usize = 32;

    /// None runs yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, running: Arc::new(Semaphore::new(Self::RUNNING)) }
    }

    /// What is allowed.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// Bytes of a request.
const BODY: usize = 64 * 1024;

/// `/exec`.
pub fn routes<H: AgentHost>() -> Router<Arc<H>> {
    let exec = post(handler::handle::<H>).fallback(method).layer(DefaultBodyLimit::max(BODY));
    Router::new().route("/exec", exec)
}

async fn method() -> Problem {
    Problem::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "programs are run with POST")
}
