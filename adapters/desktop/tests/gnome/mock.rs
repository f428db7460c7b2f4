//! A stand-in for Mutter that notes what it is told.

#![allow(clippy::needless_pass_by_value, reason = "arguments of D-Bus methods are owned")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, ObjectPath, OwnedObjectPath, OwnedVariant, interface};

pub(crate) const SESSION: &str = "/org/gnome/Mutter/RemoteDesktop/Session/u1";
pub(crate) const STREAM: &str = "/org/gnome/Mutter/ScreenCast/Stream/u1";
const CAST: &str = "/org/gnome/Mutter/ScreenCast/Session/u1";

type Notes = Arc<Mutex<Vec<String>>>;
type Options = HashMap<String, OwnedVariant>;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Old,
    New,
}

pub(crate) struct Mutter {
    pub(crate) bus: Connection,
    notes: Notes,
}

impl Mutter {
    pub(crate) async fn start(address: &str, version: Version) -> Result<Self> {
        let notes = Notes::default();
        let builder = Builder::address(address)
            .serve_at("/org/gnome/Mutter/RemoteDesktop", RemoteDesktop(notes.clone()))
            .serve_at("/org/gnome/Mutter/ScreenCast", ScreenCast(notes.clone()))
            .serve_at(CAST, CastSession(notes.clone()))
            .serve_at("/org/gnome/Mutter/DisplayConfig", DisplayConfig);
        let builder = match version {
            Version::Old => builder.serve_at(SESSION, OldSession(notes.clone())),
            Version::New => builder.serve_at(SESSION, NewSession(notes.clone())),
        };
        let names = ["RemoteDesktop", "ScreenCast", "DisplayConfig"];
        let builder = names.iter().fold(builder, |builder, name| builder.name(format!("org.gnome.Mutter.{name}")));
        Ok(Self { bus: builder.build().await?, notes })
    }

    /// What it was told since the last time.
    pub(crate) fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }
}

fn note(notes: &Notes, what: String) {
    notes.lock().unwrap().push(what);
}

struct RemoteDesktop(Notes);

#[interface(name = "org.gnome.Mutter.RemoteDesktop")]
impl RemoteDesktop {
    fn create_session(&self) -> OwnedObjectPath {
        note(&self.0, "CreateSession".into());
        ObjectPath::try_from(SESSION).unwrap().into()
    }
}

struct ScreenCast(Notes);

#[interface(name = "org.gnome.Mutter.ScreenCast")]
impl ScreenCast {
    fn create_session(&self, options: Options) -> OwnedObjectPath {
        let linked: String = options["remote-desktop-session-id"].downcast_ref().unwrap();
        note(&self.0, format!("ScreenCast of {linked}"));
        ObjectPath::try_from(CAST).unwrap().into()
    }
}

struct CastSession(Notes);

#[interface(name = "org.gnome.Mutter.ScreenCast.Session")]
impl CastSession {
    fn record_monitor(&self, connector: String, options: Options) -> OwnedObjectPath {
        let mode: u32 = options["cursor-mode"].downcast_ref().unwrap();
        note(&self.0, format!("RecordMonitor {connector} {mode}"));
        ObjectPath::try_from(STREAM).unwrap().into()
    }
}

struct DisplayConfig;

type Spec = (String, String, String, String);
type Mode = (String, i32, i32, f64, f64, Vec<f64>, Options);
type Monitor = (Spec, Vec<Mode>, Options);
type Logical = (i32, i32, f64, u32, bool, Vec<Spec>, Options);

