//! What a debugger asks of another process. For tests of who may.

use std::io;

use rustix::process::Pid;

/// Becomes the tracer of a process, and lets it go again.
///
/// # Errors
/// When this process may not.
pub fn trace(pid: Pid) -> io::Result<()> {
    let number = pid.as_raw_nonzero().get();
    let request = |request| {
        // SAFETY: neither request reads or writes memory of this process; both ignore the address and the data.
        let result = unsafe { libc::ptrace(request, number, 0_usize, 0_usize) };
        if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    request(libc::PTRACE_SEIZE)?;
    // One that runs is let go at the end of this process, if not now.
    let _ = request(libc::PTRACE_DETACH);
    Ok(())
}

/// Reads a byte of a process's memory, at this address of its own.
///
/// # Errors
/// When this process may not, or there is nothing at the address.
pub fn read_memory(pid: Pid, address: usize) -> io::Result<u8> {
    let mut byte = 0_u8;
    let local = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(address), iov_len: 1 };
    // SAFETY: `local` is one writable byte; `remote` is of the other process, where the kernel checks it.
    let read =
        unsafe { libc::process_vm_readv(pid.as_raw_nonzero().get(), &raw const local, 1, &raw const remote, 1, 0) };
    if read == 1 { Ok(byte) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_child_can_be_traced_and_read_and_one_that_is_not_there_cannot() {
        let mut child = Command::new("sleep").arg("10").spawn().expect("a child");
        let pid = Pid::from_child(&child);
        trace(pid).expect("its parent may");
        // Nothing is mapped there; who may not read at all is told so first.
        assert_eq!(read_memory(pid, 0).expect_err("no page").raw_os_error(), Some(libc::EFAULT));
        child.kill().and_then(|()| child.wait()).expect("ours");
        assert_eq!(trace(pid).expect_err("gone").raw_os_error(), Some(libc::ESRCH));
        assert_eq!(read_memory(pid, 0).expect_err("gone").raw_os_error(), Some(libc::ESRCH));
    }
}
