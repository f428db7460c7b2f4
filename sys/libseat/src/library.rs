//! The library's functions.

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;
use std::sync::Mutex;
use std::{env, io};

use libloading::Library;

/// What compositors are linked with.
const NAME: &str = "libseat.so.1";

/// The library cannot be used.
#[derive(Debug)]
pub struct LoadError(libloading::Error);

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot load {NAME}: {}", self.0)
    }
}

impl std::error::Error for LoadError {}

/// `struct libseat_seat_listener`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) enable_seat: extern "C" fn(*mut c_void, *mut c_void),
    pub(crate) disable_seat: extern "C" fn(*mut c_void, *mut c_void),
}

pub(crate) type Call = unsafe extern "C" fn(*mut c_void) -> c_int;
pub(crate) type NumberCall = unsafe extern "C" fn(*mut c_void, c_int) -> c_int;

/// The loaded library.
#[derive(Debug)]
pub struct Libseat {
    open_seat: unsafe extern "C" fn(*const Listener, *mut c_void) -> *mut c_void,
    pub(crate) close_seat: Call,
    pub(crate) disable_seat: Call,
    pub(crate) open_device: unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_int) -> c_int,
    pub(crate) close_device: NumberCall,
    pub(crate) switch_session: NumberCall,
    pub(crate) dispatch: NumberCall,
    pub(crate) seat_name: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    /// Keeps the functions in memory.
    _library: Library,
}

impl Libseat {
    /// Finds it where the dynamic linker does.
    ///
    /// # Errors
    /// When there is none.
    pub fn load() -> Result<Self, LoadError> {
        // SAFETY: libseat's initialisers do nothing.
        let library = unsafe { Library::new(NAME) }.map_err(LoadError)?;
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the types are those of libseat.h, which are the same in every libseat.so.1.
                *unsafe { library.get($name) }.map_err(LoadError)?
            };
        }
        Ok(Self {
            open_seat: function!(b"libseat_open_seat\0"),
            close_seat: function!(b"libseat_close_seat\0"),
            disable_seat: function!(b"libseat_disable_seat\0"),
            open_device: function!(b"libseat_open_device\0"),
            close_device: function!(b"libseat_close_device\0"),
            switch_session: function!(b"libseat_switch_session\0"),
            dispatch: function!(b"libseat_dispatch\0"),
            seat_name: function!(b"libseat_seat_name\0"),
            _library: library,
        })
    }

    /// Opens the seat behind this socket.
    pub(crate) fn open(&self, socket: &Path, listener: &Listener, data: *mut c_void) -> io::Result<*mut c_void> {
        /// The environment says which socket, so one at a time.
        static ENVIRONMENT: Mutex<()> = Mutex::new(());
        let _alone = ENVIRONMENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: Rust's own readers of the environment wait for std's lock; the one reader in C is the call below.
        unsafe {
            env::set_var("LIBSEAT_BACKEND", "seatd");
            env::set_var("SEATD_SOCK", socket);
        }
        // SAFETY: the caller keeps the listener and its data where they are until the seat is closed.
        let seat = unsafe { (self.open_seat)(listener, data) };
        if seat.is_null() { Err(io::Error::last_os_error()) } else { Ok(seat) }
    }
}
