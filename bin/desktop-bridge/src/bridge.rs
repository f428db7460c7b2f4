//! What everything in this program shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use lunette_frame::Size;
use lunette_input_events::Patience;
use lunette_session::ViewerLimits;
use lunette_snapshot::Snapshots;
use lunette_viewer::{Closing, Desk, LatenessMeter, Lounge};
use lunette_wire::stream::{ClipboardChange, VideoMode};
use lunette_worktree::{Git, Trees};
use tokio::sync::watch;

use crate::access::Gate;
use crate::cli::Args;
use crate::exec::{Executor, Policy};
use crate::files::Folder;
use crate::http::Requests;
use crate::looking::Looking;
use crate::programs::Programs;
use crate::sink::{SinkState, SinkThread};
use crate::source::{self, Source, Surroundings};
use crate::worktrees::Worktrees;

/// The size that places are told in before there is a picture.
const BEFORE_A_PICTURE: Size = Size::new(1920, 1080);
/// How often it is looked for programs that are gone.
const SWEEP: Duration = Duration::from_secs(5);

/// One desktop.
pub struct Bridge {
    /// What its viewers share.
    pub desk: Desk,
    /// Who may come in.
    pub gate: Gate,
    /// Where input goes, and what else the session has.
    pub sink: Arc<SinkState>,
    /// Its pictures, for who looks at one at a time.
    pub snapshots: Snapshots,
    /// The programs that work in it.
    pub programs: Programs,
    /// Which of its programs may be run, and those that run.
    pub executor: Executor,
    /// The folder for uploads and downloads.
    pub folder: Option<Folder>,
    /// Its git work trees.
    pub worktrees: Option<Worktrees>,
    /// What its session is called.
    pub session_id: Option<String>,
    /// Whether MCP is served.
    pub mcp: bool,
    /// What was asked of it, and how that was answered.
    pub requests: Requests,
    /// What is behind the pictures, where that is to be looked for.
    surroundings: Option<Arc<Surroundings>>,
    /// When this program started.
    pub started: Instant,
}

impl Bridge {
    /// Puts together what the flags ask for. Nothing is waited for.
    ///
    /// # Errors
    /// When the flags ask for something that cannot be.
    pub fn new(args: &Args, gate: Gate, closing: Closing) -> anyhow::Result<Self> {
        let sink = SinkThread::start(args)?;
        let Source { video, mode, hub, surroundings } = source::open(args, &sink.state)?;
        let size = video.facts().size.unwrap_or(BEFORE_A_PICTURE);
        let lounge = Lounge::new(size, Patience::default(), sink.events);
        sink.state.set_lounge(Arc::clone(&lounge));
        if let Some(hub) = hub {
            hub.show_pointer_in(Arc::clone(&lounge));
        }
        let lateness = Arc::new(LatenessMeter::default());
        let limits = ViewerLimits::default();
        let asked_mode = args.video_mode.as_deref().and_then(VideoMode::from_env_text);
        let desk = Desk { lounge, video, mode, asked_mode, clipboard: true, lateness, closing, limits };
        let looking = Looking::new(Arc::clone(&desk.video), Arc::clone(&desk.lounge));
        Ok(Self {
            programs: Programs::new(Arc::clone(&desk.lounge)),
            desk,
            gate,
            sink: sink.state,
            snapshots: Snapshots::new(move || looking.feed()),
            executor: Executor::new(policy(args)?),
            folder: folder(args)?,
            worktrees: worktrees(args),
            session_id: args.session_id.clone(),
            mcp: args.mcp,
            requests: Requests::default(),
            surroundings,
            started: Instant::now(),
        })
    }

    /// What goes on beside requests, for ever.
    pub async fn run(&self) {
        let lounge = Arc::clone(&self.desk.lounge);
        let asked = move || !lounge.presence().is_empty();
        let keep_time = Arc::clone(&self.desk.lounge).keep_time();
        let lateness = Arc::clone(&self.desk.lateness).run(asked);
        tokio::join!(keep_time, lateness, self.follow_clipboard(), self.sweep(), self.look_around());
    }

    async fn look_around(&self) {
        if let Some(surroundings) = &self.surroundings {
            surroundings.run().await;
        }
    }

    async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            self.programs.sweep();
        }
    }

    /// Tells viewers when the clipboard changes; the session may be opened anew at any time.
    async fn follow_clipboard(&self) {
        let mut parts = self.sink.watch_parts();
        loop {
            let current = parts.borrow_and_update().clone();
            let following = async {
                let Some(current) = &current else { return std::future::pending().await };
                let mut changes = current.clipboard.changes();
                while changes.changed().await.is_ok() {
                    let change = changes.borrow_and_update().clone();
                    let change = ClipboardChange { sequence: change.sequence, types: change.types };
                    self.desk.lounge.clipboard_changed(change);
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = following => {}
                changed = parts.changed() => if changed.is_err() { return },
            }
        }
    }
}

fn policy(args: &Args) -> anyhow::Result<Policy> {
    let Some(path) = &args.exec_policy else { return Ok(Policy::default()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Policy::parse(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// The work trees of the folder that was named. It may be made later.
fn worktrees(args: &Args) -> Option<Worktrees> {
    let folder = args.workspace_dir.clone().filter(|folder| !folder.as_os_str().is_empty())?;
    let primary = args.primary_repo_name.clone().filter(|name| !name.is_empty());
    Some(Worktrees::new(Trees::new(folder, primary, Git::from_environment(lunette_worktree::Limits::default()))))
}

/// The folder that was asked for, or one at home where there is a home.
fn folder(args: &Args) -> anyhow::Result<Option<Folder>> {
    if let Some(path) = &args.folder {
        return Folder::open(path).map(Some).with_context(|| format!("cannot use --folder {}", path.display()));
    }
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else { return Ok(None) };
    match Folder::open(&home.join("Uploads")) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) => {
            tracing::warn!(error = lunette_cause::chain(&error), "there is no folder for files: --folder names one");
            Ok(None)
        }
    }
}

/// Both ends of "the server is about to end".
#[must_use]
pub fn closing() -> (watch::Sender<bool>, Closing) {
    watch::channel(false)
}
