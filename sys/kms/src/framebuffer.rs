//! Memory that a CRTC can show and the processor can write.

#![allow(unsafe_code)]

use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use lunette_frame::Size;
use rustix::fs::OFlags;
use rustix::mm::{self, MapFlags, ProtFlags};

use crate::ioctl::call;
use crate::raw::{
    self, AddFramebuffer, CloseFramebuffer, CreateDumb, DestroyDumb, MapDumb, PrimeHandleToFd, RemoveFramebuffer,
};
use crate::{Card, FramebufferId, KmsError};

/// A framebuffer of four-byte pixels, blue first, in dumb memory; black at first.
///
/// Dropping it takes the picture off every CRTC that shows it.
#[derive(Debug)]
pub struct Framebuffer {
    // Dropped in this order: the id, then the mapping, then the memory.
    registration: Registration,
    mapping: Mapping,
    memory: Memory,
    size: Size,
    stride: usize,
}

impl Framebuffer {
    /// Its name in flips.
    #[must_use]
    pub fn id(&self) -> FramebufferId {
        self.registration.id
    }

    /// Pixels per row, and rows.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Bytes from one row to the next.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The pixels, [`Framebuffer::stride`] bytes per row.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is `length` bytes long, lives as long as `self`, and no other code of this process has
        // it; the device only reads.
        unsafe { std::slice::from_raw_parts_mut(self.mapping.start.as_ptr(), self.mapping.length) }
    }

    /// Its memory as a DMA-BUF, for other devices and processes; it outlives the framebuffer.
    ///
    /// # Errors
    /// When the driver exports none.
    pub fn dma_buf(&self) -> Result<OwnedFd, KmsError> {
        let flags = (OFlags::CLOEXEC | OFlags::RDWR).bits();
        let mut command = PrimeHandleToFd { handle: self.memory.handle, flags, fd: -1 };
        call(self.memory.fd.as_fd(), &mut command).map_err(KmsError::ioctl("export a framebuffer"))?;
        // SAFETY: the kernel has just opened this descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(command.fd) })
    }

    /// Gives the framebuffer up and leaves the picture on whoever shows it.
    ///
    /// # Errors
    /// On kernels before 6.8, where dropping is the only way.
    pub fn leave_shown(mut self) -> Result<(), KmsError> {
        let mut command = CloseFramebuffer { fb_id: self.registration.id.get(), pad: 0 };
        call(self.registration.fd.as_fd(), &mut command).map_err(KmsError::ioctl("close a framebuffer"))?;
        self.registration.closed = true;
        Ok(())
    }
}

#[derive(Debug)]
struct Registration {
    fd: Arc<OwnedFd>,
    id: FramebufferId,
    closed: bool,
}

impl Drop for Registration {
    fn drop(&mut self) {
        if !self.closed {
            // What fails here is gone already, with its lease.
            let _ = call(self.fd.as_fd(), &mut RemoveFramebuffer { fb_id: self.id.get() });
        }
    }
}

#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and its bytes are reached through `&mut` only.
unsafe impl Send for Mapping {}
// SAFETY: nothing can be done through a shared reference.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: start and length are those that mmap returned, and no slice of it outlives its owner.
        let _ = unsafe { mm::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

#[derive(Debug)]
struct Memory {
    fd: Arc<OwnedFd>,
    handle: u32,
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _ = call(self.fd.as_fd(), &mut DestroyDumb { handle: self.handle });
    }
}

impl Card {
    /// Allocates, maps and registers a framebuffer.
    ///
    /// # Errors
    /// When a side is 0, or the kernel has no memory for it.
    pub fn create_framebuffer(&self, size: Size) -> Result<Framebuffer, KmsError> {
        if size.area() == 0 {
            return Err(KmsError::Size(size));
        }
        let mut dumb = CreateDumb { width: size.width, height: size.height, bpp: 32, ..CreateDumb::default() };
        self.call("allocate a framebuffer", &mut dumb)?;
        let memory = Memory { fd: self.share(), handle: dumb.handle };
        let length = usize::try_from(dumb.size).map_err(|_| KmsError::Size(size))?;
        let mapping = self.map(memory.handle, length)?;
        let registration = self.register(size, &dumb)?;
        Ok(Framebuffer { registration, mapping, memory, size, stride: dumb.pitch as usize })
    }

    fn map(&self, handle: u32, length: usize) -> Result<Mapping, KmsError> {
        let mut place = MapDumb { handle, ..MapDumb::default() };
        self.call("find a framebuffer's memory", &mut place)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory that Rust knows of.
        let mapped = unsafe { mm::mmap(ptr::null_mut(), length, access, MapFlags::SHARED, self.as_fd(), place.offset) };
        let failed = KmsError::ioctl("map a framebuffer");
        match mapped.map(|start| NonNull::new(start.cast::<u8>())) {
            Ok(Some(start)) => Ok(Mapping { start, length }),
            Ok(None) => Err(failed(rustix::io::Errno::NOMEM)),
            Err(errno) => Err(failed(errno)),
        }
    }

    fn register(&self, size: Size, dumb: &CreateDumb) -> Result<Registration, KmsError> {
        let mut command = AddFramebuffer {
            width: size.width,
            height: size.height,
            pixel_format: raw::FORMAT_XRGB8888,
            handles: [dumb.handle, 0, 0, 0],
            pitches: [dumb.pitch, 0, 0, 0],
            ..AddFramebuffer::default()
        };
        self.call("register a framebuffer", &mut command)?;
        Ok(Registration { fd: self.share(), id: FramebufferId::new(command.fb_id), closed: false })
    }
}
