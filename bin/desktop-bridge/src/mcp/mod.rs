//! The desktop as tools for a language model: MCP over streamable HTTP, one JSON answer to one JSON request.
//!
//! ```text
//!   POST /mcp ─▶ Message ─┬─ initialize, ping, tools/list ─────────────────────────▶ 200, JSON-RPC answer
//!                         ├─ tools/call ─▶ schema::check ─▶ call: AgentHost ───────▶ 200, text and pictures
//!                         └─ notifications, answers of the client ─────────────────▶ 202
//! ```
//! Nothing is kept between requests, so there is no session to lose. What a model did wrong is a result of the tool that
//! says what to do instead; what a client did wrong is an error of the protocol.

mod act;
mod arguments;
mod call;
mod look;
mod result;
mod rpc;
mod schema;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use lunette_auth::Scope;
use serde_json::{Value, json};

use crate::agent::{AgentHost, Caller};
use crate::problem::{Problem, json as document};
use rpc::{Fault, Message};

/// Bytes of a request.
const BODY: usize = 1 << 20;
/// Versions of the protocol, the newest first.
const VERSIONS: [&str; 2] = ["2025-06-18", "2025-03-26"];
const SERVER: &str = "Lunette Desktop";
const INSTRUCTIONS: &str = "A Linux desktop. Call screenshot to see it; places are pixels of the whole picture, from its \
upper left corner, whatever region or scale a screenshot had. Pictures are numbered: pass the number as `frame` when \
acting, and the action is refused if what is there has changed since. After acting, call wait_change with that number, or \
wait_stable, and screenshot with `since` to see only what changed.";

/// `/mcp`.
pub fn routes<H: AgentHost>() -> Router<Arc<H>> {
    Router::new().route("/mcp", post(handle::<H>).fallback(only_post).layer(DefaultBodyLimit::max(BODY)))
}

/// There is no stream of the server's own to open, and no session to end.
async fn only_post() -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this server answers POST only");
    let mut response = problem.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn handle<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Agent)?;
    check_headers(&headers)?;
    let body = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    Ok(match Message::read(&body) {
        Err(fault) => document(StatusCode::BAD_REQUEST, &fault.answer()),
        Ok(Message::Other) => accepted(),
        Ok(Message::Request { id, method, params }) => {
            let answer = match answer(&*host, &caller, &method, &params).await {
                Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                Err(fault) => Fault { id, ..fault }.answer(),
            };
            document(StatusCode::OK, &answer)
        }
    })
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let error = "the body has to be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    match headers.get("mcp-protocol-version").map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(version)) if VERSIONS.contains(&version) => Ok(()),
        Some(_) => Err(Problem::bad(format!("MCP-Protocol-Version: known are {}", VERSIONS.join(", ")))),
    }
}

fn accepted() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

async fn answer<H: AgentHost>(host: &H, caller: &Caller, method: &str, params: &Value) -> Result<Value, Fault> {
    match method {
        "initialize" => initialize(params),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({"tools": table::listed()})),
        "tools/call" => call::call(host, caller, params).await,
        _ => Err(Fault::new(rpc::NO_METHOD, format!("there is no method {:?}", rpc::shorten(method)))),
    }
}

fn initialize(params: &Value) -> Result<Value, Fault> {
    let Some(wanted) = params["protocolVersion"].as_str() else {
        return Err(Fault::new(rpc::BAD_PARAMS, "protocolVersion is missing"));
    };
    let version = VERSIONS.into_iter().find(|version| *version == wanted).unwrap_or(VERSIONS[0]);
    Ok(json!({
        "protocolVersion": version,
        "capabilities": {"tools": {"listChanged": false}},
        "serverInfo": {"name": SERVER, "title": SERVER, "version": env!("CARGO_PKG_VERSION")},
        "instructions": INSTRUCTIONS,
    }))
}
