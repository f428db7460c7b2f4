//! The flags, with their environment variables and help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Parser, ValueEnum};
use lunette_capture::pattern::Kind;
use lunette_capture::qemu_dbus::{QemuAddress, QemuConfig};
use lunette_frame::{BitRate, FrameRate, Quality, Size};
use lunette_net::Endpoint;
use lunette_relay::{Dial, HostName, InClear, ServerUrl};

use super::values::{TcpChoice, parse_ceiling, parse_memory, parse_tcp};
use super::{AccessConfig, Command, Config, EncoderSettings, SourceConfig};

/// Encodes every scanout once and serves it as H.264 to any number of subscribers (HXFR).
///
/// Without flags: 16 synthetic desktops on 127.0.0.1:15937. Look at one with
///
///   scanout-stream-test 127.0.0.1:15937 1 --seconds 5 --verify
///
/// Every setting is also an environment variable (shown below) and a key of the --config file:
///
///   pattern = "typing"
///   size = "1280x720"
///   max-bitrate = "8M"
///
/// The scanouts of a virtual machine, with a secret for whoever may use them:
///
///   frame-export --source qemu --qmp /run/lunette/frames.qmp --secret-file /run/lunette/secret
///
/// Flags win over the environment, the environment over the file. Logs go to stderr; one line
/// `listening …` goes to stdout when clients can connect. SIGTERM and SIGINT end it cleanly.
#[derive(Debug, Clone, Parser)]
#[command(name = "frame-export", version = crate::BUILD_ID, verbatim_doc_comment)]
pub(super) struct Args {
    /// TOML file with defaults for the flags below
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_CONFIG")]
    pub(super) config: Option<PathBuf>,

    /// Where pictures come from
    #[arg(long, value_enum, default_value = "pattern", env = "FRAME_EXPORT_SOURCE", help_heading = "Source")]
    source: SourceKind,

    /// What synthetic scanouts show: still, typing, scroll, video or noise
    #[arg(long, value_name = "KIND", default_value = "typing", env = "FRAME_EXPORT_PATTERN", help_heading = "Source")]
    pattern: Kind,

    /// File to replay with --source replay: y4m (8-bit 4:2:0, which says its own size), or raw BGRX pictures of --size
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_REPLAY", help_heading = "Source")]
    replay: Option<PathBuf>,

