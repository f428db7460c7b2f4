//! The content of a folder: blocks of entries, each block complete in itself.

use super::BLOCK;

/// Node, name's offset, kind, a spare byte.
const ENTRY: usize = 12;

/// What a folder calls one of its files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Entries are sorted by name.
    pub(super) name: Vec<u8>,
    /// Index of the inode.
    pub(super) inode: usize,
    pub(super) kind: u8,
}

/// How entries share the blocks, which depends on their names only.
pub(super) fn split(entries: &[Entry]) -> Vec<&[Entry]> {
    let mut blocks = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, entry) in entries.iter().enumerate() {
        let len = ENTRY + entry.name.len();
        if used + len > block_len() {
            blocks.push(&entries[start..at]);
            (start, used) = (at, 0);
        }
        used += len;
    }
    blocks.push(&entries[start..]);
    blocks
}

/// The size of a folder, without its last block's unused end.
pub(super) fn size(entries: &[Entry]) -> u64 {
    let blocks = split(entries);
    let last: usize = blocks.last().map_or(0, |block| block.iter().map(|entry| ENTRY + entry.name.len()).sum());
    (blocks.len() as u64 - 1) * BLOCK + last as u64
}

/// The bytes of a folder, once every inode has its node number.
pub(super) fn content(entries: &[Entry], node: impl Fn(usize) -> u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in split(entries) {
        bytes.resize(bytes.len().next_multiple_of(block_len()), 0);
        let mut name_at = block.len() * ENTRY;
        for entry in block {
            bytes.extend(node(entry.inode).to_le_bytes());
            bytes.extend(u16::try_from(name_at).expect("within a block").to_le_bytes());
            bytes.extend([entry.kind, 0]);
            name_at += entry.name.len();
        }
        bytes.extend(block.iter().flat_map(|entry| entry.name.iter()));
    }
    bytes
}

fn block_len() -> usize {
    usize::try_from(BLOCK).expect("small")
}
