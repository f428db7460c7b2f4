//! A process that is held: its number cannot become another's under our hands.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal, waitid,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A process, a child or not, by a descriptor of the kernel's. Needs a tokio runtime.
#[derive(Debug)]
pub struct Held(AsyncFd<OwnedFd>);

impl Held {
    /// Holds the process that has this number now.
    ///
    /// # Errors
    /// When there is none, or no descriptor to be had.
    pub fn open(pid: Pid) -> io::Result<Self> {
        let fd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
        // SAFETY: the descriptor is open and owned; it is never replaced or closed while the runtime knows it, as nothing
        // here gives out more than a borrow of it.
        let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
        registered.map(Self).map_err(io::Error::from)
    }

    /// Waits until it has ended; dropping the future loses nothing. It is not reaped.
    ///
    /// # Errors
    /// When the runtime is at its end.
    pub async fn ended(&self) -> io::Result<()> {
        self.0.readable().await.map(drop)
    }

    /// Reaps a child of ours that has ended; with `options` such as NOHANG. `None` when it still runs.
    ///
    /// # Errors
    /// When it is no child of ours, or has been reaped.
    pub fn reap(&self, options: WaitIdOptions) -> io::Result<Option<WaitIdStatus>> {
        Ok(waitid(WaitId::PidFd(self.0.get_ref().as_fd()), WaitIdOptions::EXITED | options)?)
    }

    /// Sends a signal; one that has ended takes none.
    ///
    /// # Errors
    /// When this process may not.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(self.0.get_ref(), signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}
