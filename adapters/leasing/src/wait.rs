//! Waiting for whichever of several things happens first.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Waits until one of `sources` can be read or was closed by its other end, and says which; none when `until` passes.
///
/// # Errors
/// When the system cannot wait for them.
pub fn readable<const N: usize>(sources: [BorrowedFd<'_>; N], until: Instant) -> io::Result<[bool; N]> {
    let mut waiting = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // A time too long for the kernel is as good as its longest.
        let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        match poll(&mut waiting, Some(&timeout)) {
            Ok(_) => return Ok(waiting.each_ref().map(|source| !source.revents().is_empty())),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_closed_is_told_from_what_is_quiet() {
        let (quiet, _other) = UnixStream::pair().unwrap();
        let (closed, other) = UnixStream::pair().unwrap();
        drop(other);
        let until = Instant::now() + Duration::from_secs(10);
        assert_eq!(readable([quiet.as_fd(), closed.as_fd()], until).unwrap(), [false, true]);
    }

    #[test]
    fn a_wait_ends_when_its_time_is_over() {
        let (quiet, _other) = UnixStream::pair().unwrap();
        assert_eq!(readable([quiet.as_fd()], Instant::now()).unwrap(), [false]);
    }
}
