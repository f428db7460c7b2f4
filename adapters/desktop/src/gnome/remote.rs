//! org.gnome.Mutter.RemoteDesktop and its session.

use std::collections::HashMap;
use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{Fraction, KeyCode, Keysym};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use zbus::{Connection, DynamicType, ObjectPath, OwnedFd, OwnedObjectPath, OwnedVariant, Variant};

use super::methods::{Methods, StreamArgument};
use super::{MUTTER, display_config, screen_cast};
use crate::{SessionError, bus};

const NAME: &str = "org.gnome.Mutter.RemoteDesktop";
const PATH: &str = "/org/gnome/Mutter/RemoteDesktop";
pub(super) const SESSION: &str = "org.gnome.Mutter.RemoteDesktop.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const INTROSPECTABLE: &str = "org.freedesktop.DBus.Introspectable";
const ANSWER: Duration = Duration::from_secs(5);
/// A modifier alone does nothing.
const HARMLESS: KeyCode = KeyCode(42);

/// Calls a method, with a limit.
pub(super) async fn call<B, R>(
    bus: &Connection,
    name: &str,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<R, SessionError>
where
    B: Serialize + DynamicType,
    R: for<'de> Deserialize<'de> + zbus::Type,
{
    let failed = |error: zbus::Error| match error {
        error if bus::is_absent(&error) => {
            SessionError::unavailable(MUTTER, format!("{name} is not on the session bus, or has no {method}"))
        }
        zbus::Error::InputOutput(error) => SessionError::gone(MUTTER, error.to_string()),
        error => SessionError::refused(MUTTER, format!("{method}: {error}")),
    };
    let answer = timeout(ANSWER, bus.call_method(Some(name), path, Some(interface), method, body));
    let answer = answer.await.map_err(|_| SessionError::Late { what: MUTTER, limit: ANSWER })?.map_err(failed)?;
    answer.body().deserialize().map_err(failed)
}

/// A session that has started.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) bus: Connection,
    pub(super) path: OwnedObjectPath,
    pub(super) methods: Methods,
    stream: Result<OwnedObjectPath, SessionError>,
    shown: Option<Size>,
}

impl Remote {
    /// Makes a session and starts it.
    pub(super) async fn open(address: Option<&str>) -> Result<Self, SessionError> {
        let connecting = timeout(ANSWER, bus::connect(address));
        let bus = connecting.await.map_err(|_| SessionError::Late { what: bus::BUS, limit: ANSWER })??;
        let (remote, started) = match Self::create(&bus, true).await?.start().await {
            Ok(remote) => (remote, Ok(())),
            // Without PipeWire there is no stream. All but absolute positions works.
            Err(error) => (Self::create(&bus, false).await?, Err(error)),
        };
        let mut remote = match started {
            Ok(()) => remote,
            Err(error) => {
                tracing::warn!(%error, "no stream of the monitor, so the pointer cannot be put anywhere");
                Self { stream: Err(error), ..remote }.start().await?
            }
        };
        remote.prime().await?;
        Ok(remote)
    }

    async fn create(bus: &Connection, with_stream: bool) -> Result<Self, SessionError> {
        let path: OwnedObjectPath = call(bus, NAME, PATH, NAME, "CreateSession", &()).await?;
        let xml: String = call(bus, NAME, path.as_str(), INTROSPECTABLE, "Introspect", &()).await?;
        let methods = Methods::read(&xml);
        let shown = display_config::shown(bus).await;
        let stream = match &shown {
            Ok(shown) if with_stream => {
                let id: OwnedVariant =
                    call(bus, NAME, path.as_str(), PROPERTIES, "Get", &(SESSION, "SessionId")).await?;
                let id =
                    id.downcast_ref::<String>().map_err(|error| SessionError::refused(MUTTER, error.to_string()))?;
                screen_cast::record(bus, &id, &shown.connector).await
            }
            Ok(_) => Err(SessionError::unavailable("the stream", "it was not asked for")),
            Err(error) => Err(error.clone()),
        };
        let shown = shown.ok().and_then(|shown| shown.size);
        Ok(Self { bus: bus.clone(), path, methods, stream, shown })
    }

    async fn start(self) -> Result<Self, SessionError> {
        self.call::<_, ()>("Start", &()).await?;
        Ok(self)
    }

    /// The first key of a session makes the keyboard, and is lost.
    async fn prime(&mut self) -> Result<(), SessionError> {
        for down in [true, false] {
            self.key(HARMLESS, down).await?;
        }
        Ok(())
    }

