//! One inode as bytes: the extended form, then its attributes.

use std::collections::BTreeMap;

use crate::tree::{Device, Kind, Node};

/// The extended form.
const LEN: usize = 64;
/// Attributes that the kernel looks for by number.
const PREFIXES: [(&[u8], u8); 3] = [(b"user.", 1), (b"trusted.", 4), (b"security.", 6)];

/// Where the content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The first block of what is not a tail.
    pub(super) block: u32,
    /// Whether the end that fills no block comes right behind the inode.
    pub(super) tail_inside: bool,
}

/// What of an inode is not in its node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) number: u32,
    pub(super) size: u64,
    pub(super) links: u32,
    pub(super) place: Place,
}

/// The length of an inode with its attributes.
pub(super) fn len(node: &Node) -> u64 {
    (LEN + attributes(&node.attributes).len()) as u64
}

pub(super) fn bytes(node: &Node, facts: Facts) -> Vec<u8> {
    let attributes = attributes(&node.attributes);
    let attribute_count = if attributes.is_empty() { 0 } else { (attributes.len() - 12) / 4 + 1 };
    let layout: u16 = if facts.place.tail_inside { 2 } else { 0 };
    let place = match node.kind {
        Kind::CharDevice(device) | Kind::BlockDevice(device) => encoded(device),
        _ => facts.place.block,
    };
    let mut bytes = Vec::with_capacity(LEN + attributes.len());
    bytes.extend((layout << 1 | 1).to_le_bytes());
    bytes.extend(u16::try_from(attribute_count).expect("attributes are short").to_le_bytes());
    bytes.extend((type_bits(&node.kind) | node.mode).to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(facts.size.to_le_bytes());
    for field in [place, facts.number, node.owner, node.group] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(u64::from(node.mtime).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(facts.links.to_le_bytes());
    bytes.resize(LEN, 0);
    bytes.extend(attributes);
    bytes
}

/// The kind as a folder's entry says it.
pub(super) fn entry_kind(kind: &Kind) -> u8 {
    match kind {
        Kind::File(_) | Kind::Same(_) => 1,
        Kind::Folder => 2,
        Kind::CharDevice(_) => 3,
        Kind::BlockDevice(_) => 4,
        Kind::Pipe => 5,
        Kind::Link(_) => 7,
    }
}

fn type_bits(kind: &Kind) -> u16 {
    match kind {
        Kind::File(_) | Kind::Same(_) => 0o100_000,
        Kind::Folder => 0o040_000,
        Kind::CharDevice(_) => 0o020_000,
        Kind::BlockDevice(_) => 0o060_000,
        Kind::Pipe => 0o010_000,
        Kind::Link(_) => 0o120_000,
    }
}

/// As the kernel packs a device number into 32 bits.
fn encoded(device: Device) -> u32 {
    (device.minor & 0xff) | (device.major << 8) | ((device.minor & !0xff) << 12)
}

/// Attributes with a prefix that the kernel has no number for are left out.
fn attributes(attributes: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in attributes {
        let known = PREFIXES.iter().find_map(|(prefix, number)| Some((name.strip_prefix(*prefix)?, *number)));
        let Some((name, number)) = known else { continue };
        let (Ok(name_len), Ok(value_len)) = (u8::try_from(name.len()), u16::try_from(value.len())) else { continue };
        if bytes.is_empty() {
            bytes.resize(12, 0);
        }
        bytes.extend([name_len, number]);
        bytes.extend(value_len.to_le_bytes());
        bytes.extend(name);
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}
