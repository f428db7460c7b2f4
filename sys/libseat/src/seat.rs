//! An open seat.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;

use crate::library::{Libseat, Listener, NumberCall};

/// What the seat has said so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Events {
    /// How often it was enabled.
    pub enabled: u32,
    /// How often it was disabled.
    pub disabled: u32,
}

/// An open seat, closed when dropped. Its calls block until the server has answered.
#[derive(Debug)]
pub struct Seat<'a> {
    library: &'a Libseat,
    seat: *mut c_void,
    told: Box<Told>,
}

/// Boxed, as libseat keeps its address.
#[derive(Debug)]
struct Told {
    listener: Listener,
    events: Cell<Events>,
}

extern "C" fn enabled(_seat: *mut c_void, data: *mut c_void) {
    note(data, |events| events.enabled += 1);
}

extern "C" fn disabled(_seat: *mut c_void, data: *mut c_void) {
    note(data, |events| events.disabled += 1);
}

fn note(data: *mut c_void, change: impl FnOnce(&mut Events)) {
    // SAFETY: it is the address of the seat's cell, which lives until the seat is closed and is used on this thread only.
    let cell = unsafe { &*data.cast::<Cell<Events>>() };
    let mut events = cell.get();
    change(&mut events);
    cell.set(events);
}

impl<'a> Seat<'a> {
    /// Opens the seat behind this socket.
    ///
    /// # Errors
    /// When nobody is there, or he wants none of us.
    pub fn open(library: &'a Libseat, socket: &Path) -> io::Result<Self> {
        let listener = Listener { enable_seat: enabled, disable_seat: disabled };
        let told = Box::new(Told { listener, events: Cell::default() });
        let data = (&raw const told.events).cast_mut().cast();
        let seat = library.open(socket, &told.listener, data)?;
        Ok(Self { library, seat, told })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        // SAFETY: the seat is open, and its name ends in a NUL and lives as long.
        unsafe { CStr::from_ptr((self.library.seat_name)(self.seat)) }.to_string_lossy().into_owned()
    }

    /// What it has said so far.
    #[must_use]
    pub fn events(&self) -> Events {
        self.told.events.get()
    }

    /// Hears what the seat says, waiting not longer than this if it says nothing.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn dispatch(&mut self, milliseconds: i32) -> io::Result<()> {
        self.call(self.library.dispatch, milliseconds)
    }

    /// Opens a device; gives its id and descriptor.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn open_device(&mut self, path: &CStr) -> io::Result<(i32, OwnedFd)> {
        let mut fd: c_int = -1;
        // SAFETY: the seat is open, and the path and the place for the descriptor outlive the call.
        let id = unsafe { (self.library.open_device)(self.seat, path.as_ptr(), &raw mut fd) };
        if id < 0 || fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: libseat received it for us, and keeps no copy.
        Ok((id, unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Gives a device back.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn close_device(&mut self, id: i32) -> io::Result<()> {
        self.call(self.library.close_device, id)
    }

    /// Asks for another session.
    ///
    /// # Errors
    /// When the server refuses, and this libseat waits for its answer.
    pub fn switch_session(&mut self, session: i32) -> io::Result<()> {
        self.call(self.library.switch_session, session)
    }

    /// Says that the seat is not used any more, after it was disabled.
    ///
    /// # Errors
    /// When the server refuses, and this libseat waits for its answer.
    pub fn disable(&mut self) -> io::Result<()> {
        // SAFETY: the seat is open.
        checked(unsafe { (self.library.disable_seat)(self.seat) })
    }

    fn call(&mut self, function: NumberCall, number: c_int) -> io::Result<()> {
        // SAFETY: the seat is open.
        checked(unsafe { function(self.seat, number) })
    }
}

fn checked(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        // SAFETY: the seat is open, and nobody has it after us.
        unsafe { (self.library.close_seat)(self.seat) };
    }
}
