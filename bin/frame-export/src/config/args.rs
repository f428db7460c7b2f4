//! The flags, with their environment variables and help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use lunette_capture::pattern::Kind;
use lunette_frame::{BitRate, FrameRate, Quality, Size};
use lunette_net::Endpoint;

use super::values::{TcpChoice, parse_ceiling, parse_tcp};
use super::{Command, Config, EncoderSettings, SourceConfig};

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

    /// Address for /metrics (Prometheus) and /healthz
    #[arg(long, value_name = "ADDR", env = "FRAME_EXPORT_METRICS", help_heading = "Listen")]
    metrics: Option<SocketAddr>,

    /// Connections at once; more are turned away
    #[arg(long, value_name = "N", default_value = "4096", env = "FRAME_EXPORT_MAX_CONNECTIONS",
          help_heading = "Listen", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_connections: u32,

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
}

impl Args {
    /// What the flags ask for, or what is wrong between them.
    pub(super) fn into_command(self) -> Result<Command, String> {
        if self.list_encoders {
            return Ok(Command::ListEncoders);
        }
        let endpoints = self.endpoints();
        if endpoints.is_empty() {
            return Err("nothing to listen on: --tcp is off, and there is neither --unix nor --vsock".to_owned());
        }
        let planned = self.fps.filter(|fps| *fps > 0).unwrap_or(DEFAULT_FPS);
        let planned = FrameRate::new(planned, 1).map_err(|error| error.to_string())?;
        Ok(Command::Serve(Box::new(Config {
            source: self.source()?,
            encoder: EncoderSettings {
                choice: self.encoder.parse().map_err(|error| format!("{error}"))?,
                quality: self.quality,
                max_bitrate: self.max_bitrate,
                fps: planned,
                threads: self.encoder_threads,
            },
            endpoints,
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

    fn source(&self) -> Result<SourceConfig, String> {
        let (size, fps) = (self.size, self.fps);
        match (self.source, &self.replay) {
            (SourceKind::Pattern, None) => {
                let fps = fps.unwrap_or(DEFAULT_FPS);
                Ok(SourceConfig::Pattern { kind: self.pattern, scanouts: self.scanouts, size, fps })
            }
            (SourceKind::Replay, Some(path)) => Ok(SourceConfig::Replay { path: path.clone(), size, fps }),
            (SourceKind::Pattern, Some(_)) => Err("--replay needs --source replay".to_owned()),
            (SourceKind::Replay, None) => Err("--source replay needs a file: --replay FILE".to_owned()),
        }
    }
}
