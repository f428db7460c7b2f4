//! The files of an image before they are packed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::additions::Additions;
use crate::error::io_error;
use crate::{Error, Result};

/// Files by path; a path has no slash at either end, the root is the empty path.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Permissions, with set-uid, set-gid and sticky.
    pub(crate) mode: u16,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) mtime: u32,
    /// Extended attributes.
    pub(crate) attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File(Content),
    /// A symbolic link, and where it leads.
    Link(Vec<u8>),
    /// Another name of the file at this path.
    Same(Vec<u8>),
    CharDevice(Device),
    BlockDevice(Device),
    Pipe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// Bytes at hand, or a part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Part { offset: u64, len: u64 },
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Part { len, .. } => *len,
        }
    }

    /// Copies it out; `parts` is the file that a part is a part of.
    pub(crate) fn copy(&self, parts: &mut Option<File>, to: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => to.write_all(bytes),
            Self::Part { offset, len } => {
                let file = parts.as_mut().ok_or(io::ErrorKind::NotFound)?;
                file.seek(SeekFrom::Start(*offset))?;
                let copied = io::copy(&mut file.take(*len), to)?;
                if copied == *len { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
            }
        }
    }
}

impl Node {
    pub(crate) fn new(kind: Kind, mode: u16, mtime: u32) -> Self {
        Self { kind, mode, owner: 0, group: 0, mtime, attributes: BTreeMap::new() }
    }
}

impl Tree {
    /// Puts a file in, in place of what was there, and the folders above it where they are missing.
    pub(crate) fn insert(&mut self, path: &[u8], node: Node) {
        let path = trimmed(path);
        let mtime = node.mtime;
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            self.nodes.entry(path[..at].to_vec()).or_insert_with(|| Node::new(Kind::Folder, 0o755, mtime));
        }
        self.nodes.insert(path.to_vec(), node);
    }

    #[cfg(test)]
    pub(crate) fn get(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(trimmed(path))
    }

    /// Sorted by path, so that a folder comes before what is in it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_slice(), node))
    }

    /// Takes out a path, or with `/**` at its end everything below it.
    pub(crate) fn leave_out(&mut self, pattern: &str) {
        match pattern.strip_suffix("/**") {
            Some(folder) => {
                let prefix = [trimmed(folder.as_bytes()), b"/"].concat();
                self.nodes.retain(|path, _| !path.starts_with(&prefix));
            }
            None => drop(self.nodes.remove(trimmed(pattern.as_bytes()))),
        }
    }

    /// Puts in what a recipe adds.
    pub(crate) fn add(&mut self, additions: &Additions, mtime: u32) {
        for folder in &additions.folders {
            let mode = if matches!(folder.as_str(), "/tmp" | "/var/tmp") { 0o1777 } else { 0o755 };
            self.insert(folder.as_bytes(), Node::new(Kind::Folder, mode, mtime));
        }
        for (path, target) in &additions.links {
            self.insert(path.as_bytes(), Node::new(Kind::Link(target.clone().into_bytes()), 0o777, mtime));
        }
        for file in &additions.files {
            let mut node = Node::new(Kind::File(Content::Bytes(file.content.clone())), file.mode, mtime);
            (node.owner, node.group) = (file.owner, file.owner);
            self.insert(file.path.as_bytes(), node);
        }
    }

    /// Puts in a file of an unpacked package and, where it is a link, what the link leads to.
    pub(crate) fn take(&mut self, root: &Path, path: &str, mtime: u32) -> Result<()> {
        let mut path = path.to_owned();
        for _ in 0..8 {
            let place = root.join(path.trim_start_matches('/'));
            let about = place.symlink_metadata().map_err(io_error("take", &place))?;
            if !about.is_symlink() {
                let content = std::fs::read(&place).map_err(io_error("read", &place))?;
                let mode = if is_program(&content) { 0o755 } else { 0o644 };
                self.insert(path.as_bytes(), Node::new(Kind::File(Content::Bytes(content)), mode, mtime));
                return Ok(());
            }
            let target = place.read_link().map_err(io_error("read the link", &place))?;
            let target = target.to_str().ok_or(Error::Malformed { what: "a link that is not text", path: place })?;
            self.insert(path.as_bytes(), Node::new(Kind::Link(target.into()), 0o777, mtime));
            path = followed(&path, target);
        }
        Err(Error::Malformed { what: "too many links", path: root.join(path.trim_start_matches('/')) })
    }
}

fn is_program(content: &[u8]) -> bool {
    content.starts_with(b"\x7fELF") || content.starts_with(b"#!")
}

/// Where a link at `path` leads, with the folders that Debian has merged into /usr written out.
fn followed(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { path.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let merged = matches!(parts.first(), Some(&("bin" | "sbin" | "lib" | "lib64")));
    format!("{}/{}", if merged { "/usr" } else { "" }, parts.join("/"))
}

fn trimmed(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b".").filter(|rest| rest.is_empty() || rest.starts_with(b"/")).unwrap_or(path);
    let start = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(start, |at| at + 1);
    &path[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Node {
        Node::new(Kind::File(Content::Bytes(text.into())), 0o644, 7)
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.iter().map(|(path, _)| str::from_utf8(path).unwrap()).collect()
    }

    #[test]
    fn folders_come_by_themselves_and_before_their_content() {
        let mut tree = Tree::default();
        tree.insert(b"./a/b/c", file("1"));
        tree.insert(b"/a-b/", file("2"));
        tree.insert(b"a/b", Node::new(Kind::Folder, 0o700, 7));
        assert_eq!(paths(&tree), ["a", "a-b", "a/b", "a/b/c"]);
        assert_eq!(tree.get(b"/a/b").unwrap().mode, 0o700);
    }

    #[test]
    fn a_pattern_takes_out_a_file_or_all_below_a_folder() {
        let mut tree = Tree::default();
        for path in ["doc/a", "doc/b/c", "docs/a", "etc/a", "etc/b"] {
            tree.insert(path.as_bytes(), file(""));
        }
        tree.leave_out("/doc/**");
        tree.leave_out("/etc/a");
        assert_eq!(paths(&tree), ["doc", "docs", "docs/a", "etc", "etc/b"]);
    }

    #[test]
    fn taking_a_link_takes_what_it_leads_to() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("usr/lib/x")).unwrap();
        std::fs::create_dir_all(root.path().join("usr/lib64")).unwrap();
        std::fs::write(root.path().join("usr/lib/x/ld.so"), b"\x7fELF").unwrap();
        std::os::unix::fs::symlink("/lib/x/ld.so", root.path().join("usr/lib64/ld.so.2")).unwrap();
        let mut tree = Tree::default();
        tree.take(root.path(), "/usr/lib64/ld.so.2", 7).unwrap();
        assert_eq!(paths(&tree), ["usr", "usr/lib", "usr/lib/x", "usr/lib/x/ld.so", "usr/lib64", "usr/lib64/ld.so.2"]);
        assert_eq!(tree.get(b"usr/lib/x/ld.so").unwrap().mode, 0o755);
        assert!(tree.take(root.path(), "/usr/lib/none", 7).unwrap_err().to_string().contains("usr/lib/none"));
    }

    #[test]
    fn links_are_followed_as_the_guest_would() {
        assert_eq!(followed("/usr/lib64/ld.so", "/lib/x/ld.so"), "/usr/lib/x/ld.so");
        assert_eq!(followed("/usr/lib/ld.so", "x/ld.so"), "/usr/lib/x/ld.so");
        assert_eq!(followed("/usr/lib/a", "../bin/./b"), "/usr/bin/b");
    }
}
