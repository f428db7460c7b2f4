//! The one reader of a device.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Instant;

use rustix::fs::OFlags;

use crate::node::{BETWEEN_LOOKS, PATIENCE};
use crate::{Event, kernel};

/// More than a node keeps.
const MOST_KEPT: usize = 64;

/// A node that nobody else hears: not the kernel's console, whose Ctrl-Alt-Del and `SysRq` restart the machine, nor
/// programs of the machine that look for keyboards.
///
/// Copies share what there is to hear. It ends with the device.
#[derive(Debug)]
pub struct Reader {
    file: File,
}

impl Reader {
    /// Opens a node and takes it for this reader alone.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or_default();
        let start = Instant::now();
        let file = loop {
            match OpenOptions::new().read(true).write(true).custom_flags(flags).open(path) {
                // sysfs has a device a little earlier than `/dev`.
                Err(error) if error.kind() == io::ErrorKind::NotFound && start.elapsed() < PATIENCE => {
                    thread::sleep(BETWEEN_LOOKS);
                }
                opened => break opened?,
            }
        };
        kernel::grab(file.as_fd())?;
        Ok(Self { file })
    }

    /// The node for another program, which hears what happens from now on.
    ///
    /// # Errors
    /// When the device is gone, or descriptors ran out.
    pub fn open_again(&self) -> io::Result<OwnedFd> {
        let mut kept = [0; 64 * Event::LENGTH];
        for _ in 0..MOST_KEPT {
            match (&self.file).read(&mut kept) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.file.as_fd().try_clone_to_owned()
    }

    pub(crate) fn copy(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()? })
    }
}
