//! What a device can do.

use crate::{Absolute, Key, Property, Relative};

/// Longest name in bytes; the kernel cuts what is longer.
pub const LONGEST_NAME: usize = 80;

/// A device to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blueprint {
    /// What it is called: 1 to [`LONGEST_NAME`] bytes.
    pub name: String,
    /// Where it is plugged in, as a path of words.
    pub phys: String,
    /// What it claims to be.
    pub identity: Identity,
    /// Its keys and buttons.
    pub keys: Vec<Key>,
    /// What can move.
    pub relative: Vec<Relative>,
    /// What has a position. One of [`Absolute::MT_SLOT`] makes as many slots as its range has values.
    pub absolute: Vec<(Absolute, Range)>,
    /// What else is true of it.
    pub properties: Vec<Property>,
}

/// Numbers by which programs recognise a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity {
    /// How it is connected; 6 is "not at all".
    pub bus: u16,
    /// Who makes it.
    pub vendor: u16,
    /// Which of theirs.
    pub product: u16,
    /// Which version.
    pub version: u16,
}

/// Values of an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The lowest.
    pub minimum: i32,
    /// The highest.
    pub maximum: i32,
    /// Units per millimetre; 0 when it has no size.
    pub resolution: i32,
}
