//! Puts the bytes where the layout says.

use std::fs::File;
use std::io::{self, Write};

use super::inode::{self, Facts};
use super::layout::{Layout, Placed};
use super::{BLOCK, folder};
use crate::tree::{Kind, Tree};

const MAGIC: u32 = 0xe0f5_e1e2;
const BLOCK_BITS: u8 = 12;

/// What names a file system.
pub(crate) struct Identity<'a> {
    pub(crate) uuid: [u8; 16],
    pub(crate) label: &'a str,
    pub(crate) time: u32,
}

/// Writes a tree; `parts` is the file that its contents are parts of.
pub(crate) fn write(
    tree: &Tree,
    parts: &mut Option<File>,
    identity: &Identity<'_>,
    to: &mut dyn Write,
) -> io::Result<()> {
    let layout = Layout::new(tree, identity.time)?;
    let mut metadata = vec![0; usize::try_from(layout.metadata_blocks * BLOCK).expect("fits memory")];
    put(&mut metadata, 1024, &super_block(&layout, identity)?);
    for (number, inode) in layout.inodes.iter().enumerate() {
        let facts = Facts {
            number: u32::try_from(number + 1).map_err(|_| io::ErrorKind::FileTooLarge)?,
            size: inode.size,
            links: inode.links,
            place: inode.place,
        };
        let mut bytes = inode::bytes(&inode.node, facts);
        if inode.place.tail_inside {
            let content = content(&layout, inode, parts)?;
            bytes.extend(&content[content.len() - usize::try_from(inode.tail()).expect("within a block")..]);
        }
        put(&mut metadata, inode.offset, &bytes);
    }
    to.write_all(&metadata)?;
    layout.inodes.iter().try_for_each(|inode| write_content(&layout, inode, parts, to))
}

fn super_block(layout: &Layout, identity: &Identity<'_>) -> io::Result<Vec<u8>> {
    let root = u16::try_from(layout.node(0)).expect("the root is in the first block of inodes");
    let blocks = u32::try_from(layout.blocks).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut label = [0; 16];
    label[..identity.label.len()].copy_from_slice(identity.label.as_bytes());
    let mut bytes = Vec::with_capacity(128);
    // No checksum, which the features would have to announce.
    for field in [MAGIC, 0, 0] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend([BLOCK_BITS, 0]);
    bytes.extend(root.to_le_bytes());
    bytes.extend((layout.inodes.len() as u64).to_le_bytes());
    bytes.extend(u64::from(identity.time).to_le_bytes());
    // Nanoseconds; blocks; inodes are counted from block 0; no shared attributes.
    for field in [0, blocks, 0, 0] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(identity.uuid);
    bytes.extend(label);
    bytes.resize(128, 0);
    Ok(bytes)
}

/// The full blocks, and the end that fills none unless it is behind the inode.
fn write_content(layout: &Layout, inode: &Placed, parts: &mut Option<File>, to: &mut dyn Write) -> io::Result<()> {
    let inside = if inode.place.tail_inside { inode.tail() } else { 0 };
    let len = inode.size - inside;
    if len == 0 {
        return Ok(());
    }
    match &inode.node.kind {
        Kind::File(whole) if inside == 0 => whole.copy(parts, to)?,
        _ => {
            let content = content(layout, inode, parts)?;
            to.write_all(&content[..usize::try_from(len).expect("fits memory")])?;
        }
    }
    let padding = len.next_multiple_of(BLOCK) - len;
    io::copy(&mut io::Read::take(io::repeat(0), padding), to).map(drop)
}

fn content(layout: &Layout, inode: &Placed, parts: &mut Option<File>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match &inode.node.kind {
        Kind::File(content) => content.copy(parts, &mut bytes)?,
        Kind::Link(target) => bytes.clone_from(target),
        Kind::Folder => bytes = folder::content(&inode.entries, |inode| layout.node(inode)),
        _ => {}
    }
    Ok(bytes)
}

fn put(bytes: &mut [u8], at: u64, what: &[u8]) {
    let at = usize::try_from(at).expect("fits memory");
    bytes[at..at + what.len()].copy_from_slice(what);
}
