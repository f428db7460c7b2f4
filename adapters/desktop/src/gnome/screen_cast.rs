//! org.gnome.Mutter.ScreenCast: the stream that positions refer to. Nobody looks at it.

use std::collections::HashMap;

use zbus::{Connection, OwnedObjectPath, Variant};

use super::remote::call;
use crate::SessionError;

const NAME: &str = "org.gnome.Mutter.ScreenCast";
const PATH: &str = "/org/gnome/Mutter/ScreenCast";
const SESSION: &str = "org.gnome.Mutter.ScreenCast.Session";
/// The cursor is in the picture of this stream; 1 is "embedded", which every version has.
const CURSOR_MODE: u32 = 1;

/// A stream of the monitor, which belongs to the remote desktop session and starts with it.
pub(super) async fn record(bus: &Connection, session: &str, connector: &str) -> Result<OwnedObjectPath, SessionError> {
    let linked = HashMap::from([("remote-desktop-session-id", Variant::from(session))]);
    let cast: OwnedObjectPath = call(bus, NAME, PATH, NAME, "CreateSession", &(linked,)).await?;
    let options = HashMap::from([("cursor-mode", Variant::from(CURSOR_MODE))]);
    call(bus, NAME, cast.as_str(), SESSION, "RecordMonitor", &(connector, options)).await
}
