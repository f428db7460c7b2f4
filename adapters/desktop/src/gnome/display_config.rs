//! org.gnome.Mutter.DisplayConfig: which monitor there is, and how large it is.

use std::collections::HashMap;

use lunette_frame::Size;
use zbus::{Connection, OwnedVariant};

use super::remote::call;
use crate::SessionError;

const NAME: &str = "org.gnome.Mutter.DisplayConfig";
const PATH: &str = "/org/gnome/Mutter/DisplayConfig";

/// The fallback that Mutter's own headless monitors are named as.
const FIRST: &str = "Meta-0";

type Properties = HashMap<String, OwnedVariant>;
/// Connector, vendor, product, serial number.
type Spec = (String, String, String, String);
/// Name, width, height, refresh rate, preferred scale, scales, properties.
type Mode = (String, i32, i32, f64, f64, Vec<f64>, Properties);
type Monitor = (Spec, Vec<Mode>, Properties);
/// Place, scale, rotation, whether it is the first one, monitors, properties.
type Logical = (i32, i32, f64, u32, bool, Vec<Spec>, Properties);
type State = (u32, Vec<Monitor>, Vec<Logical>, Properties);

/// A monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) connector: String,
    /// In pixels, as it is turned.
    pub(super) size: Option<Size>,
}

/// The first monitor.
pub(super) async fn shown(bus: &Connection) -> Result<Shown, SessionError> {
    let state: State = call(bus, NAME, PATH, NAME, "GetCurrentState", &()).await?;
    Ok(first(&state))
}

fn first((_, monitors, logical, _): &State) -> Shown {
    let is_first = |logical: &&Logical| logical.4;
    let chosen = logical.iter().find(is_first).or(logical.first());
    let connector = chosen.and_then(|logical| logical.5.first()).map(|spec| spec.0.clone());
    let monitor = match &connector {
        Some(connector) => monitors.iter().find(|monitor| monitor.0.0 == *connector),
        None => monitors.first(),
    };
    let is_current = |mode: &&Mode| mode.6.get("is-current").is_some_and(|value| **value == true.into());
    let mode = monitor.and_then(|monitor| monitor.1.iter().find(is_current));
    let size = mode.and_then(|mode| Some(Size::new(mode.1.try_into().ok()?, mode.2.try_into().ok()?)));
    let is_turned = chosen.is_some_and(|logical| logical.3 % 2 == 1);
    let turned = |size: Size| if is_turned { Size::new(size.height, size.width) } else { size };
    let connector = connector.or_else(|| monitor.map(|monitor| monitor.0.0.clone()));
    Shown { connector: connector.unwrap_or_else(|| FIRST.to_owned()), size: size.map(turned) }
}
