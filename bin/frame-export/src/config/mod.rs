//! What the program is told: flags over environment over a TOML file over defaults.

mod access;
mod args;
mod file;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use lunette_capture::pattern::Kind;
use lunette_capture::qemu_dbus::QemuAddress;
use lunette_encode::{Change, Choice, EncodeError, Encoder, EncoderConfig};
use lunette_frame::{BitRate, FrameRate, Quality, Size};
use lunette_net::Endpoint;
use lunette_relay::Dial;

pub use access::{AccessConfig, SecretError};
pub use file::parse;
pub use values::{parse_ceiling, parse_memory};

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
        /// Its rate; 0 is flat out, `None` what the file says.
        fps: Option<u32>,
    },
    /// The scanouts of a virtual machine.
    Qemu {
        /// How its QEMU is reached.
        address: QemuAddress,
        /// Most bytes for the pictures of all scanouts.
        memory: u64,
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

    /// Opens the chosen encoder for pictures of `size`.
    pub(crate) fn open(&self, size: Size) -> Result<Box<dyn Encoder>, EncodeError> {
        let Self { ref choice, quality, max_bitrate, fps, threads } = *self;
        lunette_encode::open(choice, &EncoderConfig { size, fps, quality, max_bitrate, threads })
    }
}

/// Everything that the program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where pictures come from.
    pub source: SourceConfig,
    /// Who may use them.
    pub access: AccessConfig,
    /// How they are encoded.
    pub encoder: EncoderSettings,
    /// Where to listen.
    pub endpoints: Vec<Endpoint>,
    /// The control plane to dial in to; `None` when there is none.
    pub dial: Option<Dial>,
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
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
    fn tokens_count_where_there_is_a_secret() {
        assert_eq!(config(&[]).unwrap().access, AccessConfig::Open);
        assert_eq!(config(&["--legacy"]).unwrap().access, AccessConfig::Open);
        let strict = AccessConfig::Strict("/run/secret".into());
        assert_eq!(config(&["--secret-file", "/run/secret"]).unwrap().access, strict);
        let (_file, path) = file("secret-file = \"/run/secret\"\n");
        assert_eq!(config(&["--config", &path]).unwrap().access, strict);
        let (_file, path) = file("legacy = true\n");
        assert!(config(&["--config", &path, "--secret-file", "/run/secret"]).is_err());
    }

    #[test]
    fn a_machine_is_reached_by_its_monitor_or_a_bus() {
        let source = |flag, value| config(&["--source", "qemu", "--legacy", flag, value]).map(|config| config.source);
        let (qmp, bus) = (QemuAddress::Qmp("/run/qmp".into()), QemuAddress::Bus("unix:path=/run/bus".to_owned()));
        let memory = lunette_capture::qemu_dbus::QemuConfig::MEMORY;
        assert_eq!(source("--qmp", "/run/qmp"), Ok(SourceConfig::Qemu { address: qmp, memory }));
        assert_eq!(source("--bus", "unix:path=/run/bus"), Ok(SourceConfig::Qemu { address: bus, memory }));
        assert!(source("--replay", "x").unwrap_err().contains("--replay needs --source replay"));
        assert!(config(&["--source", "qemu", "--legacy"]).unwrap_err().contains("--qmp"));
        assert!(config(&["--source", "qemu", "--legacy", "--qmp", "x", "--bus", "y"]).is_err());
    }

    #[test]
    fn who_may_use_a_machine_must_be_said() {
        let machine = ["--source", "qemu", "--qmp", "/run/qmp"];
        let error = config(&machine).unwrap_err();
        assert!(error.contains("--secret-file") && error.contains("--legacy"), "{error}");
        let strict = config(&[&machine[..], &["--secret-file", "/run/secret"]].concat()).unwrap();
        assert_eq!(strict.access, AccessConfig::Strict("/run/secret".into()));
        assert_eq!(config(&[&machine[..], &["--legacy"]].concat()).unwrap().access, AccessConfig::Open);
    }

    #[test]
    fn memory_is_counted_in_powers_of_1024() {
        for (text, bytes) in [("536870912", 512 << 20), ("65536k", 64 << 20), ("512M", 512 << 20), ("2G", 2 << 30)] {
            assert_eq!(parse_memory(text), Ok(bytes), "{text}");
        }
        for bad in ["", "M", "-1", "1T", "1.5G", "99999999999G", "0"] {
            assert!(parse_memory(bad).is_err(), "{bad}");
        }
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
            ["--legacy", "--secret-file=x"],
            ["--qmp", "x"],
            ["--bus", "x"],
            ["--memory-budget", "1k"],
            ["--memory-budget", "many"],
        ] {
            assert!(config(&args).is_err(), "{args:?}");
        }
    }
}
