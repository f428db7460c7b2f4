//! Where programs find the session that they are brought into from outside.

/// Names and values, the same in every profile: its compositor is at this name, its session's bus at this path.
pub const SESSION: [(&str, &str); 2] =
    [("WAYLAND_DISPLAY", "wayland-0"), ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")];
