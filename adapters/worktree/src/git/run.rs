//! Runs a program to its end, its limit, or until enough of what it prints was read.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use lunette_sys_process::{Lifetime, Spawn};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// What is kept of its complaints.
const COMPLAINTS: usize = 64 * 1024;
const CHUNK: usize = 64 * 1024;

/// How a program ended.
pub(super) struct Ended {
    pub(super) how: How,
    pub(super) code: i32,
    pub(super) errors: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By itself.
    Finished,
    /// Enough was read.
    Stopped,
    /// Its time was over.
    TimedOut,
}

/// Runs it; what it prints goes to `take`. Nothing of its process group is left afterwards.
pub(super) fn run(
    command: Command,
    limit: Duration,
    take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<Ended> {
    let deadline = Instant::now() + limit;
    // This thread waits for it, so it may end with this thread.
    let mut child = Group(Spawn::new(command, Lifetime::SpawningThread).spawn()?);
    let mut errors = Vec::new();
    let how = child.follow(deadline, &mut errors, take)?;
    let status = child.end()?;
    Ok(Ended { how, code: code(status), errors })
}

/// A child and its process group; both end when this is dropped.
struct Group(Child);

impl Group {
    fn follow(
        &mut self,
        deadline: Instant,
        errors: &mut Vec<u8>,
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> io::Result<How> {
        let pidfd = pidfd_open(self.pid()?, PidfdFlags::empty())?;
        let (mut out, mut err) = (Pipe::new(self.0.stdout.take())?, Pipe::new(self.0.stderr.take())?);
        let mut complain = |bytes: &[u8]| {
            let room = COMPLAINTS - errors.len();
            errors.extend_from_slice(&bytes[..bytes.len().min(room)]);
            ControlFlow::Continue(())
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(How::TimedOut);
            }
            let mut fds = vec![PollFd::new(&pidfd, PollFlags::IN)];
            fds.extend(out.0.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
            fds.extend(err.0.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let ended = !fds[0].revents().is_empty();
            // Who holds the pipes when it has ended is not waited for.
            let enough = out.read(deadline, take)?.is_break();
            let _ = err.read(deadline, &mut complain)?;
            if enough {
                return Ok(How::Stopped);
            }
            if ended {
                return Ok(How::Finished);
            }
        }
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        self.0.wait()
    }

    /// It is not reaped yet, so the number of its group is no stranger's.
    fn kill(&self) {
        if let Ok(pid) = self.pid() {
            // A group that is gone needs no signal.
            _ = kill_process_group(pid, Signal::KILL);
        }
    }

    fn pid(&self) -> io::Result<Pid> {
        i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput.into())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            self.kill();
            // It was killed; whatever is said about it, there is nobody left to tell.
            _ = self.0.wait();
        }
    }
}

/// An end of a pipe that never blocks; `None` when the other end is closed.
struct Pipe<R>(Option<R>);

impl<R: Read + AsFd> Pipe<R> {
    fn new(pipe: Option<R>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(Self(pipe))
    }

    /// Reads what is there.
    fn read(
        &mut self,
        deadline: Instant,
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        let mut chunk = [0; CHUNK];
        while let Some(pipe) = &mut self.0 {
            match pipe.read(&mut chunk) {
                Ok(0) => self.0 = None,
                Ok(len) => {
                    if take(&chunk[..len]).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn timespec(time: Duration) -> Timespec {
    // Never zero, which would be no waiting at all.
    let time = time.max(Duration::from_millis(1));
    Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX), tv_nsec: time.subsec_nanos().into() }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
