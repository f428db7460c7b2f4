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
/// Where the desktop's own programs feed its input devices.
pub const INPUT_SOCKET: &str = "/run/lunette/seat/input.sock";
/// Folder of its bridge's socket; the bridge makes the socket.
pub const BRIDGE: &str = "/run/lunette/bridge";
/// The program that is its bridge.
pub const BRIDGE_PROGRAM: &str = "/run/lunette/desktop-bridge";
/// The user's home.
pub const HOME: &str = "/home/user";
/// Where what is brought into the desktop goes.
pub const FILES: &str = "/home/user/Downloads";
/// The desktop's user.
pub const USER: &str = "user";
/// Its user and group id.
pub const UID: u32 = 1000;
/// Where its programs keep their sockets.
pub const RUNTIME: &str = "/run/user/1000";
/// Where existing clients look for the scanout's number.
pub const SCANOUT_ID: &str = "/run/user/1000/helix-scanout-id";
