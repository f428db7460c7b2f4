//! A device that exists as long as this program wants it.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use crate::event::encode;
use crate::reader::Reader;
use crate::{Blueprint, Event, LONGEST_NAME, Node, UinputError, kernel, node};

/// Where devices are made.
pub const DEVICE: &str = "/dev/uinput";

/// A device that exists; dropped, it vanishes, and the kernel lets go of what it held.
#[derive(Debug)]
pub struct Device {
    name: String,
    file: File,
    node: Node,
    reader: Reader,
    frame: Vec<u8>,
}

impl Device {
    /// Makes a device through the node at `path`, commonly [`DEVICE`], and waits a moment for its own.
    ///
    /// # Errors
    /// When the kernel makes none, or no node appears.
    pub fn create(path: &Path, blueprint: &Blueprint) -> Result<Self, UinputError> {
        let name = blueprint.name.clone();
        if !(1..=LONGEST_NAME).contains(&name.len()) || name.contains('\0') {
            return Err(UinputError::Text { what: "the name", text: name });
        }
        let phys = CString::new(blueprint.phys.as_str())
            .map_err(|_| UinputError::Text { what: "the place", text: blueprint.phys.clone() })?;
        let opened = OpenOptions::new().write(true).open(path);
        let file = opened.map_err(|source| UinputError::Open { path: path.to_owned(), source })?;
        let step = |what| {
            let name = name.clone();
            move |source: io::Error| UinputError::Step { what, name, source }
        };
        kernel::describe(file.as_fd(), blueprint, &phys).map_err(step("set the abilities"))?;
        kernel::create(file.as_fd()).map_err(step("ask for the making"))?;
        let sysname = kernel::sysname(file.as_fd()).map_err(step("learn the path"))?;
        let node = node::wait_for(Path::new(node::SYSFS), &sysname)?;
        let reader = Reader::open(&node.path()).map_err(step("take the events"))?;
        Ok(Self { name, file, node, reader, frame: Vec::new() })
    }

    /// Says what happened at once.
    ///
    /// # Errors
    /// When the device is gone.
    pub fn emit(&mut self, events: &[Event]) -> Result<(), UinputError> {
        encode(events, &mut self.frame);
        // In one call, so that no reader ever waits for the rest of a frame.
        let written = (&self.file)
            .write(&self.frame)
            .and_then(|length| if length == self.frame.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) });
        written.map_err(|source| UinputError::Step { what: "tell the events", name: self.name.clone(), source })
    }

    /// Who hears it.
    ///
    /// # Errors
    /// When descriptors ran out.
    pub fn reader(&self) -> io::Result<Reader> {
        self.reader.copy()
    }

    /// Where it is found.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Closing does it too, but not while another process has a copy of the descriptor.
        let _ = kernel::destroy(self.file.as_fd());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(path: &str, name: &str) -> UinputError {
        let blueprint = Blueprint { name: name.to_owned(), ..Blueprint::default() };
        Device::create(Path::new(path), &blueprint).unwrap_err()
    }

    #[test]
    fn a_machine_without_uinput_says_what_to_do() {
        let text = error("/nowhere/uinput", "x").to_string();
        assert_eq!(text, "cannot open /nowhere/uinput: load the kernel module uinput, or let this process use it");
    }

    #[test]
    fn names_that_the_kernel_would_cut_are_refused() {
        for name in ["", "a\0b", &"a".repeat(81)] {
            assert!(matches!(error("/dev/null", name), UinputError::Text { .. }), "{name:?}");
        }
    }

    #[test]
    fn what_is_not_uinput_is_refused() {
        assert!(matches!(error("/dev/null", "x"), UinputError::Step { what: "set the abilities", .. }));
    }
}
