//! What the bridge offers to programs.

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use lunette_auth::{Identity, Scope};
use lunette_input_events::{Event, Kind};
use lunette_snapshot::{Cursor, Snapshots};
use serde::Serialize;

use crate::exec::Executor;
use crate::files::Folder;
use crate::problem::Problem;
use crate::worktrees::Worktrees;

/// One desktop, as programs see it.
pub trait AgentHost: Send + Sync + 'static {
    /// Its pictures.
    fn snapshots(&self) -> &Snapshots;

    /// The pointer, to be drawn into a picture. `None` when it is in the picture already, hidden or not known.
    fn cursor(&self) -> Option<Cursor>;

    /// Makes input happen, all of it or nothing, in this order.
    fn input(&self, caller: &Caller, events: Vec<Event>) -> impl Future<Output = Result<(), HostError>> + Send;

    /// What is on the clipboard, as this kind of thing. `None` when there is nothing of the kind.
    fn clipboard(&self, kind: ClipKind) -> impl Future<Output = Result<Option<Clip>, HostError>> + Send;

    /// Puts something on the clipboard.
    fn set_clipboard(&self, clip: Clip) -> impl Future<Output = Result<(), HostError>> + Send;

    /// The windows.
    fn windows(&self) -> impl Future<Output = Result<Vec<Window>, HostError>> + Send;

    /// Does something to the window with this id.
    fn window(&self, id: &str, action: WindowAction) -> impl Future<Output = Result<(), HostError>> + Send;

    /// The workspaces.
    fn workspaces(&self) -> impl Future<Output = Result<Vec<Workspace>, HostError>> + Send;

    /// Shows the workspace with this id.
    fn switch_workspace(&self, id: &str) -> impl Future<Output = Result<(), HostError>> + Send;

    /// The applications that can be started.
    fn apps(&self) -> impl Future<Output = Result<Vec<App>, HostError>> + Send;

    /// Starts the application with this id.
    fn launch(&self, id: &str) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Which programs may be run, and those that run.
    fn executor(&self) -> &Executor;

    /// The folder for uploads and downloads; `None` when there is none.
    fn folder(&self) -> Option<&Folder>;

    /// The git work trees; `None` when there is no folder of them.
    fn worktrees(&self) -> Option<&Worktrees>;
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What its token says.
    pub identity: Identity,
    /// What it takes part as. Who comes in over these interfaces is a program.
    pub kind: Kind,
}

impl Caller {
    /// Insists on a scope.
    ///
    /// # Errors
    /// 403 when the token has only a narrower one.
    pub fn needs(&self, scope: Scope) -> Result<(), Problem> {
        self.identity.needs(scope).map_err(|denied| Problem::new(StatusCode::FORBIDDEN, denied.to_string()))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let identity = parts.extensions.get::<Identity>().cloned();
        let identity = identity.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "nobody has let this request in"));
        Ok(Self { identity: identity?, kind: Kind::Agent })
    }
}

/// Why the desktop did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Somebody else holds the input, or the caller may not.
    #[error("{0}")]
    Refused(String),
    /// There is no such window, workspace or application.
    #[error("{0}")]
    NotFound(String),
    /// It does not make sense.
    #[error("{0}")]
    Invalid(String),
    /// This desktop cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// It does not work at present.
    #[error("{0}")]
    Unavailable(String),
}

/// What a clipboard may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipKind {
    /// Text.
    Text,
    /// HTML.
    Html,
    /// A picture in PNG.
    Image,
}

/// What is on a clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clip {
    /// Text.
    Text(String),
    /// HTML.
    Html(String),
    /// A picture in PNG.
    Image(Vec<u8>),
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Its id, as long as it is open.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its application.
    pub app_id: String,
    /// Whether it has the keyboard.
    pub focused: bool,
}

/// What can be done to a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowAction {
    /// In front, with the keyboard.
    Focus,
    /// Asked to close.
    Close,
    /// As large as the screen.
    Maximize,
    /// Out of sight.
    Minimize,
    /// To the left half of the screen.
    TileLeft,
    /// To the right half.
    TileRight,
    /// To the workspace with this id.
    MoveToWorkspace(String),
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Whether it is shown.
    pub active: bool,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct App {
    /// Its id, such as `org.gnome.TextEditor`.
    pub id: String,
    /// What it is called.
    pub name: String,
}
