//! Where things are inside a desktop. Profiles rely on these.

/// Folder of the seat socket.
pub const SEAT: &str = "/run/lunette/seat";
/// The seat socket.
pub const SEAT_SOCKET: &str = "/run/lunette/seat/seat.sock";
/// Folder of the system bus' socket; the desktop makes the socket.
pub const BUS: &str = "/run/lunette/bus";
/// The system bus.
pub const BUS_SOCKET: &str = "/run/lunette/bus/system";
/// Folder of what the session reads.
pub const SESSION: &str = "/run/lunette/session";
/// The picture behind everything.
pub const WALLPAPER: &str = "/run/lunette/session/wallpaper.svg";
/// The token of the desktop's own lease.
pub const TOKEN: &str = "/run/lunette/session/token";
/// The desktop's user.
pub const USER: &str = "user";
/// Its user and group id.
pub const UID: u32 = 1000;
/// Where its programs keep their sockets.
pub const RUNTIME: &str = "/run/user/1000";
/// Where existing clients look for the scanout's number.
pub const SCANOUT_ID: &str = "/run/user/1000/helix-scanout-id";
