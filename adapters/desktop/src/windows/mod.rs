//! The session's windows and workspaces.

mod desk;
mod ext_list;
mod introspect;
mod sway_ipc;
mod wlr_management;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use self::desk::{Command, Desk};
use self::introspect::Introspect;
use self::sway_ipc::SwayIpc;
use crate::clipboard::ask;
use crate::sink::Session;
use crate::wayland::Owner;
use crate::{Display, SessionError};

pub(crate) const WINDOWS: &str = "the window list";
const WORKSPACES: &str = "the list of workspaces";
/// Within which a window that gets the focus says so.
const FOCUS: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A window, for as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowId(pub u64);

impl fmt::Display for WindowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WindowId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What is known about a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its number.
    pub id: WindowId,
    /// Its title.
    pub title: String,
    /// Which application it says that it is.
    pub app_id: String,
    /// Its state; `None` where the compositor does not tell.
    pub state: Option<WindowState>,
}

/// How a window is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowState {
    /// It has the keyboard.
    pub focused: bool,
    /// It fills the desktop.
    pub maximized: bool,
    /// It is hidden.
    pub minimized: bool,
    /// It fills the screen.
    pub fullscreen: bool,
}

/// What can be done to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowAction {
    /// It gets the keyboard, and comes to the front.
    Focus,
    /// It is asked to go.
    Close,
    /// It fills the desktop.
    Maximize,
    /// It no longer does.
    Unmaximize,
    /// It is hidden.
    Minimize,
    /// It no longer is.
    Unminimize,
    /// It fills the screen.
    Fullscreen,
    /// It no longer does.
    Unfullscreen,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Whether some output shows it.
    pub visible: bool,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// The output that it is on.
    pub output: String,
}

/// The session's windows.
#[derive(Debug, Clone)]
pub struct Windows {
    way: Way,
    sway: Option<SwayIpc>,
}

#[derive(Debug, Clone)]
enum Way {
    Toplevels(Owner<Desk>),
    Introspect(Introspect),
    Unavailable(SessionError),
}

impl Windows {
    /// Looks for a way to see the session's windows. A session without one says why when it is asked.
    #[must_use]
    pub fn open(session: &Session) -> Self {
        let toplevels = match &session.display {
            Some(display) => Self::toplevels(display.clone()),
            None => Err(SessionError::unavailable(WINDOWS, "the compositor's socket is not known")),
        };
        let way = toplevels.unwrap_or_else(|first| match Introspect::open(session.bus.as_deref()) {
            Some(shell) => Way::Introspect(shell),
            None => Way::Unavailable(first),
        });
        Self { way, sway: session.sway_socket.clone().map(SwayIpc::new) }
    }

    fn toplevels(display: Display) -> Result<Way, SessionError> {
        Owner::spawn(display, Desk::default()).map(Way::Toplevels)
    }

    /// All windows.
    ///
    /// # Errors
    /// When the session does not show them.
    pub async fn list(&self) -> Result<Vec<Window>, SessionError> {
        match &self.way {
            Way::Toplevels(owner) => ask(|answer| owner.send(Command::List { answer })).await,
            Way::Introspect(shell) => shell.windows().await,
            Way::Unavailable(why) => Err(why.clone()),
        }
    }

    /// Does something to a window, when its program and the compositor want to.
    ///
    /// # Errors
    /// When there is no such window, or the compositor never does this.
    pub async fn act(&self, window: WindowId, action: WindowAction) -> Result<(), SessionError> {
        let is_tiled = matches!(
            action,
            WindowAction::Maximize | WindowAction::Unmaximize | WindowAction::Minimize | WindowAction::Unminimize
        );
        match &self.way {
            Way::Toplevels(_) if is_tiled && self.sway.is_some() => {
                Err(SessionError::unavailable("this action", "sway neither maximizes nor minimizes windows"))
            }
            Way::Toplevels(owner) => ask(|answer| owner.send(Command::Act { window, action, answer })).await,
            Way::Introspect(_) => {
                Err(SessionError::unavailable("this action", "GNOME Shell lets other programs see windows at most"))
            }
            Way::Unavailable(why) => Err(why.clone()),
        }
    }

    /// All workspaces.
    ///
    /// # Errors
    /// When the compositor does not tell, as all but sway.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, SessionError> {
        self.sway()?.workspaces().await
    }

    /// Goes to a workspace, which is made when it is not there.
    ///
    /// # Errors
    /// When the compositor cannot, or the name is none.
    pub async fn switch_workspace(&self, name: &str) -> Result<(), SessionError> {
        self.sway()?.switch(name).await
    }

    /// Moves a window to a workspace, and gives it the keyboard.
    ///
    /// # Errors
    /// When the compositor cannot, or there is no such window.
    pub async fn move_to_workspace(&self, window: WindowId, name: &str) -> Result<(), SessionError> {
        let sway = self.sway()?;
        sway_ipc::check_name(name)?;
        self.act(window, WindowAction::Focus).await?;
        // The answer to one connection says nothing about the other: sway must have seen the focus change.
        let focus = tokio::time::timeout(FOCUS, self.until_focused(window)).await;
        focus.map_err(|_| {
            SessionError::refused("the compositor", format!("window {window} does not get the focus"))
        })??;
        sway.move_focused(name).await
    }

    /// sway tells of a change of focus when it has nothing else to do, which may be after its next answer.
    async fn until_focused(&self, window: WindowId) -> Result<(), SessionError> {
        loop {
            let moved = self.list().await?.into_iter().find(|other| other.id == window);
            if moved.and_then(|window| window.state).is_some_and(|state| state.focused) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn sway(&self) -> Result<&SwayIpc, SessionError> {
        self.sway.as_ref().ok_or_else(|| SessionError::unavailable(WORKSPACES, "the compositor is not sway"))
    }
}
