//! The flags, with their environment variables and help.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Parser, ValueEnum};
use lunette_capture::pattern::Kind;
use lunette_frame::Size;
use lunette_net::client::Address;

/// Shows one desktop to browsers and programs, and lets them work in it.
///
/// A page to look at and use is at the address that it prints; /openapi.json describes the rest. Try it with
///
///   desktop-bridge --source pattern --pattern typing
///
/// Beside a virtual machine's frame-export, for the scanout of one lease:
///
///   desktop-bridge --source scanout --scanout 1 --export 127.0.0.1:15937 --export-token-file FILE --token-file FILE
///
/// Without --token-file whoever reaches it may do everything, so it then listens on loopback only. Each line of that
/// file is a token, or a scope (view, control, agent), a token, and a name. Logs go to stderr; one line
/// `listening http=ADDRESS` per listener goes to stdout. SIGTERM and SIGINT end it cleanly.
#[derive(Debug, Clone, Parser)]
#[command(name = "desktop-bridge", version = crate::BUILD_ID, verbatim_doc_comment)]
pub struct Args {
    /// Where to listen: HOST:PORT, or unix:PATH; may be given several times [default: 127.0.0.1 at --port]
    #[arg(long, value_name = "ADDRESS", env = "BRIDGE_LISTEN")]
    pub listen: Vec<Listen>,

    /// Port of the loopback, where --listen says nothing [default: 9876]
    #[arg(long, value_name = "PORT", default_value = "", env = "SCREENSHOT_PORT", value_parser = port,
          hide_default_value = true)]
    pub port: u16,

    /// What this desktop's session is called, for those who ask
    #[arg(long, value_name = "ID", env = "HELIX_SESSION_ID")]
    pub session_id: Option<String>,

    /// Where pictures come from
    #[arg(long, value_enum, default_value = "pattern", env = "BRIDGE_SOURCE", help_heading = "Picture")]
    pub source: SourceKind,

    /// What the synthetic desktop shows: still, typing, scroll, video or noise
    #[arg(long, value_name = "KIND", default_value = "typing", env = "BRIDGE_PATTERN", help_heading = "Picture")]
    pub pattern: Kind,

    /// Size of the synthetic desktop
    #[arg(long, value_name = "WxH", default_value = "1920x1080", env = "BRIDGE_SIZE", help_heading = "Picture")]
    pub size: Size,

    /// Pictures per second of the synthetic desktop
    #[arg(long, value_name = "N", default_value = "30", env = "BRIDGE_FPS", help_heading = "Picture",
          value_parser = clap::value_parser!(u32).range(1..=240))]
    pub fps: u32,

    /// The scanout of --source scanout
    #[arg(long, value_name = "N", env = "HELIX_SCANOUT_ID", help_heading = "Picture")]
    pub scanout: Option<u16>,

    /// frame-export of --source scanout: HOST:PORT or unix:PATH
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:15937",
        env = "BRIDGE_EXPORT",
        help_heading = "Picture"
    )]
    pub export: Address,

    /// File with the lease's token, 64 hexadecimal digits, that frame-export wants to see
    #[arg(long, value_name = "FILE", env = "BRIDGE_EXPORT_TOKEN_FILE", help_heading = "Picture")]
    pub export_token_file: Option<PathBuf>,

    /// How existing clients want the picture captured: scanout, shm, native, dmabuf; only what --source gives is there
    #[arg(long, value_name = "MODE", env = "HELIX_VIDEO_MODE", help_heading = "Picture")]
    pub video_mode: Option<String>,

    /// Seconds that the picture is kept coming after the last viewer left
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        env = "VIDEO_GRACE_PERIOD_SECONDS",
        help_heading = "Picture"
    )]
    pub grace: u64,

    /// Where input goes: auto, none, wlroots, gnome, socket:PATH (a launcher's), log:FILE (a JSON line per event)
    #[arg(long, value_name = "SINK", default_value = "auto", env = "BRIDGE_SINK", help_heading = "Desktop")]
    pub sink: Sink,

    /// The launcher's input socket, where --sink auto may find it
    #[arg(long, value_name = "PATH", env = "BRIDGE_INPUT_SOCKET", help_heading = "Desktop")]
    pub input_socket: Option<PathBuf>,

    /// Folder that uploads go into and downloads come from [default: ~/Uploads]
    #[arg(long, value_name = "FOLDER", env = "BRIDGE_FOLDER", help_heading = "Desktop")]
    pub folder: Option<PathBuf>,

    /// TOML file that says which programs POST /exec may run; without it a few harmless ones
    #[arg(long, value_name = "FILE", env = "BRIDGE_EXEC_POLICY", help_heading = "Desktop")]
    pub exec_policy: Option<PathBuf>,

    /// Folder whose folders are the git work trees of /workspaces
    #[arg(long, value_name = "FOLDER", env = "WORKSPACE_DIR", help_heading = "Desktop")]
    pub workspace_dir: Option<PathBuf>,

    /// The work tree of --workspace-dir that is meant where none is named
    #[arg(long, value_name = "NAME", env = "HELIX_PRIMARY_REPO_NAME", help_heading = "Desktop")]
    pub primary_repo_name: Option<String>,

    /// Whether /mcp is served
    #[arg(long, value_name = "BOOL", default_value = "true", env = "MCP_ENABLED", action = ArgAction::Set,
          value_parser = switch, help_heading = "Desktop")]
    pub mcp: bool,

    /// File with the tokens that open this desktop; it is read once, at the start
    #[arg(long, value_name = "FILE", env = "BRIDGE_TOKEN_FILE", help_heading = "Access")]
    pub token_file: Option<PathBuf>,

    /// Name in the Host header that is answered besides addresses and localhost; may be given several times
    #[arg(long, value_name = "HOST", env = "BRIDGE_ALLOWED_HOST", value_delimiter = ',', help_heading = "Access")]
    pub allowed_host: Vec<String>,

    /// Origin of pages elsewhere that may use this desktop; may be given several times
    #[arg(long, value_name = "ORIGIN", env = "BRIDGE_ALLOWED_ORIGIN", value_delimiter = ',', help_heading = "Access")]
    pub allowed_origin: Vec<String>,

    /// User besides root and this one who may connect to unix listeners; may be given several times
    #[arg(long, value_name = "UID", env = "BRIDGE_ALLOWED_UID", value_delimiter = ',', help_heading = "Access")]
    pub allowed_uid: Vec<u32>,

    /// What to log, as RUST_LOG has it
    #[arg(long, value_name = "FILTER", default_value = "info", env = "BRIDGE_LOG")]
    pub log: String,
}

