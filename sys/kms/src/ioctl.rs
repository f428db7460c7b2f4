//! The one place that calls the kernel.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::ioctl::{self, Ioctl, IoctlOutput, NoArg, Opcode};

/// Signals may interrupt a call again and again; this many without an answer are a fault.
const ATTEMPTS: u32 = 1000;

/// A struct that one ioctl reads and writes.
///
/// # Safety
/// For the number, the kernel reads and writes a `Self`, and every bit pattern it may write is a valid `Self`.
pub(crate) unsafe trait Command: Sized {
    /// The ioctl's number.
    const OPCODE: Opcode;
}

/// A command that any value may be passed for.
///
/// # Safety
/// No field is an address that the kernel follows.
pub(crate) unsafe trait Plain: Command {}

/// Passes `command` to the kernel, again when a signal interrupts it.
pub(crate) fn call<T: Plain>(fd: BorrowedFd<'_>, command: &mut T) -> Result<(), Errno> {
    // SAFETY: a plain command has no pointer for the kernel to follow.
    unsafe { call_with_pointers(fd, command) }
}

/// Passes `command` to the kernel, again when a signal interrupts it.
///
/// # Safety
/// Every pointer in `command` is valid for as many elements as the count beside it says: for reads, and where the
/// command returns a list for writes.
pub(crate) unsafe fn call_with_pointers<T: Command>(fd: BorrowedFd<'_>, command: &mut T) -> Result<(), Errno> {
    retry(|| {
        // SAFETY: `Command` promises that a `T` is what the kernel expects, the caller that its pointers are valid.
        unsafe { ioctl::ioctl(fd, Exchange(command)) }
    })
}

/// Makes a call that has no argument.
///
/// # Safety
/// The ioctl of this number ignores its argument.
pub(crate) unsafe fn call_bare<const OPCODE: Opcode>(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    retry(|| {
        // SAFETY: the caller's promise.
        unsafe { ioctl::ioctl(fd, NoArg::<OPCODE>::new()) }
    })
}

fn retry(mut attempt: impl FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(Errno::INTR | Errno::AGAIN) => {}
            done => return done,
        }
    }
    attempt()
}

struct Exchange<'a, T>(&'a mut T);

// SAFETY: the pointer is that of a live, exclusive `T`, which `Command` promises is what the kernel reads and writes.
unsafe impl<T: Command> Ioctl for Exchange<'_, T> {
    type Output = ();

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        T::OPCODE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(self.0).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> Result<(), Errno> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_made_again() {
        let mut answers = [Err(Errno::INTR), Err(Errno::AGAIN), Ok(())].into_iter();
        assert_eq!(retry(|| answers.next().expect("no call after the answer")), Ok(()));
    }

    #[test]
    fn other_errors_are_final() {
        let mut calls = 0;
        let outcome = retry(|| {
            calls += 1;
            Err(Errno::BUSY)
        });
        assert_eq!((outcome, calls), (Err(Errno::BUSY), 1));
    }

    #[test]
    fn a_call_that_is_always_interrupted_ends() {
        assert_eq!(retry(|| Err(Errno::INTR)), Err(Errno::INTR));
    }
}
