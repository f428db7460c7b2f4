//! The library and its devices.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::ptr::NonNull;
use std::rc::Rc;

use libloading::{Library, Symbol};

use crate::Monitor;

/// Its file.
pub const NAME: &str = "libudev.so.1";

/// What is said of a device.
pub type Properties = BTreeMap<String, String>;

/// Any of the library's objects.
pub(crate) type Object = *mut c_void;
type Unary = unsafe extern "C" fn(Object) -> Object;
type Text = unsafe extern "C" fn(Object) -> *const c_char;
type AddText = unsafe extern "C" fn(Object, *const c_char) -> c_int;
type Find = unsafe extern "C" fn(Object, *const c_char) -> Object;
type Number = unsafe extern "C" fn(Object) -> c_int;

/// The library, opened.
#[derive(Debug, Clone)]
pub struct Libudev {
    context: Rc<Context>,
}

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) library: Library,
    pub(crate) object: NonNull<c_void>,
}

impl Libudev {
    /// Opens it.
    ///
    /// # Errors
    /// When this machine does not have it.
    pub fn open() -> io::Result<Self> {
        // SAFETY: systemd's libudev runs no code when it is opened.
        let library = unsafe { Library::new(NAME) }.map_err(io::Error::other)?;
        // SAFETY: the signature is that of the library's header.
        let object = unsafe { symbol::<unsafe extern "C" fn() -> Object>(&library, c"udev_new")?() };
        let object = NonNull::new(object).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { context: Rc::new(Context { library, object }) })
    }

    /// Listens to udevd.
    ///
    /// # Errors
    /// When the library cannot.
    pub fn monitor(&self, subsystem: Option<(&str, &str)>, tag: Option<&str>) -> io::Result<Monitor> {
        Monitor::new(Rc::clone(&self.context), subsystem, tag)
    }

    /// Properties of each device that has a tag, by its path in sysfs.
    ///
    /// # Errors
    /// When the library cannot look.
    pub fn tagged(&self, tag: &str) -> io::Result<BTreeMap<String, Properties>> {
        let context = &self.context;
        let tag = CString::new(tag)?;
        // SAFETY: signatures are those of the library's header; objects are live until they are released below, and
        // the list belongs to `list`, which outlives its use.
        unsafe {
            let list = context.get::<Unary>(c"udev_enumerate_new")?(context.object.as_ptr());
            context.get::<AddText>(c"udev_enumerate_add_match_tag")?(list, tag.as_ptr());
            context.get::<Number>(c"udev_enumerate_scan_devices")?(list);
            let first = context.get::<Unary>(c"udev_enumerate_get_list_entry")?(list);
            let mut found = BTreeMap::new();
            for (path, _) in context.entries(first)? {
                found.insert(path.clone(), context.device(&path)?);
            }
            context.get::<Unary>(c"udev_enumerate_unref")?(list);
            Ok(found)
        }
    }
}

impl Context {
    pub(crate) fn get<T>(&self, name: &CStr) -> io::Result<Symbol<'_, T>> {
        symbol(&self.library, name)
    }

    /// Properties of the device at a path in sysfs, and `INITIALIZED` when its entry was found.
    fn device(&self, path: &str) -> io::Result<Properties> {
        let path = CString::new(path)?;
        // SAFETY: signatures are those of the library's header; the device is live until it is released.
        unsafe {
            let device = self.get::<Find>(c"udev_device_new_from_syspath")?(self.object.as_ptr(), path.as_ptr());
            if device.is_null() {
                return Err(io::ErrorKind::NotFound.into());
            }
            let mut properties = self.properties(device)?;
            if self.get::<Number>(c"udev_device_get_is_initialized")?(device) > 0 {
                properties.insert("INITIALIZED".to_owned(), "1".to_owned());
            }
            self.get::<Unary>(c"udev_device_unref")?(device);
            Ok(properties)
        }
    }

    /// # Safety
    /// `device` is a live device of the library.
    pub(crate) unsafe fn properties(&self, device: Object) -> io::Result<Properties> {
        // SAFETY: the signature is that of the library's header, the device is live.
        unsafe {
            let first = self.get::<Unary>(c"udev_device_get_properties_list_entry")?(device);
            Ok(self.entries(first)?.into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect())
        }
    }

    /// # Safety
    /// `entry` is null or an entry of a live list.
    unsafe fn entries(&self, mut entry: Object) -> io::Result<Vec<(String, Option<String>)>> {
        let mut found = Vec::new();
        while !entry.is_null() {
            // SAFETY: signatures are those of the library's header, the entry is live, texts end with a NUL.
            unsafe {
                let name = text(self.get::<Text>(c"udev_list_entry_get_name")?(entry)).unwrap_or_default();
                found.push((name, text(self.get::<Text>(c"udev_list_entry_get_value")?(entry))));
                entry = self.get::<Unary>(c"udev_list_entry_get_next")?(entry);
            }
        }
        Ok(found)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Ok(release) = self.get::<Unary>(c"udev_unref") {
            // SAFETY: the signature is that of the library's header; nobody else has the object.
            unsafe { release(self.object.as_ptr()) };
        }
    }
}

fn symbol<'a, T>(library: &'a Library, name: &CStr) -> io::Result<Symbol<'a, T>> {
    // SAFETY: callers name the signature of the library's header.
    unsafe { library.get(name.to_bytes_with_nul()) }.map_err(io::Error::other)
}

/// # Safety
/// `text` is null or ends with a NUL.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
