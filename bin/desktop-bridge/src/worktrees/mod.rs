//! The git work trees of the desktop, over HTTP.
//!
//! ```text
//!   GET /workspaces, /workspace/…  ─▶ 2 at once ─┐
//!   POST /workspace/checkpoints/…  ─▶            ├─▶ a thread that may block ─▶ lunette-worktree ─▶ git
//!   POST /workspace/commit-and-push ─▶ one alone ┘
//! ```
//! Whoever may use the desktop may use git in it, by typing; so these need the same scope. Who may only look sees what is
//! on the screen, and no more of the files than that.

mod read;
mod write;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use lunette_cause::chain;
use lunette_worktree::{Tree, Trees, WorktreeError};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::agent::{AgentHost, Caller};
use crate::problem::{self, Problem};

/// Bytes of a request about checkpoints.
const BODY: usize = 64 << 10;
/// Bytes of a request to commit: a long message, escaped.
const MESSAGE_BODY: usize = 512 << 10;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(20);

/// The work trees, and who uses git in them.
#[derive(Debug)]
pub struct Worktrees {
    trees: Arc<Trees>,
    looking: Arc<Semaphore>,
    publishing: Arc<Semaphore>,
}

impl Worktrees {
    /// Those that are looked at at one time.
    const LOOKING: usize = 2;

    /// Nobody uses them yet.
    #[must_use]
    pub fn new(trees: Trees) -> Self {
        let semaphore = |places| Arc::new(Semaphore::new(places));
        Self { trees: Arc::new(trees), looking: semaphore(Self::LOOKING), publishing: semaphore(1) }
    }

    /// Looks at the trees.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Trees) -> Result<T, WorktreeError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.when_free(&self.looking, look).await
    }

    /// Looks at one tree.
    async fn look_at<T: Send + 'static>(
        &self,
        name: Option<String>,
        look: impl FnOnce(&Tree) -> Result<T, WorktreeError> + Send + 'static,
    ) -> Result<(String, T), Problem> {
        self.look(move |trees| {
            let tree = trees.find(name.as_deref())?;
            let seen = look(&tree)?;
            Ok((tree.name().to_owned(), seen))
        })
        .await
    }

    /// Does something that only one may do at a time.
    async fn publish<T: Send + 'static>(
        &self,
        publish: impl FnOnce(&Trees) -> Result<T, WorktreeError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.when_free(&self.publishing, publish).await
    }

    async fn when_free<T: Send + 'static>(
        &self,
        places: &Arc<Semaphore>,
        act: impl FnOnce(&Trees) -> Result<T, WorktreeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(Ok(place)) = timeout(TURN, Arc::clone(places).acquire_owned()).await else {
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "others use the work trees: try again later"));
        };
        let trees = Arc::clone(&self.trees);
        // The place goes along: who asked may be gone while git goes on.
        let acted = tokio::task::spawn_blocking(move || {
            let acted = act(&trees);
            drop(place);
            acted
        });
        match acted.await {
            Ok(acted) => Ok(acted?),
            Err(error) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        }
    }
}

/// `/workspaces` and `/workspace/…`.
pub fn routes<H: AgentHost>() -> Router<Arc<H>> {
    let reading = || {
        Router::new()
            .route("/workspaces", get(read::list::<H>).fallback(problem::method))
            .route("/workspace/status", get(read::status::<H>).fallback(problem::method))
            .route("/workspace/review", get(read::review::<H>).fallback(problem::method))
            .route("/workspace/files", get(read::files::<H>).fallback(problem::method))
            .route("/workspace/file", get(read::file::<H>).fallback(problem::method))
    };
    let keeping = post(write::capture::<H>).fallback(problem::method).layer(DefaultBodyLimit::max(BODY));
    let comparing = post(write::compare::<H>).fallback(problem::method).layer(DefaultBodyLimit::max(BODY));
    let committing =
        post(write::commit_and_push::<H>).fallback(problem::method).layer(DefaultBodyLimit::max(MESSAGE_BODY));
    reading()
        .route("/workspace/checkpoints/capture", keeping)
        .route("/workspace/checkpoints/diff", comparing)
        .route("/workspace/commit-and-push", committing)
}

/// The work trees, for whoever may use the desktop.
fn worktrees<'a, H: AgentHost>(host: &'a H, caller: &Caller) -> Result<&'a Worktrees, Problem> {
    caller.needs(lunette_auth::Scope::Control)?;
    let none = || {
        Problem::new(StatusCode::NOT_FOUND, "this desktop has no folder of work trees")
            .hint("--workspace-dir, or WORKSPACE_DIR, names one")
    };
    host.worktrees().ok_or_else(none)
}

impl From<WorktreeError> for Problem {
    fn from(error: WorktreeError) -> Self {
        let (status, hint) = match &error {
            WorktreeError::Name(_) => (StatusCode::BAD_REQUEST, None),
            WorktreeError::NoPrimary(0) | WorktreeError::NoTree(_) => {
                (StatusCode::NOT_FOUND, Some("GET /workspaces lists what there is"))
            }
            WorktreeError::NoPrimary(_) => {
                (StatusCode::BAD_REQUEST, Some("`workspace` names one of what GET /workspaces lists"))
            }
            WorktreeError::NoCommit(_) | WorktreeError::NoFile(_) => (StatusCode::NOT_FOUND, None),
            WorktreeError::NoGit => (StatusCode::NOT_IMPLEMENTED, Some("install git in the desktop's image")),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        let problem = Self::new(status, chain(&error));
        match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// A name that may be left out, in whatever way.
fn given(name: Option<&str>) -> Option<String> {
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}
