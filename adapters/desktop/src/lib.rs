//! A running desktop session from the inside: input sinks, clipboard, windows, applications.
//!
//! ```text
//!                    ┌─ SocketSink ──── the launcher's input socket ── devices of the kernel
//!  Event ─▶ InputSink┼─ WlrootsSink ─── virtual pointer, virtual keyboard ───────┐
//!                    └─ GnomeSink ───── org.gnome.Mutter.RemoteDesktop           ├─ compositor
//!  Content ◀▶ Clipboard ─────────────── data control, or RemoteDesktop's ────────┤
//!  windows, workspaces ◀▶ Windows ───── foreign toplevels, sway's socket, Shell ─┘
//! ```
//! Each connection has one owner, a thread; handles send it orders through a bounded queue.

#![forbid(unsafe_code)]

mod bus;
mod clipboard;
mod desktop;
mod error;
mod gnome;
mod launch;
mod sink;
mod socket;
mod wayland;
mod windows;
mod wlroots;

pub use clipboard::{Change, Clipboard, Content, Kind, LARGEST};
pub use desktop::Desktop;
pub use error::{SessionError, SinkError};
pub use gnome::{Gnome, GnomeSink, Unicode};
pub use launch::{Application, Applications};
pub use sink::{Combined, InputSink, Session, SinkKind, open};
pub use socket::SocketSink;
pub use wayland::Display;
pub use windows::{Window, WindowAction, WindowId, WindowState, Windows, Workspace};
pub use wlroots::{WlrootsOptions, WlrootsSink};