    /// Synthetic scanouts, numbered from 0
    #[arg(long, value_name = "N", default_value = "16", env = "FRAME_EXPORT_SCANOUTS", help_heading = "Source",
          value_parser = clap::value_parser!(u16).range(1..=16))]
    scanouts: u16,

    /// Size of the pictures
    #[arg(long, value_name = "WxH", default_value = "1920x1080", env = "FRAME_EXPORT_SIZE", help_heading = "Source")]
    size: Size,

    /// Frames per second; 0 = as fast as they can be encoded [default: 60, or what a y4m file says]
    #[arg(long, value_name = "N", env = "FRAME_EXPORT_FPS", help_heading = "Source",
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    fps: Option<u32>,

    /// The machine of --source qemu, by a QMP socket of its QEMU that nobody else uses (-display dbus,p2p=yes); its scanouts
    /// are the outputs of its only display card, or of all cards where each has one
    #[arg(long, value_name = "PATH", env = "FRAME_EXPORT_QMP", help_heading = "Source")]
    qmp: Option<PathBuf>,

    /// The machine of --source qemu, by the D-Bus address that its QEMU has (-display dbus,addr=ADDRESS)
    #[arg(long, value_name = "ADDRESS", env = "FRAME_EXPORT_BUS", help_heading = "Source")]
    bus: Option<String>,

    /// Most memory for the pictures of all of a machine's scanouts, in bytes; k, M and G are powers of 1024
    #[arg(long, value_name = "BYTES", default_value = format!("{}M", QemuConfig::MEMORY >> 20), env = "FRAME_EXPORT_MEMORY_BUDGET",
          help_heading = "Source", value_parser = parse_memory)]
    memory_budget: u64,

    /// TCP address to listen on, or `off`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:15937", env = "FRAME_EXPORT_TCP",
          help_heading = "Listen", value_parser = parse_tcp)]
    tcp: TcpChoice,

    /// Unix socket to listen on; made with mode 0660, removed at the end
    #[arg(long, value_name = "PATH", env = "FRAME_EXPORT_UNIX", help_heading = "Listen")]
    unix: Option<PathBuf>,

    /// vsock port to listen on, for guests of this host (5000 is what they expect)
    #[arg(long, value_name = "PORT", env = "FRAME_EXPORT_VSOCK", help_heading = "Listen")]
    vsock: Option<u32>,

    /// A control plane to dial in to, such as https://example.org:8600: it watches the scanouts over the connection that is
    /// made from here, without a token of theirs, and may do nothing else
    #[arg(long, value_name = "URL", env = "FRAME_EXPORT_DIAL", help_heading = "Dial in")]
    dial: Option<ServerUrl>,

    /// The host's name there, as its hydra has it: 1 to 63 of a-z, 0-9 and -
    #[arg(long, value_name = "NAME", env = "FRAME_EXPORT_DIAL_NAME", help_heading = "Dial in")]
    dial_name: Option<HostName>,

    /// A file with a token of the control plane's, of the scope operate
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_DIAL_TOKEN_FILE", help_heading = "Dial in")]
    dial_token_file: Option<PathBuf>,

    /// A file with the PEM certificates that the control plane's is verified by [default: those that this machine trusts]
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_DIAL_CERTIFICATES", help_heading = "Dial in")]
    dial_certificates: Option<PathBuf>,

    /// Dial in by http too, where others may read the token on its way; without this, only within this machine
    #[arg(long, env = "FRAME_EXPORT_DIAL_IN_CLEAR", help_heading = "Dial in",
          value_parser = BoolishValueParser::new())]
    dial_in_clear: bool,

    /// Address for /metrics (Prometheus) and /healthz
    #[arg(long, value_name = "ADDR", env = "FRAME_EXPORT_METRICS", help_heading = "Listen")]
    metrics: Option<SocketAddr>,

    /// Connections at once; more are turned away
    #[arg(long, value_name = "N", default_value = "4096", env = "FRAME_EXPORT_MAX_CONNECTIONS",
          help_heading = "Listen", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_connections: u32,

    /// Strict mode: only connections that show a token may use a scanout
    ///
    /// The file holds the machine's secret, 64 hexadecimal digits, and only its owner and group may read it. Whoever
    /// shows the secret may do everything, and grants single scanouts to the bearers of other tokens.
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_SECRET_FILE", help_heading = "Access")]
    secret_file: Option<PathBuf>,

    /// Whoever can connect may use every scanout; for clients that know no tokens
    #[arg(long, env = "FRAME_EXPORT_LEGACY", help_heading = "Access", value_parser = BoolishValueParser::new())]
    legacy: bool,

    /// Encoder: `auto` takes the first of --list-encoders that works and may be chosen by itself
    #[arg(long, value_name = "NAME", default_value = "auto", env = "FRAME_EXPORT_ENCODER", help_heading = "Encode")]
    encoder: String,

    /// Picture quality, 0 to 100, kept as long as --max-bitrate allows
    #[arg(long, value_name = "0-100", default_value = "70", env = "FRAME_EXPORT_QUALITY", help_heading = "Encode")]
    quality: Quality,

    /// Ceiling of each stream's bit rate, in bits per second; k and M are understood
    #[arg(long, value_name = "RATE", default_value = "20M", env = "FRAME_EXPORT_MAX_BITRATE", help_heading = "Encode",
          value_parser = parse_ceiling)]
    max_bitrate: BitRate,

    /// Threads that one stream's encoder may use
    #[arg(long, value_name = "N", default_value = "1", env = "FRAME_EXPORT_ENCODER_THREADS", help_heading = "Encode",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    encoder_threads: u16,

    /// Print the encoders, whether each works here and why not, and exit
    #[arg(long, help_heading = "Encode")]
    list_encoders: bool,

    /// What to log: error, warn, info, debug, trace, or a filter such as `info,frame_export=debug`
    #[arg(long, value_name = "FILTER", default_value = "info", env = "FRAME_EXPORT_LOG")]
    log: String,
}

/// Rate of pictures where nobody says another.
const DEFAULT_FPS: u32 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SourceKind {
    Pattern,
    Replay,
    Qemu,
}

