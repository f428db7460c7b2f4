//! The state behind the window list of a Wayland session: what the thread of its connection owns.

use tokio::sync::oneshot;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_handle_v1::ExtForeignToplevelHandleV1;
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_list_v1::ExtForeignToplevelListV1;
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_handle_v1::ZwlrForeignToplevelHandleV1;
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_manager_v1::ZwlrForeignToplevelManagerV1;

use super::{WINDOWS, Window, WindowAction, WindowId, WindowState};
use crate::SessionError;
use crate::wayland::{Globals, Handle, Link, Part};

type Answer<T> = oneshot::Sender<Result<T, SessionError>>;

/// Windows that are kept. No desktop has as many.
const MOST_WINDOWS: usize = 1024;
/// Of a title, in bytes; the rest is cut off.
const LONGEST_TEXT: usize = 4096;

/// What the window list is told.
#[derive(Debug)]
pub(super) enum Command {
    List { answer: Answer<Vec<Window>> },
    Act { window: WindowId, action: WindowAction, answer: Answer<()> },
}

/// A window in one of the two protocols.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Toplevel {
    Managed(ZwlrForeignToplevelHandleV1),
    Listed(ExtForeignToplevelHandleV1),
}

#[derive(Debug)]
struct Entry {
    toplevel: Toplevel,
    window: Window,
    /// Whether the compositor has said all about it for the first time.
    is_whole: bool,
}

/// The windows.
#[derive(Debug, Default)]
pub(super) struct Desk {
    seat: Option<WlSeat>,
    entries: Vec<Entry>,
    last: u64,
}

impl Desk {
    pub(super) fn appeared(&mut self, toplevel: Toplevel) {
        if self.entries.len() >= MOST_WINDOWS {
            tracing::warn!("more windows than are kept");
            return;
        }
        self.last += 1;
        let state = matches!(toplevel, Toplevel::Managed(_)).then(WindowState::default);
        let window = Window { id: WindowId(self.last), title: String::new(), app_id: String::new(), state };
        self.entries.push(Entry { toplevel, window, is_whole: false });
    }

    pub(super) fn change(&mut self, toplevel: &Toplevel, change: impl FnOnce(&mut Window)) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.toplevel == *toplevel) {
            change(&mut entry.window);
        }
    }

    pub(super) fn is_whole(&mut self, toplevel: &Toplevel) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.toplevel == *toplevel) {
            entry.is_whole = true;
        }
    }

    pub(super) fn gone(&mut self, toplevel: &Toplevel) {
        self.entries.retain(|entry| entry.toplevel != *toplevel);
    }

    fn list(&self) -> Vec<Window> {
        self.entries.iter().filter(|entry| entry.is_whole).map(|entry| entry.window.clone()).collect()
    }

    fn act(&self, id: WindowId, action: WindowAction) -> Result<(), SessionError> {
        let entry = self.entries.iter().find(|entry| entry.window.id == id);
        let entry = entry.ok_or_else(|| SessionError::NotFound { what: "window", id: id.to_string() })?;
        let Toplevel::Managed(handle) = &entry.toplevel else {
            return Err(SessionError::unavailable("this action", "the compositor lists windows and no more"));
        };
        match action {
            WindowAction::Focus => {
                let seat = self.seat.as_ref();
                handle.activate(seat.ok_or_else(|| SessionError::unavailable(WINDOWS, "there is no seat"))?);
            }
            WindowAction::Close => handle.close(),
            WindowAction::Maximize => handle.set_maximized(),
            WindowAction::Unmaximize => handle.unset_maximized(),
            WindowAction::Minimize => handle.set_minimized(),
            WindowAction::Unminimize => handle.unset_minimized(),
            WindowAction::Fullscreen => handle.set_fullscreen(None),
            WindowAction::Unfullscreen => handle.unset_fullscreen(),
        }
        Ok(())
    }
}

/// Titles are as long as programs like.
pub(super) fn short(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
    }
    text
}

impl Part for Desk {
    type Command = Command;
    const NAME: &'static str = "windows";

    fn bind(&mut self, globals: &Globals, handle: &Handle<Self>) -> Result<(), SessionError> {
        self.seat = globals.bind(1, handle);
        let managed: Option<ZwlrForeignToplevelManagerV1> = globals.bind(3, handle);
        if managed.is_some() {
            return Ok(());
        }
        let listed: Option<ExtForeignToplevelListV1> = globals.bind(1, handle);
        let lacking = "the compositor has neither zwlr_foreign_toplevel_manager_v1 nor ext_foreign_toplevel_list_v1";
        listed.map(drop).ok_or_else(|| SessionError::unavailable(WINDOWS, lacking))
    }

    fn handle(&mut self, command: Command, _: &Handle<Self>) {
        match command {
            Command::List { answer } => drop(answer.send(Ok(self.list()))),
            Command::Act { window, action, answer } => drop(answer.send(self.act(window, action))),
        }
    }

    fn refuse(command: Command, error: &SessionError) {
        match command {
            Command::List { answer } => drop(answer.send(Err(error.clone()))),
            Command::Act { answer, .. } => drop(answer.send(Err(error.clone()))),
        }
    }

    fn unbind(&mut self, _: &SessionError) {
        self.entries.clear();
        self.seat = None;
    }
}

wayland_client::delegate_noop!(Link<Desk>: ignore WlSeat);
