//! Where everything goes, before the first byte is written.

use std::collections::BTreeMap;
use std::io;

use super::BLOCK;
use super::folder::{self, Entry};
use super::inode::{self, Place};
use crate::tree::{Kind, Node, Tree};

/// A longer tail gets a block of its own: half a block wasted at most.
const MAX_TAIL: u64 = BLOCK / 2;
/// Nodes are counted in units of this.
const SLOT: u64 = 32;

/// An inode with a place.
pub(super) struct Placed {
    pub(super) node: Node,
    /// What is in it, if it is a folder.
    pub(super) entries: Vec<Entry>,
    pub(super) size: u64,
    pub(super) links: u32,
    /// Where its bytes begin.
    pub(super) offset: u64,
    pub(super) place: Place,
}

/// Inodes in the order of their places; the root comes first.
pub(super) struct Layout {
    pub(super) inodes: Vec<Placed>,
    /// Blocks of super block and inodes.
    pub(super) metadata_blocks: u64,
    pub(super) blocks: u64,
}

impl Layout {
    pub(super) fn new(tree: &Tree, mtime: u32) -> io::Result<Self> {
        let mut inodes = inodes(tree, mtime);
        fill_folders(tree, &mut inodes)?;
        let metadata_blocks = place_inodes(&mut inodes);
        let blocks = place_content(&mut inodes, metadata_blocks)?;
        Ok(Self { inodes, metadata_blocks, blocks })
    }

    /// The number by which folders know an inode.
    pub(super) fn node(&self, inode: usize) -> u64 {
        self.inodes[inode].offset / SLOT
    }
}

fn inodes(tree: &Tree, mtime: u32) -> Vec<Placed> {
    let root = Node::new(Kind::Folder, 0o755, mtime);
    let own = tree.iter().filter(|(path, node)| !path.is_empty() && !matches!(node.kind, Kind::Same(_)));
    std::iter::once(root).chain(own.map(|(_, node)| node.clone())).map(Placed::new).collect()
}

impl Placed {
    fn new(node: Node) -> Self {
        let size = match &node.kind {
            Kind::File(content) => content.len(),
            Kind::Link(target) => target.len() as u64,
            _ => 0,
        };
        let links = if node.kind == Kind::Folder { 2 } else { 1 };
        let place = Place { block: 0, tail_inside: false };
        Self { node, entries: Vec::new(), size, links, offset: 0, place }
    }

    pub(super) fn tail(&self) -> u64 {
        self.size % BLOCK
    }
}

fn fill_folders(tree: &Tree, inodes: &mut [Placed]) -> io::Result<()> {
    let paths = tree.iter().filter(|(path, node)| !path.is_empty() && !matches!(node.kind, Kind::Same(_)));
    let mut index: BTreeMap<&[u8], usize> = paths.enumerate().map(|(at, (path, _))| (path, at + 1)).collect();
    index.insert(b"", 0);
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_empty()) {
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (b"".as_slice(), path),
        };
        if name.len() > 255 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a name of more than 255 bytes"));
        }
        let parent = *index.get(parent).ok_or_else(|| missing(parent))?;
        let inode = match &node.kind {
            Kind::Same(other) => {
                let inode = *index.get(other.as_slice()).ok_or_else(|| missing(other))?;
                inodes[inode].links += 1;
                inode
            }
            _ => index[path],
        };
        let kind = inode::entry_kind(&inodes[inode].node.kind);
        inodes[parent].entries.push(Entry { name: name.to_vec(), inode, kind });
        if node.kind == Kind::Folder {
            inodes[parent].links += 1;
            inodes[inode].entries.push(Entry { name: b"..".to_vec(), inode: parent, kind });
        }
    }
    inodes[0].entries.push(Entry { name: b"..".to_vec(), inode: 0, kind: 2 });
    for (at, inode) in inodes.iter_mut().enumerate().filter(|(_, inode)| inode.node.kind == Kind::Folder) {
        inode.entries.push(Entry { name: b".".to_vec(), inode: at, kind: 2 });
        inode.entries.sort();
        inode.size = folder::size(&inode.entries);
    }
    Ok(())
}

fn missing(path: &[u8]) -> io::Error {
    let path = String::from_utf8_lossy(path);
    io::Error::new(io::ErrorKind::InvalidData, format!("a link or a file belongs to {path}, which is not there"))
}

/// Gives every inode its offset; returns how many blocks they take together with the super block.
fn place_inodes(inodes: &mut [Placed]) -> u64 {
    let mut end = BLOCK;
    for inode in inodes {
        let len = inode::len(&inode.node);
        let mut offset = end.next_multiple_of(SLOT);
        let tail = inode.tail();
        inode.place.tail_inside = tail > 0 && tail <= MAX_TAIL && len + tail <= BLOCK;
        let inside = if inode.place.tail_inside { len + tail } else { len };
        if offset % BLOCK + inside > BLOCK {
            offset = offset.next_multiple_of(BLOCK);
        }
        inode.offset = offset;
        end = offset + inside;
    }
    end.div_ceil(BLOCK)
}

/// Gives what is not behind an inode its blocks; returns how many there are in all.
fn place_content(inodes: &mut [Placed], first: u64) -> io::Result<u64> {
    let mut next = first;
    for inode in inodes {
        let tail = if inode.place.tail_inside { inode.tail() } else { 0 };
        let blocks = (inode.size - tail).div_ceil(BLOCK);
        inode.place.block = u32::try_from(next).map_err(|_| io::ErrorKind::FileTooLarge)?;
        next += blocks;
    }
    u32::try_from(next).map_err(|_| io::ErrorKind::FileTooLarge)?;
    Ok(next)
}
