//! drm-flipper in the guest.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lunette_frame::{ScanoutId, Size};
use lunette_wire::Token;
use serde_json::Value;

use super::guest::SOCKET;
use super::{Guest, poll};

/// How long a lease and its first flip may take.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// What a flipper does.
#[derive(Debug, Clone)]
pub struct FlipperPlan {
    /// Size of its output.
    pub size: Size,
    /// Flips per second; 0 is flat out.
    pub fps: u32,
    /// How long; [`Duration::ZERO`] until it is ended.
    pub time: Duration,
    /// More arguments of drm-flipper.
    pub arguments: Vec<String>,
}

/// A lease with page flips on it, by a process of the guest.
#[derive(Debug, Clone)]
pub struct Flipper {
    /// Its process in the guest.
    pub pid: u32,
    /// Its output.
    pub scanout: ScanoutId,
    /// What lets its bearer watch the output.
    pub token: Token,
    files: String,
}

impl Guest {
    /// Starts a flipper, and waits for its first flip.
    ///
    /// # Errors
    /// When it has no lease or cannot flip; with what it said.
    pub fn flip(&self, plan: &FlipperPlan) -> Result<Flipper> {
        let files = format!("/run/flipper-{}", self.flippers.fetch_add(1, Ordering::Relaxed));
        let (size, fps, seconds) = (plan.size, plan.fps, plan.time.as_secs_f64());
        let mut command = format!("drm-flipper --socket {SOCKET} --size {size} --fps {fps} --seconds {seconds} --json");
        for argument in &plan.arguments {
            write!(command, " {argument}")?;
        }
        let command = format!("{command} --token-file {files}.token >{files}.out 2>{files}.err & echo $!");
        let pid = self.run(&command)?.trim().parse().context("the guest's shell names no process")?;
        let scanout = poll("a flipper's first flip", READY_LIMIT, || self.ready(&files, pid))?;
        let token = self.run(&format!("cat {files}.token"))?;
        let token = Token::from_file(token.as_bytes()).context("the flipper wrote no token")?;
        Ok(Flipper { pid, scanout, token, files })
    }

    fn ready(&self, files: &str, pid: u32) -> Result<Option<ScanoutId>> {
        let said = self.run(&format!("cat {files}.out; kill -0 {pid} 2>/dev/null || echo ended"))?;
        let scanout = said.split_whitespace().find_map(|word| word.strip_prefix("scanout="));
        match scanout {
            Some(scanout) => Ok(Some(ScanoutId::new(scanout.parse()?))),
            None if said.contains("ended") => bail!("a flipper ended: {}", self.run(&format!("cat {files}.err"))?),
            None => Ok(None),
        }
    }

    /// Sends a signal, such as `KILL`, to a flipper.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, flipper: &Flipper, signal: &str) -> Result<()> {
        self.run(&format!("kill -{signal} {}", flipper.pid)).map(drop)
    }

    /// Waits for a flipper's report.
    ///
    /// # Errors
    /// When there is none within `limit`.
    pub fn report(&self, flipper: &Flipper, limit: Duration) -> Result<Value> {
        poll("a flipper's report", limit, || {
            let said = self.run(&format!("cat {}.out", flipper.files))?;
            let Some(start) = said.find('{') else { return Ok(None) };
            Ok(serde_json::from_str(&said[start..]).ok())
        })
    }
}