impl Args {
    /// What the flags ask for, or what is wrong between them.
    pub(super) fn into_command(self) -> Result<Command, String> {
        if self.list_encoders {
            return Ok(Command::ListEncoders);
        }
        let endpoints = self.endpoints();
        let dial = self.dial()?;
        if endpoints.is_empty() && dial.is_none() {
            return Err(
                "nobody could come: --tcp is off, and there is neither --unix nor --vsock nor --dial".to_owned()
            );
        }
        let planned = self.fps.filter(|fps| *fps > 0).unwrap_or(DEFAULT_FPS);
        let planned = FrameRate::new(planned, 1).map_err(|error| error.to_string())?;
        Ok(Command::Serve(Box::new(Config {
            source: self.source()?,
            access: self.access()?,
            encoder: EncoderSettings {
                choice: self.encoder.parse().map_err(|error| format!("{error}"))?,
                quality: self.quality,
                max_bitrate: self.max_bitrate,
                fps: planned,
                threads: self.encoder_threads,
            },
            endpoints,
            dial,
            metrics: self.metrics,
            max_connections: self.max_connections as usize,
            log: self.log,
        })))
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let tcp = match self.tcp {
            TcpChoice::Off => None,
            TcpChoice::On(address) => Some(Endpoint::Tcp(address)),
        };
        let unix = self.unix.clone().map(Endpoint::Unix);
        tcp.into_iter().chain(unix).chain(self.vsock.map(Endpoint::Vsock)).collect()
    }

    fn dial(&self) -> Result<Option<Dial>, String> {
        let in_clear = if self.dial_in_clear { InClear::Allowed } else { InClear::Refused };
        let certificates = self.dial_certificates.clone();
        // Not the parser's to say: some may be in the file, which it takes for defaults.
        match (&self.dial, &self.dial_name, &self.dial_token_file) {
            (None, None, None) if certificates.is_none() => Ok(None),
            (Some(server), Some(name), Some(token)) => {
                let dial = Dial::new(server.clone(), name.clone(), token.clone(), certificates, in_clear);
                dial.map(Some).map_err(|error| error.to_string())
            }
            _ => Err("to dial in takes --dial, --dial-name and --dial-token-file".to_owned()),
        }
    }

    fn access(&self) -> Result<AccessConfig, String> {
        match (self.legacy, &self.secret_file) {
            (false, None) if self.source == SourceKind::Qemu => {
                Err("who may use the machine? --secret-file FILE (strict), or --legacy (whoever can connect)"
                    .to_owned())
            }
            (true, Some(_)) => Err("--legacy and --secret-file contradict each other".to_owned()),
            (false, Some(path)) => Ok(AccessConfig::Strict(path.clone())),
            (_, None) => Ok(AccessConfig::Open),
        }
    }

    fn source(&self) -> Result<SourceConfig, String> {
        let named = [
            ("--replay", SourceKind::Replay, "replay", self.replay.is_some()),
            ("--qmp", SourceKind::Qemu, "qemu", self.qmp.is_some()),
            ("--bus", SourceKind::Qemu, "qemu", self.bus.is_some()),
        ];
        if let Some((flag, _, name, _)) = named.iter().find(|(_, kind, _, given)| *given && *kind != self.source) {
            return Err(format!("{flag} needs --source {name}"));
        }
        let (size, fps) = (self.size, self.fps);
        match self.source {
            SourceKind::Pattern => {
                let fps = fps.unwrap_or(DEFAULT_FPS);
                Ok(SourceConfig::Pattern { kind: self.pattern, scanouts: self.scanouts, size, fps })
            }
            SourceKind::Replay => match &self.replay {
                Some(path) => Ok(SourceConfig::Replay { path: path.clone(), size, fps }),
                None => Err("--source replay needs a file: --replay FILE".to_owned()),
            },
            SourceKind::Qemu => Ok(SourceConfig::Qemu { address: self.machine()?, memory: self.memory_budget }),
        }
    }

    fn machine(&self) -> Result<QemuAddress, String> {
        match (&self.qmp, &self.bus) {
            (Some(path), None) => Ok(QemuAddress::Qmp(path.clone())),
            (None, Some(address)) => Ok(QemuAddress::Bus(address.clone())),
            (Some(_), Some(_)) => Err("--qmp and --bus: one of them is enough".to_owned()),
            (None, None) => Err("--source qemu needs a machine: --qmp PATH or --bus ADDRESS".to_owned()),
        }
    }
}