/// Variables of existing launchers may be there and empty, which says nothing.
fn port(text: &str) -> Result<u16, std::num::ParseIntError> {
    if text.is_empty() { Ok(9876) } else { text.parse() }
}

/// The same for what is on unless somebody says otherwise.
fn switch(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "" | "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("it is neither true nor false"),
    }
}

impl Args {
    /// Everywhere to listen.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listen> {
        match &*self.listen {
            [] => vec![Listen::Tcp((Ipv4Addr::LOCALHOST, self.port).into())],
            named => named.to_vec(),
        }
    }
}

/// Where pictures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SourceKind {
    /// A synthetic desktop.
    Pattern,
    /// A scanout of frame-export.
    Scanout,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// TCP.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// Text that names no place to listen at.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither IP:PORT (such as 127.0.0.1:9876) nor unix:PATH")]
pub struct ListenError(String);

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some("") => Err(ListenError(text.to_owned())),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| ListenError(text.to_owned())),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where input goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// The best that the session has.
    Auto,
    /// Nowhere: it is refused.
    None,
    /// Virtual devices of wlroots compositors.
    Wlroots,
    /// GNOME's remote desktop interface.
    Gnome,
    /// A launcher's input socket.
    Socket(PathBuf),
    /// A file, one JSON object per event.
    Log(PathBuf),
}

/// Text that names no sink.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of auto, none, wlroots, gnome, socket:PATH and log:FILE")]
pub struct SinkTextError(String);

impl FromStr for Sink {
    type Err = SinkTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            Some(("socket", path)) if !path.is_empty() => Self::Socket(path.into()),
            Some(("log", path)) if !path.is_empty() => Self::Log(path.into()),
            None if text == "auto" => Self::Auto,
            None if text == "none" => Self::None,
            None if text == "wlroots" => Self::Wlroots,
            None if text == "gnome" => Self::Gnome,
            _ => return Err(SinkTextError(text.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_an_address_the_loopback_is_listened_at() {
        let listeners = |arguments: &[&str]| Args::parse_from([&["desktop-bridge"], arguments].concat()).listeners();
        let at = |text: &str| vec![text.parse::<Listen>().unwrap()];
        assert_eq!((listeners(&[]), listeners(&["--port", "1234"])), (at("127.0.0.1:9876"), at("127.0.0.1:1234")));
        assert_eq!(listeners(&["--port", "1234", "--listen", "unix:/run/x"]), at("unix:/run/x"));
    }

    #[test]
    fn what_is_said_with_nothing_is_not_said() {
        let args = Args::parse_from(["desktop-bridge", "--port", "", "--mcp", ""]);
        assert_eq!((args.port, args.mcp), (9876, true));
        assert!(!Args::parse_from(["desktop-bridge", "--mcp", "False"]).mcp);
        assert!(Args::try_parse_from(["desktop-bridge", "--mcp", "maybe"]).is_err());
    }

    #[test]
    fn sinks_and_listeners_are_read_as_they_are_written() {
        assert_eq!("log:/tmp/x".parse::<Sink>().unwrap(), Sink::Log("/tmp/x".into()));
        assert!("log:".parse::<Sink>().is_err() && "uinput".parse::<Sink>().is_err());
        for text in ["127.0.0.1:0", "[::1]:80", "unix:/run/x"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        assert!("localhost".parse::<Listen>().is_err() && "unix:".parse::<Listen>().is_err());
    }
}
