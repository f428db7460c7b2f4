//! Pictures in memory that is shared as QEMU shares it.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// 32 bits per pixel, the highest 8 unused.
pub(crate) const X8R8G8B8: u32 = 0x2002_0888;

/// A picture whose description may be a lie.
pub(crate) struct SharedPicture {
    file: File,
    pub(crate) offset: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) stride: u32,
    pub(crate) format: u32,
}

impl SharedPicture {
    /// A picture with every byte of this value.
    pub(crate) fn new(width: u32, height: u32, value: u8) -> Self {
        let file =
            File::from(memfd_create("picture", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).expect("memory"));
        file.set_len(u64::from(width * 4) * u64::from(height)).expect("memory");
        let picture = Self { file, offset: 0, width, height, stride: width * 4, format: X8R8G8B8 };
        picture.fill(0, 0, width, height, value);
        picture
    }

    /// A picture whose memory cannot shrink.
    pub(crate) fn sealed(width: u32, height: u32, value: u8) -> Self {
        let picture = Self::new(width, height, value);
        fcntl_add_seals(&picture.file, SealFlags::SHRINK).expect("sealing is allowed");
        picture
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Writes as the guest does: without telling anybody.
    pub(crate) fn fill(&self, x: u32, y: u32, width: u32, height: u32, value: u8) {
        for row in y..y + height {
            let start = u64::from(row * self.stride + x * 4);
            self.file.write_all_at(&vec![value; width as usize * 4], start).expect("memory");
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; (self.stride * self.height) as usize];
        self.file.read_exact_at(&mut bytes, 0).expect("memory");
        bytes
    }
}
