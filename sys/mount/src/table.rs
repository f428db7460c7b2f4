//! What is mounted, and ending it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};

use crate::MountError;

/// A busy mount becomes free when the last process that used it has been reaped.
const PATIENCE: Duration = Duration::from_millis(20);

/// What is mounted at `folder` and below, as this thread sees it, in the order of mounting.
///
/// # Errors
/// When /proc cannot be read.
pub fn mounts_below(folder: &Path) -> Result<Vec<PathBuf>, MountError> {
    let table = Path::new("/proc/thread-self/mountinfo");
    let text = fs::read(table).map_err(MountError::at("read", table))?;
    Ok(points(&text).filter(|point| point.starts_with(folder)).collect())
}

/// Unmounts everything at `folder` and below, the newest first, and says what it was. What is busy is tried again for
/// at most `limit`; nothing is merely detached, so a success means that it is really gone.
///
/// # Errors
/// When something stays busy, or cannot be unmounted at all.
pub fn unmount_below(folder: &Path, limit: Duration) -> Result<Vec<PathBuf>, MountError> {
    let until = Instant::now() + limit;
    let mut ended = Vec::new();
    loop {
        let mut stuck = None;
        for point in mounts_below(folder)?.into_iter().rev() {
            match unmount(&point, UnmountFlags::NOFOLLOW) {
                Ok(()) => ended.push(point),
                // Ended by somebody else since the table was read.
                Err(Errno::INVAL | Errno::NOENT) => {}
                Err(errno) => stuck = stuck.or(Some((errno, point))),
            }
        }
        let Some((errno, point)) = stuck else { return Ok(ended) };
        if errno != Errno::BUSY || Instant::now() >= until {
            return Err(MountError::at("unmount", &point)(io::Error::from(errno)));
        }
        thread::sleep(PATIENCE);
    }
}

/// The fifth field of each line is where it is mounted.
fn points(mountinfo: &[u8]) -> impl Iterator<Item = PathBuf> {
    mountinfo
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .map(|field| PathBuf::from(OsString::from_vec(unescape(field))))
}

/// The kernel writes blanks, tabs, line feeds and backslashes as `\ooo`.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let (byte, after) = match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), after)
            }
            _ => (*first, tail),
        };
        out.push(byte);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_with_what_the_kernel_escapes() {
        let text = b"21 1 254:0 / / rw - ext4 /dev/vda rw\n22 21 0:5 / /a\\040b\\134c rw shared:1 - tmpfs x rw\nbad\n";
        let found: Vec<PathBuf> = points(text).collect();
        assert_eq!(found, [PathBuf::from("/"), PathBuf::from("/a b\\c")]);
    }

    #[test]
    fn an_unfinished_escape_is_left_as_it_is() {
        assert_eq!(unescape(b"a\\04"), b"a\\04");
    }
}
