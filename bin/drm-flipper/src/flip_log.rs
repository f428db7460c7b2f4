//! When each flip was asked for.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host_clock::{HostClock, now};

/// Flips that are kept: more than an hour of 240 a second.
const MOST: usize = 1 << 20;

/// Where to write the flips' times, and whose times.
#[derive(Debug, Clone)]
pub struct LogPlan {
    /// The file.
    pub path: PathBuf,
    /// A server that tells the host's time.
    pub clock: SocketAddr,
}

/// The time of each flip on the host's clock.
#[derive(Debug)]
pub(crate) struct FlipLog {
    path: PathBuf,
    clock: HostClock,
    asked: Vec<(u64, Duration)>,
}

impl FlipLog {
    pub(crate) fn start(plan: &LogPlan) -> io::Result<Self> {
        Ok(Self { path: plan.path.clone(), clock: HostClock::ask(plan.clock)?, asked: Vec::with_capacity(4096) })
    }

    pub(crate) fn asked(&mut self, frame: u64) {
        if self.asked.len() < MOST {
            self.asked.push((frame, now()));
        }
    }

    /// One line per flip: its frame and the host's time in nanoseconds.
    pub(crate) fn write(&self) -> io::Result<()> {
        write(&self.path, &self.clock, &self.asked)
    }
}

fn write(path: &Path, clock: &HostClock, asked: &[(u64, Duration)]) -> io::Result<()> {
    let mut text = format!("doubt {}\n", clock.doubt().as_nanos());
    for (frame, at) in asked {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{frame} {}", clock.at(*at));
    }
    fs::write(path, text)
}
