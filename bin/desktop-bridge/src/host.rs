//! This desktop, as programs see it.

use std::sync::Arc;
use std::time::Duration;

use lunette_desktop_session::{Content, Kind, SessionError, WindowAction as Act, WindowId};
use lunette_frame::Size;
use lunette_input_events::{Event, Refusal};
use lunette_snapshot::{Cursor, Snapshots};
use lunette_wire::stream::ServerMessage;
use tokio::time::timeout;

use crate::agent::{AgentHost, App, Caller, Clip, ClipKind, HostError, Window, WindowAction, Workspace};
use crate::bridge::Bridge;
use crate::exec::Executor;
use crate::files::Folder;
use crate::sink::Parts;
use crate::worktrees::Worktrees;

/// For input to happen.
const INPUT: Duration = Duration::from_secs(15);

impl Bridge {
    fn parts(&self) -> Result<Arc<Parts>, HostError> {
        let starting =
            || HostError::Unavailable("the desktop is still being looked at: try again in a moment".to_owned());
        self.sink.parts().ok_or_else(starting)
    }
}

impl AgentHost for Bridge {
    fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    fn cursor(&self) -> Option<Cursor> {
        let Some(ServerMessage::CursorImage(image)) = self.desk.lounge.cursor() else { return None };
        let bitmap = image.bitmap?;
        Some(Cursor {
            x: image.x,
            y: image.y,
            hot_x: image.hot_x,
            hot_y: image.hot_y,
            size: Size::new(bitmap.width(), bitmap.height()),
            rgba: bitmap.pixels().to_vec().into(),
        })
    }

    async fn input(&self, caller: &Caller, events: Vec<Event>) -> Result<(), HostError> {
        let passed = self.programs.input(&caller.identity, events)?;
        let late = |_| HostError::Unavailable("the desktop has not taken it yet, and still may".to_owned());
        let happened = timeout(INPUT, self.sink.happened(passed)).await.map_err(late)?;
        happened.map_err(|reason| HostError::Unavailable(format!("not all of it happened: {reason}")))
    }

    async fn clipboard(&self, kind: ClipKind) -> Result<Option<Clip>, HostError> {
        let kind = match kind {
            ClipKind::Text => Kind::Text,
            ClipKind::Html => Kind::Html,
            ClipKind::Image => Kind::Image,
        };
        let content = self.parts()?.clipboard.get(kind).await?;
        Ok(content.map(|content| match content {
            Content::Text(text) => Clip::Text(text),
            Content::Html(html) => Clip::Html(html),
            Content::Png(png) => Clip::Image(png),
        }))
    }

    async fn set_clipboard(&self, clip: Clip) -> Result<(), HostError> {
        let content = match clip {
            Clip::Text(text) => Content::Text(text),
            Clip::Html(html) => Content::Html(html),
            Clip::Image(png) => Content::Png(png),
        };
        Ok(self.parts()?.clipboard.set(vec![content]).await?)
    }

    async fn windows(&self) -> Result<Vec<Window>, HostError> {
        let windows = self.parts()?.windows.list().await?;
        let window = |window: lunette_desktop_session::Window| Window {
            id: window.id.0.to_string(),
            title: window.title,
            app_id: window.app_id,
            focused: window.state.is_some_and(|state| state.focused),
        };
        Ok(windows.into_iter().map(window).collect())
    }

    async fn window(&self, id: &str, action: WindowAction) -> Result<(), HostError> {
        let none =
            |_| HostError::NotFound(format!("there is no window {id:?}; list the windows to see which there are"));
        let id = WindowId(id.parse().map_err(none)?);
        let windows = &self.parts()?.windows;
        let done = match action {
            WindowAction::Focus => windows.act(id, Act::Focus).await,
            WindowAction::Close => windows.act(id, Act::Close).await,
            WindowAction::Maximize => windows.act(id, Act::Maximize).await,
            WindowAction::Minimize => windows.act(id, Act::Minimize).await,
            WindowAction::MoveToWorkspace(name) => windows.move_to_workspace(id, &name).await,
            WindowAction::TileLeft | WindowAction::TileRight => {
                return Err(HostError::Unsupported("windows cannot be tiled from outside here".to_owned()));
            }
        };
        Ok(done?)
    }

    async fn workspaces(&self) -> Result<Vec<Workspace>, HostError> {
        let workspaces = self.parts()?.windows.workspaces().await?;
        let workspace = |one: lunette_desktop_session::Workspace| Workspace {
            id: one.name.clone(),
            name: one.name,
            active: one.visible,
        };
        Ok(workspaces.into_iter().map(workspace).collect())
    }

    async fn switch_workspace(&self, id: &str) -> Result<(), HostError> {
        Ok(self.parts()?.windows.switch_workspace(id).await?)
    }

    async fn apps(&self) -> Result<Vec<App>, HostError> {
        let parts = self.parts()?;
        let listed = tokio::task::spawn_blocking(move || parts.applications.list()).await;
        let listed = listed.map_err(|error| HostError::Unavailable(error.to_string()))?;
        Ok(listed.into_iter().map(|app| App { id: app.id, name: app.name }).collect())
    }

    async fn launch(&self, id: &str) -> Result<(), HostError> {
        let (parts, id) = (self.parts()?, id.to_owned());
        let launched = tokio::task::spawn_blocking(move || parts.applications.launch(&id, &[])).await;
        launched.map_err(|error| HostError::Unavailable(error.to_string()))??;
        Ok(())
    }

    fn executor(&self) -> &Executor {
        &self.executor
    }

    fn folder(&self) -> Option<&Folder> {
        self.folder.as_ref()
    }

    fn worktrees(&self) -> Option<&Worktrees> {
        self.worktrees.as_ref()
    }
}

impl From<Refusal> for HostError {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::NoInput(_) | Refusal::Behind | Refusal::Full(_) => Self::Unavailable(text),
            Refusal::CannotType(_) => Self::Unsupported(text),
            _ => Self::Refused(text),
        }
    }
}

impl From<SessionError> for HostError {
    fn from(error: SessionError) -> Self {
        let text = lunette_cause::chain(&error);
        match error {
            SessionError::NotFound { .. } => Self::NotFound(text),
            SessionError::TooLarge { .. } => Self::Invalid(text),
            SessionError::Unavailable { .. } => Self::Unsupported(text),
            _ => Self::Unavailable(text),
        }
    }
}
