//! `lunette down`.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use super::running::{self, Standing};
use super::state::StateDir;

/// For everything to end.
const LIMIT: Duration = Duration::from_secs(30);

/// Arguments of `lunette down`.
#[derive(Debug, Args)]
pub(crate) struct Down {
    #[command(flatten)]
    state: StateDir,
}

impl Down {
    /// Ends it; returns what to print.
    pub(crate) fn run(&self) -> Result<String> {
        let folder = self.state.path()?;
        let known = match running::look(&folder)? {
            Standing::Free(_) => return Ok("nothing runs\n".to_owned()),
            Standing::Runs(known) => known,
        };
        // The lock is held, so that this process is still the one that told its number.
        let Some(pid) = Pid::from_raw(known.pid) else { bail!("{} names no process", folder.display()) };
        kill_process(pid, Signal::TERM)?;
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            match running::look(&folder) {
                Ok(Standing::Free(_)) => return Ok("ended\n".to_owned()),
                // Its file is gone before its lock is.
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        bail!("process {} does not end within {LIMIT:?}", known.pid)
    }
}
