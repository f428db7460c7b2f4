//! The manager as a child.

use std::io;
use std::process::{Command as Blocking, ExitStatus, Stdio};

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::Plan;
use super::store::Store;

/// The first descriptor that is handed over, after standard input, output and error.
const FIRST: i32 = 3;
/// The protocol wants the manager's own number in its environment, which nobody knows before it is there; a shell that
/// becomes the manager does.
const BECOME: &str = "LISTEN_PID=$$ exec \"$0\" \"$@\"";

/// A manager that runs. Dropping it leaves it alone.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pid: Option<Pid>,
}

impl Running {
    /// Starts the manager with all that is kept.
    pub(super) fn start(plan: &Plan, store: &Store) -> io::Result<Self> {
        let mut command = Blocking::new("/bin/sh");
        command.args(["-c", BECOME]).arg(&plan.program).args(&plan.arguments).stdin(Stdio::null());
        command.env("NOTIFY_SOCKET", &plan.notify);
        let (mut names, mut mappings) = (Vec::new(), Vec::new());
        for (child_fd, (name, fd)) in (FIRST..).zip(store.kept()) {
            names.push(name);
            mappings.push(FdMapping { parent_fd: fd.try_clone()?, child_fd });
        }
        command.env("LISTEN_FDS", mappings.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        let child = Command::from(command).spawn()?;
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        Ok(Self { child, pid })
    }

    /// Its process, also once it has ended.
    pub(super) fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// Waits until it has ended. Dropping the future loses nothing.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Sends it a signal, unless it has ended.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match self.child.id().and(self.pid) {
            Some(pid) => Ok(kill_process(pid, signal)?),
            None => Ok(()),
        }
    }
}
