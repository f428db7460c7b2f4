//! What the program is told: flags over environment over a TOML file over defaults.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser, ValueEnum};
use lunette_capture::pattern::Kind;
use lunette_encode::{Change, Choice, EncoderConfig};
use lunette_frame::{BitRate, FrameRate, Quality, Size};
use lunette_net::Endpoint;

/// Encodes every scanout once and serves it as H.264 to any number of subscribers (HXFR).
///
/// Without flags: 16 synthetic desktops on 127.0.0.1:15937. Look at one with
///
///   scanout-stream-test 127.0.0.1:15937 1 --seconds 5 --verify
///
/// Every flag is also an environment variable (shown below) and a key of the --config file, without the dashes:
///
///   pattern = "typing"
///   size = "1280x720"
///   max-bitrate = "8M"
///
/// Flags win over the environment, the environment over the file. Logs go to stderr; one line `listening …` goes to
/// stdout when clients can connect. SIGTERM and SIGINT end it cleanly.
#[derive(Debug, Clone, Parser)]
#[command(name = "frame-export", version = crate::BUILD_ID, verbatim_doc_comment)]
struct Args {
    /// TOML file with defaults for the flags below
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_CONFIG")]
    config: Option<PathBuf>,

    /// Where pictures come from
    #[arg(long, value_enum, default_value = "pattern", env = "FRAME_EXPORT_SOURCE", help_heading = "Source")]
    source: SourceKind,

    /// What synthetic scanouts show: still, typing, scroll, video or noise
    #[arg(long, value_name = "KIND", default_value = "typing", env = "FRAME_EXPORT_PATTERN", help_heading = "Source")]
    pattern: Kind,

    /// File to replay with --source replay: y4m (8-bit 4:2:0), or raw BGRX pictures of --size
    #[arg(long, value_name = "FILE", env = "FRAME_EXPORT_REPLAY", help_heading = "Source")]
    replay: Option<PathBuf>,

    /// Synthetic scanouts, numbered from 0
    #[arg(long, value_name = "N", default_value = "16", env = "FRAME_EXPORT_SCANOUTS", help_heading = "Source",
          value_parser = clap::value_parser!(u16).range(1..=16))]
    scanouts: u16,

    /// Size of the pictures
    #[arg(long, value_name = "WxH", default_value = "1920x1080", env = "FRAME_EXPORT_SIZE", help_heading = "Source")]
    size: Size,

    /// Frames per second; 0 = as fast as they can be encoded
    #[arg(long, value_name = "N", default_value = "60", env = "FRAME_EXPORT_FPS", help_heading = "Source",
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    fps: u32,

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
    #[arg(long, value_name = "0-100", default_value = "70", env = "FRAME_EXPORT_QUALITY", help_heading = "Encode",
          value_parser = parse_quality)]
    quality: Quality,

    /// Ceiling of each stream's bit rate, in bits per second; k and M are understood
    #[arg(long, value_name = "RATE", default_value = "20M", env = "FRAME_EXPORT_MAX_BITRATE", help_heading = "Encode",
          value_parser = parse_bit_rate)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SourceKind {
    Pattern,
    Replay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TcpChoice {
    Off,
    On(SocketAddr),
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceConfig {
    /// Synthetic scanouts.
    Pattern {
        /// What they show.
        kind: Kind,
        /// How many.
        scanouts: u16,
        /// Their size.
        size: Size,
        /// Their rate; 0 is flat out.
        fps: u32,
    },
    /// One scanout that shows a file.
    Replay {
        /// The file.
        path: PathBuf,
        /// Size of raw pictures.
        size: Size,
        /// Its rate; 0 is flat out.
        fps: u32,
    },
}

/// How streams are encoded until a subscriber asks for something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderSettings {
    /// Which encoder.
    pub choice: Choice,
    /// Constant quality.
    pub quality: Quality,
    /// Ceiling of the bit rate.
    pub max_bitrate: BitRate,
    /// Rate that the rate control plans for.
    pub fps: FrameRate,
    /// Threads per encoder.
    pub threads: u16,
}

impl EncoderSettings {
    pub(crate) fn apply(&mut self, change: &Change) {
        self.quality = change.quality.unwrap_or(self.quality);
        self.max_bitrate = change.max_bitrate.unwrap_or(self.max_bitrate);
        self.fps = change.fps.unwrap_or(self.fps);
    }

    pub(crate) fn for_size(&self, size: Size) -> EncoderConfig {
        EncoderConfig {
            size,
            fps: self.fps,
            quality: self.quality,
            max_bitrate: self.max_bitrate,
            threads: self.threads,
        }
    }
}

/// Everything that the program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where pictures come from.
    pub source: SourceConfig,
    /// How they are encoded.
    pub encoder: EncoderSettings,
    /// Where to listen.
    pub endpoints: Vec<Endpoint>,
    /// Where to serve metrics.
    pub metrics: Option<SocketAddr>,
    /// Connections at once.
    pub max_connections: usize,
    /// What to log.
    pub log: String,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Serve.
    Serve(Box<Config>),
    /// Print the encoder table.
    ListEncoders,
}

