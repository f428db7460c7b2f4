//! One open DRM device, or one lease of it.

#![allow(unsafe_code)]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Mode as FileMode, OFlags};
use rustix::io::Errno;

use crate::KmsError;
use crate::ioctl::{self, call, call_bare, call_with_pointers};
use crate::raw::{self, AuthMagic, SetClientCap, Version};

/// An open DRM device: a whole card, or what a lease shows of it.
///
/// Framebuffers and blobs made from it keep the descriptor open; it closes with the last of them.
#[derive(Debug)]
pub struct Card {
    fd: Arc<OwnedFd>,
}

impl Card {
    /// Opens a device node such as `/dev/dri/card0`. The first to open it becomes its master.
    ///
    /// # Errors
    /// When the node is missing or may not be opened.
    pub fn open(path: &Path) -> Result<Self, KmsError> {
        let opened = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY, FileMode::empty());
        let failed = |errno: Errno| KmsError::Open { path: path.display().to_string(), source: errno.into() };
        opened.map(Self::from_fd).map_err(failed)
    }

    /// A card by a descriptor that is already open, such as that of a lease.
    #[must_use]
    pub fn from_fd(fd: OwnedFd) -> Self {
        Self { fd: Arc::new(fd) }
    }

    /// Asks to see planes of every type. Needed to list primary planes, and to lease planes.
    ///
    /// # Errors
    /// When the driver has no mode setting.
    pub fn enable_universal_planes(&self) -> Result<(), KmsError> {
        self.set_capability(raw::CAP_UNIVERSAL_PLANES, "show every type of plane")
    }

    /// Asks for atomic mode setting; shows the planes of every type, too.
    ///
    /// # Errors
    /// When the driver cannot.
    pub fn enable_atomic(&self) -> Result<(), KmsError> {
        self.set_capability(raw::CAP_ATOMIC, "set modes atomically")
    }

    /// Promises to set the cursor's hot spot; paravirtual drivers hide cursor planes from atomic users who don't.
    ///
    /// # Errors
    /// On kernels or drivers that know no hot spots, and before [`Card::enable_atomic`].
    pub fn enable_cursor_hotspot(&self) -> Result<(), KmsError> {
        self.set_capability(raw::CAP_CURSOR_HOTSPOT, "show cursor planes with a hot spot")
    }

    fn set_capability(&self, capability: u64, what: &'static str) -> Result<(), KmsError> {
        self.call(what, &mut SetClientCap { capability, value: 1 })
    }

    /// Takes mastery, without which nothing can be set or leased.
    ///
    /// # Errors
    /// When another process has it.
    pub fn become_master(&self) -> Result<(), KmsError> {
        // SAFETY: SET_MASTER ignores its argument.
        unsafe { call_bare::<{ raw::SET_MASTER }>(self.as_fd()) }.map_err(KmsError::ioctl("become master"))
    }

    /// Gives mastery back.
    ///
    /// # Errors
    /// When it was not held.
    pub fn drop_master(&self) -> Result<(), KmsError> {
        // SAFETY: DROP_MASTER ignores its argument.
        unsafe { call_bare::<{ raw::DROP_MASTER }>(self.as_fd()) }.map_err(KmsError::ioctl("give up mastery"))
    }

    /// Whether this descriptor may set modes: as the device's master, or as the owner of a lease.
    #[must_use]
    pub fn is_master(&self) -> bool {
        // Nobody has magic 0, so that a master learns that it is invalid and anybody else that it may not ask.
        matches!(call(self.as_fd(), &mut AuthMagic { magic: 0 }), Ok(()) | Err(Errno::INVAL))
    }

    /// The kernel driver's name, such as `virtio_gpu`.
    ///
    /// # Errors
    /// When the descriptor is no DRM device.
    pub fn driver(&self) -> Result<String, KmsError> {
        let mut name = [0_u8; 64];
        let mut version =
            Version { name: name.as_mut_ptr().expose_provenance(), name_len: name.len(), ..Version::default() };
        // SAFETY: `name` is writable for `name_len` bytes; the other lengths are 0.
        unsafe { self.call_with_pointers("say its driver", &mut version) }?;
        Ok(raw::text(&name[..version.name_len.min(name.len())]))
    }

    pub(crate) fn share(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }

    pub(crate) fn call<T: ioctl::Plain>(&self, what: &'static str, command: &mut T) -> Result<(), KmsError> {
        call(self.as_fd(), command).map_err(KmsError::ioctl(what))
    }

    /// # Safety
    /// As for [`ioctl::call_with_pointers`].
    pub(crate) unsafe fn call_with_pointers<T: ioctl::Command>(
        &self,
        what: &'static str,
        command: &mut T,
    ) -> Result<(), KmsError> {
        // SAFETY: the caller's promise.
        unsafe { call_with_pointers(self.as_fd(), command) }.map_err(KmsError::ioctl(what))
    }
}

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_node_is_named() {
        let error = Card::open(Path::new("/nonexistent/card0")).expect_err("is not there");
        assert_eq!((error.errno(), error.to_string()), (Some(Errno::NOENT), "cannot open /nonexistent/card0".into()));
    }

    #[test]
    fn what_is_no_drm_device_says_so() {
        let null = Card::open(Path::new("/dev/null")).expect("every system has one");
        assert_eq!(null.driver().expect_err("no driver").errno(), Some(Errno::NOTTY));
        assert!(null.outputs().is_err() && null.lessees().is_err() && null.become_master().is_err());
    }
}