#[interface(name = "org.gnome.Mutter.DisplayConfig")]
impl DisplayConfig {
    fn get_current_state(&self) -> (u32, Vec<Monitor>, Vec<Logical>, Options) {
        let spec = |name: &str| (name.to_owned(), "v".to_owned(), "p".to_owned(), "s".to_owned());
        let mode = |width, height, is_current: bool| {
            let current =
                HashMap::from([("is-current".to_owned(), zbus::Variant::from(is_current).try_into().unwrap())]);
            (
                format!("{width}x{height}"),
                width,
                height,
                60.0,
                1.0,
                vec![1.0, 2.0],
                if is_current { current } else { Options::new() },
            )
        };
        let monitors = vec![
            (spec("Virtual-1"), vec![mode(800, 600, true)], Options::new()),
            (spec("Virtual-2"), vec![mode(640, 480, false), mode(2000, 1000, true)], Options::new()),
        ];
        let logical = vec![
            (2000, 0, 1.0, 0, false, vec![spec("Virtual-1")], Options::new()),
            (0, 0, 2.0, 0, true, vec![spec("Virtual-2")], Options::new()),
        ];
        (1, monitors, logical, Options::new())
    }
}

struct NewSession(Notes);

#[interface(name = "org.gnome.Mutter.RemoteDesktop.Session")]
impl NewSession {
    #[zbus(property)]
    fn session_id(&self) -> String {
        "session-7".into()
    }

    fn start(&self) {
        note(&self.0, "Start".into());
    }

    fn stop(&self) {
        note(&self.0, "Stop".into());
    }

    fn notify_keyboard_keycode(&self, code: u32, down: bool) {
        note(&self.0, format!("keycode {code} {down}"));
    }

    fn notify_keyboard_keysym(&self, keysym: u32, down: bool) {
        note(&self.0, format!("keysym {keysym:#x} {down}"));
    }

    fn notify_pointer_button(&self, button: i32, down: bool) {
        note(&self.0, format!("button {button} {down}"));
    }

    fn notify_pointer_axis(&self, dx: f64, dy: f64, flags: u32) {
        note(&self.0, format!("axis {dx} {dy} {flags}"));
    }

    fn notify_pointer_axis_discrete(&self, axis: u32, steps: i32) {
        note(&self.0, format!("wheel {axis} {steps}"));
    }

    fn notify_pointer_motion_relative(&self, dx: f64, dy: f64) {
        note(&self.0, format!("relative {dx} {dy}"));
    }

    fn notify_pointer_motion_absolute(&self, stream: String, x: f64, y: f64) {
        note(&self.0, format!("absolute string {stream} {x} {y}"));
    }

    fn notify_touch_down(&self, stream: String, slot: u32, x: f64, y: f64) {
        note(&self.0, format!("touch down {stream} {slot} {x} {y}"));
    }

    fn notify_touch_motion(&self, stream: String, slot: u32, x: f64, y: f64) {
        note(&self.0, format!("touch motion {stream} {slot} {x} {y}"));
    }

    fn notify_touch_up(&self, slot: u32) {
        note(&self.0, format!("touch up {slot}"));
    }

    #[zbus(signal)]
    async fn closed(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

/// As an older version, and as the portal calls things.
struct OldSession(Notes);

#[interface(name = "org.gnome.Mutter.RemoteDesktop.Session")]
impl OldSession {
    #[zbus(property)]
    fn session_id(&self) -> String {
        "session-7".into()
    }

    fn start(&self) {
        note(&self.0, "Start".into());
    }

    fn stop(&self) {
        note(&self.0, "Stop".into());
    }

    fn notify_keyboard_keycode(&self, code: u32, down: bool) {
        note(&self.0, format!("keycode {code} {down}"));
    }

    fn notify_pointer_axis(&self, dx: f64, dy: f64, flags: u32) {
        note(&self.0, format!("axis {dx} {dy} {flags}"));
    }

    fn notify_pointer_motion(&self, dx: f64, dy: f64) {
        note(&self.0, format!("old relative {dx} {dy}"));
    }

    fn notify_pointer_motion_absolute(&self, stream: OwnedObjectPath, x: f64, y: f64) {
        note(&self.0, format!("absolute path {stream} {x} {y}"));
    }
}

/// Mutter ends the session.
pub(crate) async fn close(mutter: &Mutter) -> Result<()> {
    let session = mutter.bus.object_server().interface::<_, NewSession>(SESSION).await?;
    Ok(NewSession::closed(session.signal_emitter()).await?)
}
