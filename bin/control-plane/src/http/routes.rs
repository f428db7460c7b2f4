//! Every operation, once: its route, who may, its handler, and what the API's description says about it.

use std::sync::Arc;

use axum::routing::{MethodFilter, MethodRouter};

use super::{access, desktops, events, external, handled, hosts, not_yet, openapi, screenshot, session, system};
use crate::app::App;
use crate::auth::{Need, Scope};

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) need: Need,
    /// Names behind the question mark, with what they mean.
    pub(super) switches: &'static [(&'static str, &'static str)],
    /// A schema of what comes as a body.
    pub(super) body: Option<&'static str>,
    /// What is answered when it works.
    pub(super) answer: (u16, Shape),
    pub(super) handler: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

/// What an answer is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Nothing,
    Json(&'static str),
    List(&'static str),
    Text,
    Events,
    Bytes,
    Socket,
}

impl Operation {
    /// The method, for a route.
    pub(super) fn filter(&self) -> MethodFilter {
        match self.method {
            "post" => MethodFilter::POST,
            "delete" => MethodFilter::DELETE,
            "patch" => MethodFilter::PATCH,
            _ => MethodFilter::GET,
        }
    }

    /// Whether `{id}` of the path is a desktop.
    pub(super) fn about_desktop(&self) -> bool {
        self.path.starts_with("/api/v1/desktops/")
            || self.path.starts_with("/api/v1/external-agents/")
            || self.path.starts_with("/d/")
    }

    /// Whether the audit log hears of it: whatever may change something. Of WebSockets it hears, too.
    pub(super) fn is_audited(&self) -> bool {
        self.method != "get"
    }
}

const VIEW: Need = Need::Scope(Scope::View);
const CONTROL: Need = Need::Scope(Scope::Control);
const AGENT: Need = Need::Scope(Scope::Agent);
const OPERATE: Need = Need::Scope(Scope::Operate);
const ADMIN: Need = Need::Scope(Scope::Admin);
const WAIT: (&str, &str) = ("wait", "seconds to wait until it is as it is wanted, or will not be");

const fn get(path: &'static str, need: Need, summary: &'static str, answer: Shape) -> Operation {
    let handler = |filter| handled(super::problem::method)(filter);
    Operation { method: "get", path, summary, need, switches: &[], body: None, answer: (200, answer), handler }
}

const fn post(path: &'static str, need: Need, summary: &'static str, answer: (u16, Shape)) -> Operation {
    Operation { method: "post", answer, ..get(path, need, summary, Shape::Nothing) }
}

const fn delete(path: &'static str, need: Need, summary: &'static str, answer: (u16, Shape)) -> Operation {
    Operation { method: "delete", answer, ..get(path, need, summary, Shape::Nothing) }
}

/// What pages and files need.
pub(super) const PAGE: Operation = get("/", Need::Nothing, "The wall", Shape::Bytes);

macro_rules! operations {
    ($($made:expr, $handler:expr;)*) => {
        &[$(Operation { handler: |filter| handled($handler)(filter), ..$made }),*]
    };
}

macro_rules! with {
    ($made:expr, $($field:ident: $value:expr),*) => { Operation { $($field: $value,)* ..$made } };
}

pub(super) static OPERATIONS: &[Operation] = operations![
    get("/healthz", Need::Nothing, "Whether this program answers", Shape::Text), system::health;
    get("/readyz", Need::Nothing, "Whether its store and a host answer", Shape::Json("Anything")), system::ready;
    get("/version", Need::Nothing, "Which program answers", Shape::Json("Anything")), system::version;
    get("/metrics", VIEW, "Figures, for Prometheus", Shape::Text), system::metrics;
    get("/openapi.json", Need::Nothing, "This description", Shape::Json("Anything")), openapi::serve;

    with!(post("/api/v1/session", Need::Nothing, "Log a browser in: by a link, a password or a token", (200, Shape::Json("Who"))), body: Some("Login")), session::log_in;
    get("/api/v1/session", Need::Anyone, "Who one is", Shape::Json("Who")), session::show;
    delete("/api/v1/session", Need::Anyone, "Log a browser out", (204, Shape::Nothing)), session::log_out;
    post("/api/v1/login-links", ADMIN, "A link that lets one browser in, once, within ten minutes", (201, Shape::Json("Link"))), session::link;

    with!(get("/api/v1/desktops", VIEW, "All desktops that one may see", Shape::List("Desktop")), switches: &[("tag", "only those with this tag"), ("state", "only those in this state")]), desktops::list;
    with!(post("/api/v1/desktops", OPERATE, "Make a desktop; one that is there already is answered as it is", (201, Shape::Json("Desktop"))), body: Some("Create"), switches: &[WAIT]), desktops::create;
    with!(get("/api/v1/desktops/{id}", VIEW, "One desktop", Shape::Json("Desktop")), switches: &[WAIT]), desktops::show;
    with!(Operation { method: "patch", ..post("/api/v1/desktops/{id}", OPERATE, "Another name, other tags, another size, another owner", (200, Shape::Json("Desktop"))) }, body: Some("Change")), desktops::change;
    with!(delete("/api/v1/desktops/{id}", OPERATE, "End a desktop and forget it; one that is not there is gone already", (202, Shape::Json("Anything"))), switches: &[WAIT, ("forget", "1: forget it at once, whatever is left of it on its host")]), desktops::remove;
    with!(post("/api/v1/desktops/{id}/start", OPERATE, "Start a desktop that was stopped, or failed", (202, Shape::Json("Desktop"))), switches: &[WAIT]), desktops::start;
    with!(post("/api/v1/desktops/{id}/stop", OPERATE, "End a desktop, and keep it in mind", (202, Shape::Json("Desktop"))), switches: &[WAIT]), desktops::stop;
    with!(post("/api/v1/desktops/{id}/resize", OPERATE, "Another size", (202, Shape::Json("Desktop"))), body: Some("Resize")), desktops::resize;
    with!(get("/api/v1/desktops/{id}/logs", OPERATE, "What its programs, its launcher or its bridge print", Shape::Text), switches: &[("of", "desktop, launcher or bridge"), ("follow", "1: go on until it is over"), ("bytes", "so many from the end")]), external::logs;
    with!(get("/api/v1/desktops/{id}/screenshot", VIEW, "One picture; of a stopped desktop the last one, with X-Paused-Screenshot: true", Shape::Bytes), switches: SCREENSHOT), screenshot::serve;
    with!(post("/api/v1/desktops/{id}/exec", AGENT, "Run a program in it", (200, Shape::Json("Executed"))), body: Some("Exec")), external::exec;
    get("/api/v1/desktops/{id}/bridge/{*rest}", VIEW, "Anything that its bridge answers, as far as one's scopes go there", Shape::Bytes), external::bridge;
    post("/api/v1/desktops/{id}/bridge/{*rest}", CONTROL, "The same", (200, Shape::Bytes)), external::bridge;

    get("/api/v1/hosts", VIEW, "Machines with desktops", Shape::List("Host")), hosts::list;
    with!(post("/api/v1/hosts/{host}/drain", ADMIN, "Give a host no more new desktops, or again", (200, Shape::Json("Anything"))), body: Some("Drain")), hosts::drain;
    get("/api/v1/profiles", VIEW, "What desktops can be made of", Shape::List("Anything")), hosts::profiles;
    get("/api/v1/viewers", VIEW, "WebSockets that are carried to desktops", Shape::List("Viewer")), external::viewers;
    delete("/api/v1/viewers/{viewer}", OPERATE, "End one", (204, Shape::Nothing)), external::end_viewer;
    get("/api/v1/wall", VIEW, "A WebSocket: every desktop, with small pictures (docs/control-plane.md)", Shape::Socket), external::wall;
    with!(get("/api/v1/events", VIEW, "What happens, as server-sent events", Shape::Events), switches: &[("after", "begin after the event of this number"), ("follow", "0: only what was")]), events::serve;
    get("/api/v1/recordings", VIEW, "Recordings: not made yet", Shape::Nothing), not_yet;

    get("/api/v1/tokens", ADMIN, "Tokens, without what opens", Shape::List("Token")), access::tokens;
    with!(post("/api/v1/tokens", ADMIN, "Make a token; its text is in this answer and nowhere else", (201, Shape::Json("Token"))), body: Some("TokenWish")), access::add_token;
    delete("/api/v1/tokens/{token}", ADMIN, "Make a token open nothing any more", (204, Shape::Nothing)), access::remove_token;
    get("/api/v1/users", ADMIN, "Users", Shape::List("User")), access::users;
    with!(post("/api/v1/users", ADMIN, "Make a user, or change one, whose browsers have to log in again", (201, Shape::Json("User"))), body: Some("UserWish")), access::put_user;
    delete("/api/v1/users/{user}", ADMIN, "Remove a user", (204, Shape::Nothing)), access::remove_user;

    get("/api/v1/external-agents/{id}/ws/stream", VIEW, "A WebSocket: pictures and use, as docs/protocol-stream.md says", Shape::Socket), external::same;
    get("/api/v1/external-agents/{id}/ws/input", CONTROL, "A WebSocket: use alone", Shape::Socket), external::same;
    with!(get("/api/v1/external-agents/{id}/screenshot", VIEW, "One picture; of a stopped desktop the last one, with X-Paused-Screenshot: true", Shape::Bytes), switches: SCREENSHOT), screenshot::serve;
    get("/api/v1/external-agents/{id}/clipboard", CONTROL, "What is on its clipboard", Shape::Json("Anything")), external::same;
    with!(post("/api/v1/external-agents/{id}/clipboard", CONTROL, "Put something on its clipboard", (200, Shape::Nothing)), body: Some("Anything")), external::same;
    post("/api/v1/external-agents/{id}/upload", CONTROL, "Bring a file into it", (200, Shape::Json("Anything"))), external::same;
    get("/api/v1/external-agents/{id}/file", CONTROL, "A file that was brought into it", Shape::Bytes), external::same;
    with!(post("/api/v1/external-agents/{id}/exec", AGENT, "Run a program in it", (200, Shape::Json("Executed"))), body: Some("Exec")), external::exec;
    with!(post("/api/v1/mcp/desktop", AGENT, "MCP, for agents", (200, Shape::Json("Anything"))), switches: &[("session_id", "which desktop")], body: Some("Anything")), external::mcp;

    get("/d/{id}", Need::Nothing, "Leads to the page", Shape::Nothing), external::towards;
    get("/d/{id}/", Need::Nothing, "The page of a desktop", Shape::Bytes), external::index;
    get("/d/{id}/{*rest}", Need::Nothing, "Its files, and what it asks of its desktop", Shape::Bytes), external::page;
    post("/d/{id}/{*rest}", CONTROL, "The same", (200, Shape::Bytes)), external::page;
];

const SCREENSHOT: &[(&str, &str)] = &[
    ("format", "jpeg, png or webp"),
    ("quality", "of JPEG, 1 to 100; 40 otherwise"),
    ("scale", "0.05 to 1"),
    ("include_cursor", "1: with the pointer, by its bridge"),
];
