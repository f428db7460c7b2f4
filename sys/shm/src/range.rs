//! A range of a shared file, read by copying.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use crate::ShmError;

/// Rows of bytes at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Where the first row starts, in bytes from the start of the range.
    pub start: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Bytes of a row.
    pub bytes: usize,
    /// How many rows.
    pub count: usize,
}

impl Rows {
    /// Bytes from the first of the first row to the last of the last; `None` beyond what can be addressed.
    fn span(self, stride: usize) -> Option<usize> {
        match self.count.checked_sub(1) {
            None => Some(0),
            Some(steps) => steps.checked_mul(stride)?.checked_add(self.bytes),
        }
    }

    fn end(self) -> Option<usize> {
        self.span(self.stride)?.checked_add(self.start)
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, stride, bytes, count } = self;
        write!(f, "{count} rows of {bytes} bytes, {stride} apart, from byte {start}")
    }
}

/// A range of a file that another process goes on writing.
#[derive(Debug)]
pub struct SharedRange {
    fd: OwnedFd,
    offset: u64,
    len: usize,
}

impl SharedRange {
    /// Opens `len` bytes from `offset`.
    ///
    /// # Errors
    /// When the file is shorter.
    pub fn open(fd: OwnedFd, offset: u64, len: usize) -> Result<Self, ShmError> {
        let impossible = || ShmError::Range { offset, len };
        let bytes = u64::try_from(len).map_err(|_| impossible())?;
        let end = offset.checked_add(bytes).filter(|_| len > 0).ok_or_else(impossible)?;
        let stat = rustix::fs::fstat(&fd).map_err(ShmError::Look)?;
        let file = u64::try_from(stat.st_size).unwrap_or(0);
        if end > file {
            return Err(ShmError::Short { offset, len, file });
        }
        Ok(Self { fd, offset, len })
    }

    /// Bytes in the range.
    #[must_use]
    pub fn size(&self) -> usize {
        self.len
    }

    /// Copies rows to the start of `into`, where they are `stride` bytes apart.
    ///
    /// # Errors
    /// When they reach beyond the range or do not fit, and when the file has shrunk or cannot be read.
    pub fn copy_rows(&self, rows: Rows, into: &mut [u8], stride: usize) -> Result<(), ShmError> {
        let inside = rows.end().is_some_and(|end| end <= self.len);
        let fits = rows.span(stride).is_some_and(|span| span <= into.len());
        let apart = rows.count <= 1 || (rows.stride >= rows.bytes && stride >= rows.bytes);
        if !inside || !fits || !apart {
            return Err(ShmError::Rows(rows));
        }
        if rows.bytes == 0 || rows.count == 0 {
            return Ok(());
        }
        if rows.stride == rows.bytes && stride == rows.bytes {
            return self.copy(rows.start, &mut into[..rows.bytes * rows.count]);
        }
        let targets = into.chunks_mut(stride.max(rows.bytes)).take(rows.count);
        for (row, target) in targets.enumerate() {
            self.copy(rows.start + row * rows.stride, &mut target[..rows.bytes])?;
        }
        Ok(())
    }

    fn copy(&self, from: usize, into: &mut [u8]) -> Result<(), ShmError> {
        read_exactly(self.fd.as_fd(), self.offset.saturating_add(from as u64), into)
    }
}

fn read_exactly(fd: BorrowedFd<'_>, mut at: u64, mut into: &mut [u8]) -> Result<(), ShmError> {
    while !into.is_empty() {
        match rustix::io::pread(fd, &mut *into, at) {
            Ok(0) => return Err(ShmError::Shrunk(at)),
            Ok(read) => {
                at += read as u64;
                into = &mut into[read..];
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(ShmError::Read(error)),
        }
    }
    Ok(())
}
