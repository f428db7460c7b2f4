//! A read-only mapping of a part of a file that cannot shrink.

use std::ffi::c_void;
use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags};

use crate::ShmError;

/// Mappings start at multiples of this: a multiple of every page size in use (4, 16 and 64 KiB).
const ALIGN: u64 = 64 * 1024;

/// Bytes of another process, mapped for reading.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<c_void>,
    mapped: usize,
    /// Where the wanted range starts in the mapping.
    skip: usize,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone, is never written through it, and may be read and unmapped from any
// thread.
unsafe impl Send for Mapping {}
// SAFETY: as above; `copy` only reads.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` bytes from `offset`. The file must be that long for as long as it exists.
    pub(crate) fn new(fd: BorrowedFd<'_>, offset: u64, len: usize) -> Result<Self, ShmError> {
        let impossible = || ShmError::Range { offset, len };
        let skip = usize::try_from(offset % ALIGN).map_err(|_| impossible())?;
        let mapped = len.checked_add(skip).filter(|mapped| *mapped > 0).ok_or_else(impossible)?;
        // SAFETY: the kernel chooses the address, so no memory of ours is replaced.
        let base = unsafe {
            rustix::mm::mmap(ptr::null_mut(), mapped, ProtFlags::READ, MapFlags::SHARED, fd, offset - offset % ALIGN)
        };
        let base = NonNull::new(base.map_err(ShmError::Map)?).ok_or_else(impossible)?;
        Ok(Self { base, mapped, skip, len })
    }

    /// Copies bytes from `from` on; the caller has checked that they lie inside.
    ///
    /// # Panics
    /// When they do not.
    pub(crate) fn copy(&self, from: usize, into: &mut [u8]) {
        assert!(from.checked_add(into.len()).is_some_and(|end| end <= self.len), "the range was checked by the caller");
        // SAFETY: the assertion keeps the source inside the mapping, whose pages exist since the file cannot shrink;
        // the destination is ours, hence does not overlap. The other process may write meanwhile: the bytes are then
        // a mix, which any u8 may be, and no reference to them exists.
        unsafe {
            let source = self.base.as_ptr().cast::<u8>().add(self.skip + from);
            ptr::copy_nonoverlapping(source, into.as_mut_ptr(), into.len());
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this mapping was made by `new` with this length, and nobody holds a pointer into it.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr(), self.mapped) };
        debug_assert!(unmapped.is_ok(), "a mapping of ours can be unmapped");
    }
}
