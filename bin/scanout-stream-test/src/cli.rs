//! The command line and what it ends with.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use lunette_frame::ScanoutId;
use lunette_wire::Token;

use crate::{Address, Limits, ObserveError, Plan, Report, Until, Verification};
use lunette_cause::chain;

/// Subscribe to a scanout of an HXFR server such as frame-export, and report what arrives
///
/// Prints frames and bits per second, picture sizes, silences, latency from capture to arrival (when the server runs
/// on this machine), what the SPS says, and every breach of the protocol. Ctrl-C ends the run early with a report of
/// what came so far.
///
/// A screen sends pictures when it changes. A still one sends a single keyframe: that is fine, nothing at all is not.
#[derive(Debug, Parser)]
#[command(name = "scanout-stream-test", version, after_help = AFTER_HELP, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// The server: HOST:PORT or unix:PATH
    #[arg(value_name = "HOST:PORT")]
    pub address: Address,
    /// The scanout to subscribe to; 0 is the machine's console
    pub scanout: u16,
    /// The token to show to a server in strict mode, 64 hexadecimal digits
    ///
    /// Other users of this machine can see it in the list of processes: --token-file keeps it from them.
    #[arg(long, value_name = "HEX", conflicts_with = "token_file")]
    pub token: Option<Token>,
    /// File that holds the token to show: a lease's, or the machine's secret, which may watch every scanout
    #[arg(long, visible_alias = "secret-file", value_name = "FILE", value_parser = token_file)]
    pub token_file: Option<Token>,
    /// Stop after this time, decimals allowed
    #[arg(long, value_name = "N", default_value = "10", value_parser = seconds)]
    pub seconds: Duration,
    /// Stop after this many pictures, if the time is not over before
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frames: Option<u64>,
    /// Give up connecting after this many seconds
    #[arg(long, value_name = "N", default_value = "5", value_parser = seconds)]
    pub connect_timeout: Duration,
    /// Write the stream to a file that players open
    #[arg(long, value_name = "FILE.h264")]
    pub save: Option<PathBuf>,
    /// Decode every picture and check the marker that test sources burn into it
    ///
    /// The marker tells which frame of which scanout a picture is: lost, torn, swapped and stale pictures show.
    /// Decoding runs on a thread of its own behind a queue of 64 pictures. When that is full receiving waits, which
    /// the report notes, since latency then reads too high. A real desktop has no markers, so it fails this check.
    #[arg(long)]
    pub verify: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

const AFTER_HELP: &str = "\
Example: watch scanout 1 of a local server for five seconds, and check every picture

    scanout-stream-test 127.0.0.1:15937 1 --seconds 5 --verify

Watch one of a server in strict mode, with the secret that the server was started with

    scanout-stream-test 127.0.0.1:15937 1 --secret-file /etc/lunette/secret

Exit code: 0 when all is well; 1 when the report names a fault, such as no picture, a stream that ends early, an IDR \
without SPS and PPS, capture times that do not increase, or with --verify a picture that is missing its marker, torn, \
stale, of another scanout or undecodable; 2 when there was no subscription.";

impl Cli {
    /// What the arguments ask for.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            address: self.address.clone(),
            scanout: ScanoutId::new(self.scanout),
            token: self.token.or(self.token_file),
            limits: Limits { connect: self.connect_timeout, ..Limits::default() },
            until: Until { time: self.seconds, frames: self.frames },
            save: self.save.clone(),
            verification: if self.verify { Verification::Markers } else { Verification::Off },
        }
    }

    /// The report as the arguments want it.
    ///
    /// # Errors
    /// Never in practice: every field can be JSON.
    pub fn render(&self, report: &Report) -> serde_json::Result<String> {
        if self.json { serde_json::to_string_pretty(report).map(|json| json + "\n") } else { Ok(report.to_string()) }
    }
}

/// How a run ends, as the exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// Something is wrong with the stream, or the run broke off.
    Fault = 1,
    /// There was no subscription.
    NoSubscription = 2,
}

impl From<&Result<Report, ObserveError>> for Exit {
    fn from(outcome: &Result<Report, ObserveError>) -> Self {
        match outcome {
            Ok(report) if report.is_fine() => Self::Fine,
            Err(ObserveError::Connect(_)) => Self::NoSubscription,
            Ok(_) | Err(_) => Self::Fault,
        }
    }
}

/// What to say about an error: its causes in one line, and below it what to try.
#[must_use]
pub fn explain(error: &ObserveError) -> String {
    let hint = match error {
        ObserveError::Connect(error) => error.hint(),
        ObserveError::Save { .. } | ObserveError::Verify(_) => None,
    };
    let hint = hint.map(|hint| format!("\n  {hint}")).unwrap_or_default();
    format!("scanout-stream-test: {}{hint}\n", chain(error))
}

fn token_file(path: &str) -> Result<Token, String> {
    let mut content = Vec::new();
    // More than a token has: what is too long shows, and nothing longer is read.
    let read = File::open(path).and_then(|file| file.take(2 * Token::DIGITS as u64).read_to_end(&mut content));
    read.map_err(|error| error.to_string())?;
    Token::from_file(&content).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // Timers take no more than some centuries.
    number
        .filter(|time| !time.is_zero() && *time <= Duration::from_secs(1 << 30))
        .ok_or_else(|| format!("`{text}` is not a number of seconds above 0"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ten_seconds_and_no_decoding_are_the_default() {
        let plan = Cli::try_parse_from(["scanout-stream-test", "localhost:15937", "3"]).expect("valid").plan();
        assert_eq!(plan.scanout, ScanoutId::new(3));
        assert_eq!(plan.until, Until { time: Duration::from_secs(10), frames: None });
        assert_eq!((plan.verification, plan.limits), (Verification::Off, Limits::default()));
    }

    #[test]
    fn times_may_have_decimals_and_must_be_above_zero() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for bad in ["0", "-1", "nan", "inf", "1e300", "ten", ""] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_comes_from_the_command_line_or_from_a_file() {
        let plan = |arguments: &[&str]| {
            let all = ["scanout-stream-test", "localhost:15937", "3"].iter().chain(arguments);
            Cli::try_parse_from(all).map(|cli| cli.plan().token)
        };
        let digits = "5a".repeat(Token::LEN);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), format!("{digits}\n")).expect("writable");
        let path = file.path().to_str().expect("text");
        let token = Some(Token::new([0x5a; Token::LEN]));
        for arguments in [["--token", &digits], ["--token-file", path], ["--secret-file", path]] {
            assert_eq!(plan(&arguments).expect("valid"), token, "{arguments:?}");
        }
        assert_eq!(plan(&[]).expect("valid"), None);
        for arguments in
            [&["--token", "5a"][..], &["--token-file", "/no/such"], &["--token", &digits, "--token-file", path]]
        {
            assert!(plan(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn an_error_is_explained_with_what_to_try() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let address = "127.0.0.1:9".parse().expect("an address");
        let error = crate::ConnectError::Connect { address, source: refused }.into();
        let text = explain(&error);
        assert_eq!(text.lines().next(), Some("scanout-stream-test: cannot connect to 127.0.0.1:9: connection refused"));
        assert_eq!(text.lines().count(), 2);
    }
}