/// Reads flags, environment and file.
///
/// # Errors
/// A [`clap::Error`] whose text is for a person; `--help` and `--version` are errors of that kind too.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    // What cannot be parsed without the file may be right with it, so the first look only finds the file's name.
    let first = Args::command().ignore_errors(true).try_get_matches_from(&args);
    let file = first.ok().and_then(|matches| matches.get_one::<PathBuf>("config").cloned());
    let command = match &file {
        Some(path) => with_file(Args::command(), path)?,
        None => Args::command(),
    };
    let matches: ArgMatches = command.clone().try_get_matches_from(&args)?;
    Args::from_arg_matches(&matches)?.into_command().map_err(|text| complain(&command, text))
}

/// The command with the file's values as its defaults.
fn with_file(mut command: clap::Command, path: &std::path::Path) -> Result<clap::Command, clap::Error> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| complain(&command, format!("cannot read the configuration file {name}: {error}")))?;
    let table: toml::Table =
        text.parse().map_err(|error| complain(&command, format!("{name} is not TOML: {error}")))?;
    for (key, value) in table {
        let id = key.replace('-', "_");
        let known = command.get_arguments().any(|arg| arg.get_id() == id.as_str());
        if !known || id == "config" || id == "list_encoders" {
            return Err(complain(&command, format!("{name}: there is no setting `{key}`")));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            other => {
                let kind = other.type_str();
                return Err(complain(&command, format!("{name}: `{key}` is {kind}, not text or a number")));
            }
        };
        command = command.mut_arg(id, |arg: Arg| arg.default_value(value));
    }
    Ok(command)
}

fn complain(command: &clap::Command, text: impl std::fmt::Display) -> clap::Error {
    command.clone().error(clap::error::ErrorKind::ValueValidation, text)
}

impl Args {
    fn into_command(self) -> Result<Command, String> {
        if self.list_encoders {
            return Ok(Command::ListEncoders);
        }
        let endpoints = self.endpoints();
        if endpoints.is_empty() {
            return Err("nothing to listen on: --tcp is off, and there is neither --unix nor --vsock".to_owned());
        }
        let planned =
            FrameRate::new(if self.fps == 0 { 60 } else { self.fps }, 1).map_err(|error| error.to_string())?;
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
                Ok(SourceConfig::Pattern { kind: self.pattern, scanouts: self.scanouts, size, fps })
            }
            (SourceKind::Replay, Some(path)) => Ok(SourceConfig::Replay { path: path.clone(), size, fps }),
            (SourceKind::Pattern, Some(_)) => Err("--replay needs --source replay".to_owned()),
            (SourceKind::Replay, None) => Err("--source replay needs a file: --replay FILE".to_owned()),
        }
    }
}

fn parse_tcp(text: &str) -> Result<TcpChoice, String> {
    match text {
        "off" => Ok(TcpChoice::Off),
        _ => text
            .parse()
            .map(TcpChoice::On)
            .map_err(|_| "expected an address and a port such as 127.0.0.1:15937 or [::1]:15937, or `off`".to_owned()),
    }
}

fn parse_quality(text: &str) -> Result<Quality, String> {
    let value = text.parse().map_err(|_| "expected a number from 0 to 100".to_owned())?;
    Quality::new(value).map_err(|error| error.to_string())
}

