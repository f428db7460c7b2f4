//! The variables of a desktop's programs: one value for each name.

use std::collections::BTreeMap;

use lunette_desktop::{CompositorKind, Order};
use lunette_frame::ScanoutId;

use crate::colour::Colour;
use crate::inside;

/// The output that the desktop got.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) scanout: ScanoutId,
    pub(crate) connector: String,
    /// Where frame-export listens, for the desktop's own use.
    pub(crate) host: String,
}

/// What was ordered wins over the profile, and what the desktop could not run without wins over both.
pub(crate) fn of(
    order: &Order,
    output: Option<&Output>,
    devices: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut variables = defaults(order);
    variables.extend(devices.clone());
    variables.extend(order.profile.environment.clone());
    variables.extend(order.environment.clone());
    variables.extend(needed(order));
    if let Some(output) = output {
        variables.extend(named(screen(output)));
    }
    variables
}

fn named<const N: usize>(pairs: [(&str, String); N]) -> impl Iterator<Item = (String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value))
}

fn defaults(order: &Order) -> BTreeMap<String, String> {
    let keyboard = &order.keyboard;
    let layout = if keyboard.layout.is_empty() { "us" } else { &keyboard.layout };
    named([
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("SHELL", "/bin/bash".to_owned()),
        ("LANG", order.locale.clone()),
        ("XKB_DEFAULT_LAYOUT", layout.to_owned()),
        ("XKB_DEFAULT_VARIANT", keyboard.variant.clone()),
        ("XKB_DEFAULT_OPTIONS", keyboard.options.clone()),
        ("IS_SANDBOX", "1".to_owned()),
    ])
    .collect()
}

fn needed(order: &Order) -> impl Iterator<Item = (String, String)> {
    let (width, height) = (order.size.width.to_string(), order.size.height.to_string());
    let bus = format!("unix:path={}", inside::BUS_SOCKET);
    let common = named([
        ("HOME", format!("/home/{}", inside::USER)),
        ("USER", inside::USER.to_owned()),
        ("LOGNAME", inside::USER.to_owned()),
        ("XDG_RUNTIME_DIR", inside::RUNTIME.to_owned()),
        ("XDG_SEAT", "seat0".to_owned()),
        ("XDG_SESSION_TYPE", "wayland".to_owned()),
        ("DBUS_SYSTEM_BUS_ADDRESS", bus),
        ("LUNETTE_DESKTOP", order.id.to_string()),
        ("LUNETTE_NAME", order.name.clone()),
        ("LUNETTE_COLOUR", Colour::of(order.slot).to_string()),
        ("LUNETTE_WALLPAPER", inside::WALLPAPER.to_owned()),
        ("LUNETTE_WIDTH", width.clone()),
        ("LUNETTE_HEIGHT", height.clone()),
        ("GAMESCOPE_WIDTH", width),
        ("GAMESCOPE_HEIGHT", height),
        ("HELIX_SESSION_ID", order.id.to_string()),
    ]);
    let seat: Vec<(String, String)> = match order.profile.compositor.kind {
        CompositorKind::Weston | CompositorKind::Wlroots => {
            named([("LIBSEAT_BACKEND", "seatd".to_owned()), ("SEATD_SOCK", inside::SEAT_SOCKET.to_owned())]).collect()
        }
        CompositorKind::Mutter | CompositorKind::Headless => Vec::new(),
    };
    common.chain(seat)
}

fn screen(output: &Output) -> [(&'static str, String); 6] {
    let port = output.host.rsplit_once(':').map_or("", |(_, port)| port);
    [
        ("LUNETTE_CONNECTOR", output.connector.clone()),
        ("LUNETTE_HOST", output.host.clone()),
        ("HELIX_SCANOUT_ID", output.scanout.to_string()),
        ("HELIX_SCANOUT_MODE", "1".to_owned()),
        ("HELIX_VIDEO_MODE", "scanout".to_owned()),
        ("HELIX_FRAME_EXPORT_PORT", port.to_owned()),
    ]
}
