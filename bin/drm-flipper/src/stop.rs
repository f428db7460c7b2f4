//! The wish to stop, as something that can be waited for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// Reads as closed from the moment on that the run should end.
#[derive(Debug)]
pub struct Stop {
    reader: OwnedFd,
}

impl Stop {
    /// Stops when the returned end is dropped.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn when_dropped() -> io::Result<(Self, OwnedFd)> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok((Self { reader }, writer))
    }

    /// Stops at the first SIGINT or SIGTERM. Both are caught when this returns.
    ///
    /// # Errors
    /// When signals cannot be caught, or no thread can wait for them.
    pub fn on_signals() -> io::Result<Self> {
        let (stop, writer) = Self::when_dropped()?;
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let (mut interrupt, mut terminate) = {
            let _entered = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            drop(writer);
        })?;
        Ok(stop)
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use lunette_leasing::readable;
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[test]
    fn a_signal_stops() {
        let stop = Stop::on_signals().unwrap();
        assert_eq!(readable([stop.as_fd()], Instant::now()).unwrap(), [false]);
        kill_process(getpid(), Signal::TERM).unwrap();
        assert_eq!(readable([stop.as_fd()], Instant::now() + Duration::from_secs(10)).unwrap(), [true]);
    }
}
