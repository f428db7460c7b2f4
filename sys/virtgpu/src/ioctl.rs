//! The four ioctls, as `drm.h` and `virtgpu_drm.h` define them.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::raw::{c_char, c_int};

const VERSION: libc::c_ulong = iowr(0x00, size_of::<Version>());
const GEM_CLOSE: libc::c_ulong = iow(0x09, size_of::<GemClose>());
const PRIME_FD_TO_HANDLE: libc::c_ulong = iowr(0x2e, size_of::<PrimeHandle>());
/// The fifth of the driver's own, which start at 0x40.
const RESOURCE_INFO: libc::c_ulong = iowr(0x45, size_of::<ResourceInfo>());

const fn iow(number: u8, size: usize) -> libc::c_ulong {
    request(1, number, size)
}

const fn iowr(number: u8, size: usize) -> libc::c_ulong {
    request(3, number, size)
}

const fn request(direction: libc::c_ulong, number: u8, size: usize) -> libc::c_ulong {
    (direction << 30) | ((size as libc::c_ulong) << 16) | ((b'd' as libc::c_ulong) << 8) | number as libc::c_ulong
}

#[repr(C)]
struct Version {
    major: c_int,
    minor: c_int,
    patch: c_int,
    name_len: usize,
    name: *mut c_char,
    date_len: usize,
    date: *mut c_char,
    desc_len: usize,
    desc: *mut c_char,
}

#[repr(C)]
#[derive(Default)]
struct PrimeHandle {
    handle: u32,
    flags: u32,
    fd: c_int,
}

#[repr(C)]
#[derive(Default)]
struct ResourceInfo {
    object: u32,
    resource: u32,
    size: u32,
    blob: u32,
}

#[repr(C)]
struct GemClose {
    handle: u32,
    pad: u32,
}

/// The name of the driver behind a node.
pub(crate) fn driver(device: &File) -> io::Result<Vec<u8>> {
    let mut name = [0_u8; 64];
    let none = std::ptr::null_mut();
    let mut version = Version {
        major: 0,
        minor: 0,
        patch: 0,
        name_len: name.len(),
        name: name.as_mut_ptr().cast(),
        date_len: 0,
        date: none,
        desc_len: 0,
        desc: none,
    };
    call(device, VERSION, &mut version)?;
    Ok(name[..version.name_len.min(name.len())].to_vec())
}

/// The resource handle of a DMA-BUF; 0 is none.
pub(crate) fn resource(device: &File, buffer: BorrowedFd<'_>) -> io::Result<u32> {
    let mut prime = PrimeHandle { fd: buffer.as_raw_fd(), ..PrimeHandle::default() };
    call(device, PRIME_FD_TO_HANDLE, &mut prime)?;
    let mut info = ResourceInfo { object: prime.handle, ..ResourceInfo::default() };
    let asked = call(device, RESOURCE_INFO, &mut info);
    // The handle counts as a use of the buffer, which would never be freed.
    call(device, GEM_CLOSE, &mut GemClose { handle: prime.handle, pad: 0 })?;
    asked.map(|()| info.resource)
}

fn call<T>(device: &File, request: libc::c_ulong, argument: &mut T) -> io::Result<()> {
    loop {
        // SAFETY: each request above is made with the size of the struct that it is called with, so the kernel writes
        // within it; what Version points to lives in `driver` until the call is over, and is as long as it says.
        let result = unsafe { libc::ioctl(device.as_raw_fd(), request as _, std::ptr::from_mut(argument)) };
        if result != -1 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_the_kernels_headers() {
        assert_eq!(GEM_CLOSE, 0x4008_6409);
        assert_eq!(PRIME_FD_TO_HANDLE, 0xc00c_642e);
        assert_eq!(RESOURCE_INFO, 0xc010_6445);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(VERSION, 0xc040_6400);
    }
}
