//! The one place that calls the kernel, its structs and numbers.
//!
//! Layouts are those of the kernel's `uapi/linux/uinput.h` and `input.h`.

#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::ioctl::{self, Getter, IntegerSetter, NoArg, Opcode, Setter, opcode};

use crate::event::{EV_ABS, EV_KEY, EV_REL};
use crate::{Blueprint, LONGEST_NAME};

const GROUP: u8 = b'U';
const DEV_CREATE: Opcode = opcode::none(GROUP, 1);
const DEV_DESTROY: Opcode = opcode::none(GROUP, 2);
const DEV_SETUP: Opcode = opcode::write::<Setup>(GROUP, 3);
const ABS_SETUP: Opcode = opcode::write::<AbsSetup>(GROUP, 4);
const SET_EVBIT: Opcode = opcode::write::<i32>(GROUP, 100);
const SET_KEYBIT: Opcode = opcode::write::<i32>(GROUP, 101);
const SET_RELBIT: Opcode = opcode::write::<i32>(GROUP, 102);
const SET_PHYS: Opcode = opcode::write::<usize>(GROUP, 108);
const SET_PROPBIT: Opcode = opcode::write::<i32>(GROUP, 110);
const GET_SYSNAME: Opcode = opcode::read::<[u8; SYSNAME]>(GROUP, 44);

/// Of nodes, as opposed to the device that makes them.
const GRAB: Opcode = opcode::write::<i32>(b'E', 0x90);
/// Room for a name such as `input123`.
const SYSNAME: usize = 64;

#[repr(C)]
#[derive(Clone, Copy)]
struct Setup {
    bus: u16,
    vendor: u16,
    product: u16,
    version: u16,
    name: [u8; LONGEST_NAME],
    ff_effects_max: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct AbsSetup {
    code: u16,
    /// The compiler's padding in the kernel's struct, named so that no byte of it is undefined.
    filler: u16,
    value: i32,
    minimum: i32,
    maximum: i32,
    fuzz: i32,
    flat: i32,
    resolution: i32,
}

/// Tells what the device can do. Its kinds of events follow from its codes.
pub(crate) fn describe(fd: BorrowedFd<'_>, blueprint: &Blueprint, phys: &CStr) -> io::Result<()> {
    let kinds = [
        (EV_KEY, blueprint.keys.is_empty()),
        (EV_REL, blueprint.relative.is_empty()),
        (EV_ABS, blueprint.absolute.is_empty()),
    ];
    for (kind, _) in kinds.into_iter().filter(|(_, unused)| !unused) {
        set_bit::<SET_EVBIT>(fd, kind)?;
    }
    blueprint.keys.iter().try_for_each(|key| set_bit::<SET_KEYBIT>(fd, key.0))?;
    blueprint.relative.iter().try_for_each(|axis| set_bit::<SET_RELBIT>(fd, axis.0))?;
    blueprint.properties.iter().try_for_each(|property| set_bit::<SET_PROPBIT>(fd, property.0))?;
    set_phys(fd, phys)?;
    set_up(fd, blueprint)?;
    blueprint.absolute.iter().try_for_each(|(axis, range)| {
        let (minimum, maximum, resolution) = (range.minimum, range.maximum, range.resolution);
        let setup = AbsSetup { code: axis.0, filler: 0, value: 0, minimum, maximum, fuzz: 0, flat: 0, resolution };
        // SAFETY: the struct and the number are those of the kernel's header, which only reads from it.
        Ok(unsafe { ioctl::ioctl(fd, Setter::<ABS_SETUP, AbsSetup>::new(setup)) }?)
    })
}

fn set_up(fd: BorrowedFd<'_>, blueprint: &Blueprint) -> io::Result<()> {
    let mut name = [0; LONGEST_NAME];
    for (place, byte) in name.iter_mut().zip(blueprint.name.bytes()) {
        *place = byte;
    }
    let identity = blueprint.identity;
    let (bus, vendor, product, version) = (identity.bus, identity.vendor, identity.product, identity.version);
    let setup = Setup { bus, vendor, product, version, name, ff_effects_max: 0 };
    // SAFETY: the struct and the number are those of the kernel's header, which only reads from it.
    Ok(unsafe { ioctl::ioctl(fd, Setter::<DEV_SETUP, Setup>::new(setup)) }?)
}

fn set_phys(fd: BorrowedFd<'_>, phys: &CStr) -> io::Result<()> {
    let pointer = phys.as_ptr().cast_mut().cast();
    // SAFETY: the kernel copies a text that ends with a NUL, and does not write to it.
    Ok(unsafe { ioctl::ioctl(fd, IntegerSetter::<SET_PHYS>::new_pointer(pointer)) }?)
}

fn set_bit<const OPCODE: Opcode>(fd: BorrowedFd<'_>, bit: u16) -> io::Result<()> {
    // SAFETY: the numbers that this is used with take an integer, which the kernel compares with its highest.
    Ok(unsafe { ioctl::ioctl(fd, IntegerSetter::<OPCODE>::new_usize(usize::from(bit))) }?)
}

pub(crate) fn create(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the call has no argument.
    Ok(unsafe { ioctl::ioctl(fd, NoArg::<DEV_CREATE>::new()) }?)
}

pub(crate) fn destroy(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the call has no argument.
    Ok(unsafe { ioctl::ioctl(fd, NoArg::<DEV_DESTROY>::new()) }?)
}

/// Takes a node's events for this descriptor alone, and those of its copies.
pub(crate) fn grab(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the number takes an integer, of which only 0 or not matters.
    Ok(unsafe { ioctl::ioctl(fd, IntegerSetter::<GRAB>::new_usize(1)) }?)
}

/// The device's name in sysfs, such as `input5`.
pub(crate) fn sysname(fd: BorrowedFd<'_>) -> io::Result<String> {
    // SAFETY: the number says how many bytes there are, and any of them are valid.
    let bytes = unsafe { ioctl::ioctl(fd, Getter::<GET_SYSNAME, [u8; SYSNAME]>::new()) }?;
    let name = CStr::from_bytes_until_nul(&bytes).map_err(|_| io::ErrorKind::InvalidData)?;
    name.to_str().map(str::to_owned).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn numbers_are_those_of_the_kernel() {
        assert_eq!((DEV_CREATE, DEV_DESTROY), (0x5501, 0x5502));
        assert_eq!((DEV_SETUP, ABS_SETUP), (0x405c_5503, 0x401c_5504));
        assert_eq!((SET_EVBIT, SET_KEYBIT, SET_RELBIT), (0x4004_5564, 0x4004_5565, 0x4004_5566));
        assert_eq!((SET_PROPBIT, GET_SYSNAME), (0x4004_556e, 0x8040_552c));
        assert_eq!(GRAB, 0x4004_4590);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(SET_PHYS, 0x4008_556c);
    }

    #[test]
    fn layouts_are_those_of_the_kernel() {
        assert_eq!((size_of::<Setup>(), offset_of!(Setup, name), offset_of!(Setup, ff_effects_max)), (92, 8, 88));
        assert_eq!((size_of::<AbsSetup>(), offset_of!(AbsSetup, value)), (28, 4));
        assert_eq!((offset_of!(AbsSetup, minimum), offset_of!(AbsSetup, resolution)), (8, 24));
    }
}
