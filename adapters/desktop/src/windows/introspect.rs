//! org.gnome.Shell.Introspect, where GNOME Shell lets us.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::timeout;
use zbus::{Connection, OwnedVariant};

use super::{WINDOWS, Window, WindowId, WindowState};
use crate::SessionError;
use crate::bus;

const NAME: &str = "org.gnome.Shell";
const PATH: &str = "/org/gnome/Shell/Introspect";
const INTERFACE: &str = "org.gnome.Shell.Introspect";
const ANSWER: Duration = Duration::from_secs(5);

/// GNOME Shell on this bus.
#[derive(Debug, Clone)]
pub(super) struct Introspect {
    address: Option<String>,
}

type Properties = HashMap<String, OwnedVariant>;

impl Introspect {
    /// `None` where there is no session bus to look for it on.
    pub(super) fn open(address: Option<&str>) -> Option<Self> {
        bus::is_there(address).then(|| Self { address: address.map(str::to_owned) })
    }

    pub(super) async fn windows(&self) -> Result<Vec<Window>, SessionError> {
        let late = |_| SessionError::Late { what: "GNOME Shell", limit: ANSWER };
        timeout(ANSWER, self.ask()).await.map_err(late)?
    }

    async fn ask(&self) -> Result<Vec<Window>, SessionError> {
        let bus = bus::connect(self.address.as_deref()).await?;
        let windows: HashMap<u64, Properties> = get(&bus).await?;
        let mut windows: Vec<Window> = windows.into_iter().map(|(id, properties)| window(id, &properties)).collect();
        windows.sort_by_key(|window| window.id);
        Ok(windows)
    }
}

async fn get(bus: &Connection) -> Result<HashMap<u64, Properties>, SessionError> {
    let refused = |error: zbus::Error| {
        let why = match error {
            _ if bus::is_denied(&error) => "GNOME Shell shows its windows to its own programs only".to_owned(),
            _ if bus::is_absent(&error) => "no GNOME Shell is on the session bus".to_owned(),
            other => other.to_string(),
        };
        SessionError::unavailable(WINDOWS, why)
    };
    let answer = bus.call_method(Some(NAME), PATH, Some(INTERFACE), "GetWindows", &()).await.map_err(refused)?;
    answer.body().deserialize().map_err(|error| SessionError::refused("GNOME Shell", error.to_string()))
}

fn window(id: u64, properties: &Properties) -> Window {
    let text = |name| properties.get(name).and_then(|value| value.downcast_ref::<String>().ok()).unwrap_or_default();
    let flag = |name| properties.get(name).and_then(|value| value.downcast_ref::<bool>().ok()).unwrap_or_default();
    let state = WindowState { focused: flag("has-focus"), minimized: flag("is-hidden"), ..WindowState::default() };
    Window { id: WindowId(id), title: text("title"), app_id: text("app-id"), state: Some(state) }
}
