//! Opening what was decided to be given out.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use lunette_seat::{Device, EventName};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

/// Opens devices, each time anew.
pub trait Devices: Send + Sync + 'static {
    /// Opens it for somebody else.
    ///
    /// # Errors
    /// When there is no such device now, or it does not open.
    fn open(&self, device: Device) -> io::Result<OwnedFd>;
}

/// The lease that the owner holds, and the device nodes of this machine.
#[derive(Debug)]
pub struct OwnDevices {
    lease: Option<OwnedFd>,
    inputs: BTreeMap<EventName, OwnedFd>,
    dev: PathBuf,
}

impl OwnDevices {
    /// With this lease, if there is one.
    #[must_use]
    pub fn new(lease: Option<OwnedFd>) -> Self {
        Self { lease, inputs: BTreeMap::new(), dev: PathBuf::from("/dev") }
    }

    /// With an input device that is open already, and of which nobody else hears: its node is not opened.
    #[must_use]
    pub fn with_input(mut self, name: EventName, device: OwnedFd) -> Self {
        self.inputs.insert(name, device);
        self
    }

    /// With device nodes somewhere else than in `/dev`.
    #[must_use]
    pub fn with_dev(mut self, dev: PathBuf) -> Self {
        self.dev = dev;
        self
    }
}

impl Devices for OwnDevices {
    fn open(&self, device: Device) -> io::Result<OwnedFd> {
        match device {
            // A copy shares the open file, and with it the lease's own DRM master.
            Device::Lease => Ok(fcntl_dupfd_cloexec(self.lease.as_ref().ok_or(Errno::NODEV)?.as_fd(), 0)?),
            Device::Render(name) => open(&self.dev.join("dri").join(name.to_string()), OFlags::RDWR),
            Device::Input(name) if self.inputs.contains_key(&name) => {
                let device = &self.inputs[&name];
                forget_what_happened(device);
                Ok(fcntl_dupfd_cloexec(device, 0)?)
            }
            Device::Input(name) => {
                let path = self.dev.join("input").join(name.to_string());
                // Whoever cannot write to it cannot light LEDs; that is no reason to have no keyboard.
                open(&path, OFlags::RDWR).or_else(|error| match Errno::from_io_error(&error) {
                    Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => open(&path, OFlags::RDONLY),
                    _ => Err(error),
                })
            }
        }
    }
}

/// Reads what was kept for somebody who did not listen: a key that was pressed then is not pressed now.
fn forget_what_happened(device: &OwnedFd) {
    // More than any device keeps.
    const MOST_READS: usize = 64;
    let mut kept = [0; 4096];
    for _ in 0..MOST_READS {
        if !matches!(rustix::io::read(device, &mut kept), Ok(1..)) {
            return;
        }
    }
}

fn open(path: &Path, access: OFlags) -> io::Result<OwnedFd> {
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let fd = openat(CWD, path, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&fd)?.st_mode) == FileType::CharacterDevice {
        Ok(fd)
    } else {
        Err(Errno::NODEV.into())
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use lunette_seat::{Device, EventName};
    use rustix::fs::fstat;
    use rustix::io::Errno;

    use super::{Devices, OwnDevices};

    #[test]
    fn the_lease_is_the_same_open_file() {
        let lease = OwnedFd::from(tempfile::tempfile().unwrap());
        let inode = fstat(&lease).unwrap().st_ino;
        let copy = OwnDevices::new(Some(lease)).open(Device::Lease).unwrap();
        assert_eq!(fstat(copy).unwrap().st_ino, inode);
    }

    #[test]
    fn without_a_lease_there_is_no_such_device() {
        let error = OwnDevices::new(None).open(Device::Lease).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NODEV));
    }

    #[test]
    fn a_device_that_is_open_already_is_given_out_without_what_it_kept() {
        let (reading, writing) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK).unwrap();
        rustix::io::write(&writing, b"old").unwrap();
        let name = EventName::new(3);
        let devices = OwnDevices::new(None).with_input(name, reading).with_dev("/nowhere".into());
        let copy = devices.open(Device::Input(name)).unwrap();
        rustix::io::write(&writing, b"new").unwrap();
        let mut heard = [0; 8];
        assert_eq!(rustix::io::read(&copy, &mut heard), Ok(3));
        assert_eq!(&heard[..3], b"new");
    }

    #[test]
    fn a_file_or_a_link_in_place_of_a_node_is_refused() {
        let dev = tempfile::tempdir().unwrap();
        let input = dev.path().join("input");
        std::fs::create_dir(&input).unwrap();
        std::fs::write(input.join("event1"), "").unwrap();
        std::os::unix::fs::symlink("/dev/null", input.join("event2")).unwrap();
        let devices = OwnDevices::new(None).with_dev(dev.path().to_owned());
        for event in 1..4 {
            assert!(devices.open(Device::Input(EventName::new(event))).is_err(), "{event}");
        }
    }
}
