//! Listening to udevd.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Properties;
use crate::library::{Context, Object};

type New = unsafe extern "C" fn(Object, *const c_char) -> Object;
type Match = unsafe extern "C" fn(Object, *const c_char) -> c_int;
type MatchPair = unsafe extern "C" fn(Object, *const c_char, *const c_char) -> c_int;
type Number = unsafe extern "C" fn(Object) -> c_int;
type Unary = unsafe extern "C" fn(Object) -> Object;

/// A listener.
#[derive(Debug)]
pub struct Monitor {
    context: Rc<Context>,
    object: NonNull<c_void>,
}

impl Monitor {
    pub(crate) fn new(context: Rc<Context>, kind: Option<(&str, &str)>, tag: Option<&str>) -> io::Result<Self> {
        // SAFETY: the signature is that of the library's header.
        let object =
            unsafe { context.get::<New>(c"udev_monitor_new_from_netlink")?(context.object.as_ptr(), c"udev".as_ptr()) };
        let object = NonNull::new(object).ok_or_else(io::Error::last_os_error)?;
        let monitor = Self { context, object };
        if let Some((subsystem, devtype)) = kind {
            let (subsystem, devtype) = (CString::new(subsystem)?, CString::new(devtype)?);
            let name = c"udev_monitor_filter_add_match_subsystem_devtype";
            // SAFETY: the signature is that of the library's header, the texts outlive the call.
            let added = unsafe {
                monitor.context.get::<MatchPair>(name)?(object.as_ptr(), subsystem.as_ptr(), devtype.as_ptr())
            };
            check(added)?;
        }
        if let Some(tag) = tag {
            let tag = CString::new(tag)?;
            // SAFETY: as above.
            check(unsafe {
                monitor.context.get::<Match>(c"udev_monitor_filter_add_match_tag")?(object.as_ptr(), tag.as_ptr())
            })?;
        }
        // SAFETY: the signature is that of the library's header.
        check(unsafe { monitor.context.get::<Number>(c"udev_monitor_enable_receiving")?(object.as_ptr()) })?;
        Ok(monitor)
    }

    /// The next event that the library takes, unless none comes in time.
    ///
    /// # Errors
    /// When the library fails.
    pub fn receive(&self, patience: Duration) -> io::Result<Option<Properties>> {
        let deadline = Instant::now() + patience;
        while self.waits(deadline.saturating_duration_since(Instant::now()))? {
            if let Some(properties) = self.take()? {
                return Ok(Some(properties));
            }
        }
        Ok(None)
    }

    /// Whether something came in time.
    fn waits(&self, patience: Duration) -> io::Result<bool> {
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        // SAFETY: the signature is that of the library's header; the descriptor belongs to the monitor, which lives.
        let fd = unsafe {
            BorrowedFd::borrow_raw(self.context.get::<Number>(c"udev_monitor_get_fd")?(self.object.as_ptr()))
        };
        Ok(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&patience))? > 0)
    }

    /// What came, unless the library does not trust its sender.
    fn take(&self) -> io::Result<Option<Properties>> {
        // SAFETY: signatures are those of the library's header; the device is live until it is released.
        unsafe {
            let device = self.context.get::<Unary>(c"udev_monitor_receive_device")?(self.object.as_ptr());
            if device.is_null() {
                return Ok(None);
            }
            let properties = self.context.properties(device);
            self.context.get::<Unary>(c"udev_device_unref")?(device);
            properties.map(Some)
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        if let Ok(release) = self.context.get::<Unary>(c"udev_monitor_unref") {
            // SAFETY: the signature is that of the library's header; nobody else has the object.
            unsafe { release(self.object.as_ptr()) };
        }
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(()) }
}
