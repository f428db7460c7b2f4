//! Descriptors by number.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

/// Above standard input, output and error.
const FIRST: RawFd = 3;

/// A copy of a descriptor that this process was started with. The original stays open, but children do not get it any
/// more.
///
/// # Errors
/// When there is none with this number, or it is standard input, output or error.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    if number < FIRST {
        return Err(Errno::BADF.into());
    }
    // SAFETY: it is borrowed for two system calls, which fail harmlessly if nothing is open there.
    let original = unsafe { BorrowedFd::borrow_raw(number) };
    let copy = fcntl_dupfd_cloexec(original, FIRST)?;
    fcntl_setfd(original, FdFlags::CLOEXEC)?;
    Ok(copy)
}
