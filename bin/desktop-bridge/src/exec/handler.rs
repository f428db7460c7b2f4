//! The request and the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use lunette_auth::Scope;
use lunette_cause::chain;
use serde::{Deserialize, Serialize};

use super::policy::Forbidden;
use super::run::{Outcome, RunError};
use crate::agent::{AgentHost, Caller, read_json};
use crate::problem::{Problem, json};

/// Seconds that a program has, usually and at most.
const USUAL: f64 = 30.0;
const LONGEST: f64 = 600.0;
/// Words of a command.
const WORDS: usize = 256;

#[derive(Debug, Deserialize)]
struct Request {
    command: Vec<String>,
    #[serde(default)]
    background: bool,
    /// Seconds.
    timeout: Option<f64>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    success: bool,
    output: String,
    error: String,
    exit_code: i32,
    pid: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

pub(super) async fn handle<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Agent)?;
    let request: Request = read_json(body)?;
    let limit = limit(&request)?;
    let executor = host.executor();
    let order = executor.policy().judge(&request.command, request.env)?;
    let outcome = match request.background {
        true => executor.start_in_background(order).await,
        false => executor.run(order, limit).await,
    };
    let answer = match outcome {
        Ok(outcome) => answer(outcome, limit),
        Err(error @ RunError::TooMany) => {
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()));
        }
        Err(error) => failed(chain(&error)),
    };
    Ok(json(StatusCode::OK, &answer))
}

fn limit(request: &Request) -> Result<Duration, Problem> {
    let words = request.command.len();
    if words == 0 || words > WORDS {
        return Err(Problem::bad(format!("a command of {words} words: 1 to {WORDS} are possible")));
    }
    let texts = request.command.iter().chain(request.env.keys()).chain(request.env.values());
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(Problem::bad("there is a zero byte in the command or its environment"));
    }
    let seconds = request.timeout.filter(|seconds| *seconds != 0.0).unwrap_or(USUAL);
    if !(0.001..=LONGEST).contains(&seconds) {
        return Err(Problem::bad(format!("timeout={seconds}: seconds up to {LONGEST}")));
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn answer(outcome: Outcome, limit: Duration) -> Answer {
    let Outcome { pid, output, mut errors, cut, exit_code, timed_out } = outcome;
    if timed_out {
        errors += &format!("killed after {} s", limit.as_secs_f64());
    }
    let exit_code = exit_code.unwrap_or(0);
    Answer { success: exit_code == 0 && !timed_out, output, error: errors, exit_code, pid, truncated: cut }
}

fn failed(error: String) -> Answer {
    Answer { success: false, output: String::new(), error, exit_code: -1, pid: 0, truncated: false }
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        Self::new(StatusCode::FORBIDDEN, forbidden.to_string()).hint(forbidden.hint())
    }
}
