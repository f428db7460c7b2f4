//! The command line and what it ends with.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use lunette_frame::Size;

use crate::{Api, Coverage, Ended, LeaseError, LogPlan, Plan, Report, RunError, ScreenError, Terms, Use};

/// How long the lease manager may take: it has the host enable an output.
const LEASE_LIMIT: Duration = Duration::from_secs(30);

/// Take a lease of an output and flip pages on it
///
/// Every frame carries its number and the scanout's id, so that `scanout-stream-test --verify` can tell what arrives.
/// Once the first flip is done a line such as `ready scanout=3 connector=Virtual-4` is printed, at the end a report.
#[derive(Debug, Parser)]
#[command(name = "drm-flipper", version, after_help = AFTER_HELP, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// The lease manager's socket
    #[arg(long, value_name = "PATH", default_value = "/run/helix-drm/drm.sock")]
    pub socket: PathBuf,
    /// Size of the output
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    pub size: Size,
    /// Flips per second; 0 flips again as soon as a flip is done
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub fps: u32,
    /// Stop after this many seconds, decimals allowed; 0 goes on until Ctrl-C
    #[arg(long, value_name = "N", default_value = "10", value_parser = seconds)]
    pub seconds: Duration,
    /// How to flip: atomic, or legacy, which always means the whole picture to the kernel
    #[arg(long, value_name = "atomic|legacy", default_value = "atomic")]
    pub mode: Api,
    /// What to repaint per frame: full, or small, which is a box of 64x64 and the frame's number
    #[arg(long, value_name = "full|small", default_value = "full")]
    pub damage: Coverage,
    /// Buffers that take turns; with three and more one is painted while another waits for its flip
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=8))]
    pub buffers: u32,
    /// Have the lease manager show a black picture before it hands the lease out
    #[arg(long)]
    pub activate: bool,
    /// Write the lease's token here, readable by this user only; removed at the end
    #[arg(long, value_name = "PATH")]
    pub token_file: Option<PathBuf>,
    /// Write here when each flip was asked for: a line with its frame and the host's time in nanoseconds
    #[arg(long, value_name = "PATH", requires = "host_clock")]
    pub times: Option<PathBuf>,
    /// Who tells the host's time for --times: a server that answers every byte with its clock, as `lunette bench flips` has
    #[arg(long, value_name = "HOST:PORT", requires = "times")]
    pub host_clock: Option<SocketAddr>,
    /// Wait this many seconds for the output to offer the size
    #[arg(long, value_name = "N", default_value = "5", value_parser = seconds)]
    pub mode_timeout: Duration,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

const AFTER_HELP: &str = "\
Example: load one output with as many flips as it takes for 20 seconds

    drm-flipper --size 1920x1080 --fps 0 --seconds 20

Exit code: 0 when the time was over or a signal came; 1 for a fault; 2 when there was no lease; 3 when the lease was \
taken back.";

impl Cli {
    /// What to ask the lease manager for.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms { size: self.size, light_crtc: self.activate, limit: LEASE_LIMIT }
    }

    /// What to log.
    #[must_use]
    pub fn log(&self) -> Option<LogPlan> {
        Some(LogPlan { path: self.times.clone()?, clock: self.host_clock? })
    }

    /// What to do with the lease.
    #[must_use]
    pub fn usage<'a>(&'a self, log: Option<&'a LogPlan>) -> Use<'a> {
        let time = Some(self.seconds).filter(|time| !time.is_zero());
        Use {
            size: self.size,
            api: self.mode,
            coverage: self.damage,
            plan: Plan { fps: NonZeroU32::new(self.fps), time, buffers: self.buffers },
            mode_limit: self.mode_timeout,
            token_file: self.token_file.as_deref(),
            log,
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
    /// Something is wrong with the screen.
    Fault = 1,
    /// There was no lease.
    NoLease = 2,
    /// The lease was taken back.
    Revoked = 3,
}

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done | Ended::Stopped => Self::Fine,
            Ended::Revoked => Self::Revoked,
            Ended::Failed => Self::Fault,
        }
    }
}

impl From<&RunError> for Exit {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::Lease(LeaseError::Stopped) => Self::Fine,
            RunError::Lease(_) => Self::NoLease,
            RunError::Screen(ScreenError::Revoked(_)) => Self::Revoked,
            RunError::Screen(_) | RunError::Token(_) | RunError::NoToken | RunError::Log(_) | RunError::Size(_) => {
                Self::Fault
            }
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // Timers take no more than some centuries.
    number
        .filter(|time| *time <= Duration::from_secs(1 << 30))
        .ok_or_else(|| format!("`{text}` is not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["drm-flipper"], arguments].concat())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ten_seconds_at_sixty_are_the_default() {
        let cli = parse(&[]).unwrap();
        let expected = Plan { fps: NonZeroU32::new(60), time: Some(Duration::from_secs(10)), buffers: 2 };
        assert_eq!((cli.usage(None).plan, cli.mode, cli.damage), (expected, Api::Atomic, Coverage::Full));
        assert_eq!((cli.terms().size, cli.terms().light_crtc), (Size::new(1920, 1080), false));
    }

    #[test]
    fn zeros_mean_flat_out_and_for_ever() {
        let cli =
            parse(&["--fps", "0", "--seconds", "0", "--mode", "legacy", "--damage", "small", "--activate"]).unwrap();
        assert_eq!((cli.usage(None).plan.fps, cli.usage(None).plan.time), (None, None));
        assert_eq!((cli.mode, cli.damage, cli.terms().light_crtc), (Api::Legacy, Coverage::Small, true));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            ["--fps", "1001"],
            ["--fps", "-1"],
            ["--seconds", "nan"],
            ["--seconds", "-1"],
            ["--size", "1920"],
            ["--mode", "both"],
            ["--damage", "none"],
            ["--buffers", "1"],
            ["--buffers", "9"],
        ] {
            assert!(parse(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn exit_codes_tell_refused_from_revoked() {
        let refused = RunError::Lease(LeaseError::Refused("no scanouts available".into()));
        assert_eq!((Exit::from(&refused) as u8, Exit::from(Ended::Revoked) as u8), (2, 3));
        assert_eq!((Exit::from(Ended::Stopped) as u8, Exit::from(Ended::Failed) as u8), (0, 1));
    }
}
