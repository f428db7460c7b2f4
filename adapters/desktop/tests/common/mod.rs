//! What the tests of several compositors need.

#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod witness;

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Nothing takes so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Whom programs run as where the tests run as root, which sway refuses.
const NOBODY: u32 = 65534;

pub(crate) fn user() -> u32 {
    match rustix::process::getuid() {
        uid if uid.is_root() => NOBODY,
        uid => uid.as_raw(),
    }
}

pub(crate) fn drop_root(command: &mut Command) -> &mut Command {
    if rustix::process::getuid().is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Waits until it is there.
pub(crate) fn wait<T>(what: &str, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(done) = ready()? {
            return Ok(done);
        }
        if Instant::now() >= deadline {
            bail!("{what}: not within {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Killed when it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