/// A rate such as `20M`, `800k` or `20000000`.
fn parse_bit_rate(text: &str) -> Result<BitRate, String> {
    const LOWEST: u32 = lunette_session::Connection::MIN_BIT_RATE;
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'M' | 'm')) => (&text[..at], 1_000_000),
        _ => (text, 1),
    };
    let bits = digits.parse::<u32>().ok().and_then(|number| number.checked_mul(factor));
    bits.filter(|bits| *bits >= LOWEST)
        .map(BitRate::from_bits_per_second)
        .ok_or_else(|| format!("expected {LOWEST} to 4294967295 bits per second, such as 20M or 800k"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn config(args: &[&str]) -> Result<Config, String> {
        let args = std::iter::once("frame-export").chain(args.iter().copied()).map(OsString::from);
        match parse(args) {
            Ok(Command::Serve(config)) => Ok(*config),
            Ok(Command::ListEncoders) => Err("list".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn file(content: &str) -> (tempfile::NamedTempFile, String) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let path = file.path().display().to_string();
        (file, path)
    }

    #[test]
    fn the_flags_that_others_call_are_understood() {
        let config = config(&[
            "--source",
            "pattern",
            "--pattern",
            "scroll",
            "--scanouts",
            "3",
            "--size",
            "1280x720",
            "--fps",
            "0",
            "--tcp",
            "127.0.0.1:0",
            "--unix",
            "/run/x.sock",
            "--vsock",
            "5000",
            "--metrics",
            "127.0.0.1:0",
            "--encoder",
            "openh264",
            "--quality",
            "55",
            "--max-bitrate",
            "8M",
        ])
        .unwrap();
        let size = Size::new(1280, 720);
        assert_eq!(config.source, SourceConfig::Pattern { kind: Kind::Scroll, scanouts: 3, size, fps: 0 });
        assert_eq!(config.endpoints.len(), 3);
        assert_eq!(config.encoder.max_bitrate, BitRate::from_bits_per_second(8_000_000));
        assert_eq!(config.encoder.quality, Quality::new(55).unwrap());
    }

    #[test]
    fn a_file_gives_defaults_that_flags_override() {
        let (_file, path) = file("pattern = \"noise\"\nscanouts = 2\nmax-bitrate = \"8M\"\n");
        let config = config(&["--config", &path, "--scanouts", "5"]).unwrap();
        let SourceConfig::Pattern { kind, scanouts, .. } = config.source else { panic!("another source") };
        assert_eq!((kind, scanouts), (Kind::Noise, 5));
        assert_eq!(config.encoder.max_bitrate, BitRate::from_bits_per_second(8_000_000));
    }

    #[test]
    fn mistakes_in_the_file_are_named() {
        for (content, word) in [("patern = 1", "patern"), ("size = [1]", "size"), ("size", "TOML"), ("fps = -1", "fps")]
        {
            let (_file, path) = file(content);
            let error = config(&["--config", &path]).unwrap_err();
            assert!(error.contains(word), "{content}: {error}");
        }
        assert!(config(&["--config", "/no/such/file"]).unwrap_err().contains("/no/such/file"));
    }

    #[test]
    fn impossible_values_are_refused() {
        for args in [
            ["--scanouts", "17"],
            ["--scanouts", "0"],
            ["--size", "0x9"],
            ["--fps", "1001"],
            ["--quality", "101"],
            ["--max-bitrate", "1"],
            ["--max-bitrate", "5000M"],
            ["--tcp", "localhost"],
            ["--pattern", "nosuch"],
            ["--encoder", "nosuch"],
            ["--source", "replay"],
            ["--replay", "x"],
            ["--tcp", "off"],
        ] {
            assert!(config(&args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn rates_may_have_a_unit() {
        assert_eq!(parse_bit_rate("800k"), Ok(BitRate::from_bits_per_second(800_000)));
        assert_eq!(parse_bit_rate("20M"), Ok(BitRate::from_bits_per_second(20_000_000)));
        assert_eq!(parse_bit_rate("123456"), Ok(BitRate::from_bits_per_second(123_456)));
        assert!(parse_bit_rate("").is_err() && parse_bit_rate("M").is_err());
    }
}