    pub(super) async fn call<B, R>(&self, method: &str, body: &B) -> Result<R, SessionError>
    where
        B: Serialize + DynamicType,
        R: for<'de> Deserialize<'de> + zbus::Type,
    {
        call(&self.bus, NAME, self.path.as_str(), SESSION, method, body).await
    }

    pub(super) async fn key(&self, code: KeyCode, down: bool) -> Result<(), SessionError> {
        self.call("NotifyKeyboardKeycode", &(u32::from(code.0), down)).await
    }

    pub(super) async fn keysym(&self, keysym: Keysym, down: bool) -> Result<(), SessionError> {
        self.call("NotifyKeyboardKeysym", &(keysym.0, down)).await
    }

    pub(super) async fn button(&self, button: u16, down: bool) -> Result<(), SessionError> {
        self.call("NotifyPointerButton", &(i32::from(button), down)).await
    }

    pub(super) async fn move_by(&self, dx: f64, dy: f64) -> Result<(), SessionError> {
        self.call(self.methods.relative, &(dx, dy)).await
    }

    pub(super) async fn move_to(&self, at: (Fraction, Fraction), size: Option<Size>) -> Result<(), SessionError> {
        let (x, y) = self.place(at, size)?;
        let stream = self.stream.as_ref().map_err(Clone::clone)?;
        match self.methods.stream {
            StreamArgument::Text => self.call("NotifyPointerMotionAbsolute", &(stream.as_str(), x, y)).await,
            StreamArgument::Path => {
                let stream: &ObjectPath<'_> = stream;
                self.call("NotifyPointerMotionAbsolute", &(stream, x, y)).await
            }
        }
    }

    pub(super) async fn touch(
        &self,
        method: &str,
        slot: u32,
        at: (Fraction, Fraction),
        size: Option<Size>,
    ) -> Result<(), SessionError> {
        let (x, y) = self.place(at, size)?;
        let stream = self.stream.as_ref().map_err(Clone::clone)?;
        match self.methods.stream {
            StreamArgument::Text => self.call(method, &(stream.as_str(), slot, x, y)).await,
            StreamArgument::Path => {
                let stream: &ObjectPath<'_> = stream;
                self.call(method, &(stream, slot, x, y)).await
            }
        }
    }

    /// The stream's own pixels are those of the monitor, whatever its scale.
    fn place(&self, (x, y): (Fraction, Fraction), size: Option<Size>) -> Result<(f64, f64), SessionError> {
        let size = size.or(self.shown).ok_or(SessionError::NoPictureSize)?;
        // The far edge is outside of the monitor.
        let inside = |at: Fraction, length: u32| at.of(length).min(f64::from(length) - 0.5).max(0.0);
        Ok((inside(x, size.width), inside(y, size.height)))
    }

    /// Notches of a wheel: axis 0 is the vertical one.
    pub(super) async fn wheel(&self, axis: u32, steps: i32) -> Result<(), SessionError> {
        self.call("NotifyPointerAxisDiscrete", &(axis, steps)).await
    }

    pub(super) async fn scroll(&self, dx: f64, dy: f64, flags: u32) -> Result<(), SessionError> {
        self.call("NotifyPointerAxis", &(dx, dy, flags)).await
    }

    pub(super) async fn enable_clipboard(&self) -> Result<(), SessionError> {
        self.call("EnableClipboard", &(HashMap::<&str, Variant<'_>>::new(),)).await
    }

    pub(super) async fn set_selection(&self, types: &[&str]) -> Result<(), SessionError> {
        let options = HashMap::from([("mime-types", Variant::from(types.to_vec()))]);
        self.call("SetSelection", &(options,)).await
    }

    pub(super) async fn read_selection(&self, mime: &str) -> Result<OwnedFd, SessionError> {
        self.call("SelectionRead", &(mime,)).await
    }

    pub(super) async fn write_selection(&self, serial: u32) -> Result<OwnedFd, SessionError> {
        self.call("SelectionWrite", &(serial,)).await
    }

    pub(super) async fn write_done(&self, serial: u32, whole: bool) -> Result<(), SessionError> {
        self.call("SelectionWriteDone", &(serial, whole)).await
    }

    pub(super) async fn stop(&self) {
        if let Err(error) = self.call::<_, ()>("Stop", &()).await {
            tracing::debug!(%error, "the session had ended before");
        }
    }
}
