//! This program once more, as the lifeline of its own capture: a use that no person has, hence not in the help.

use std::io;
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use lunette_capture::qemu_dbus::lifeline::{LifelineProgram, run};

/// The one argument that asks for it.
const ARGUMENT: &str = "lifeline";

/// Whether these arguments, the program's name first, ask for a lifeline.
#[must_use]
pub fn is_asked_for(mut args: std::env::ArgsOs) -> bool {
    args.len() == 2 && args.nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// Holds what the capture at the other end of standard input wants held, until the capture ends.
///
/// # Errors
/// When standard input is no such socket.
pub fn serve() -> Result<()> {
    // Without it lists of processes show the last part of the path that it was started by.
    #[cfg(target_os = "linux")]
    rustix::thread::set_name(c"lifeline").context("this process cannot be named")?;
    let socket = io::stdin().as_fd().try_clone_to_owned().context("there is no standard input")?;
    run(&socket).context("standard input must be the socket of a capture")
}

/// How to start one.
pub(crate) fn program() -> io::Result<LifelineProgram> {
    // The name of a program that was replaced while it runs leads to another version of it; this does not.
    let path = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    Ok(LifelineProgram { path, name: "frame-export".into(), arguments: vec![ARGUMENT.into()] })
}
