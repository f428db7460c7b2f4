//! The kernel's initramfs format: newc archives, the same bytes for the same tree.

use std::io::{self, Write};

use crate::tree::{Kind, Node, Tree};

/// Archives are padded to this, so that another may follow.
const ALIGNMENT: usize = 512;
const TRAILER: &[u8] = b"TRAILER!!!";

/// Writes a tree whose files are all at hand.
pub(crate) fn write(tree: &Tree, to: &mut dyn Write) -> io::Result<()> {
    let mut to = Counted { to, written: 0 };
    for (number, (path, node)) in tree.iter().filter(|(path, _)| !path.is_empty()).enumerate() {
        let content = match &node.kind {
            Kind::File(content) => {
                let mut bytes = Vec::new();
                content.copy(&mut None, &mut bytes)?;
                bytes
            }
            Kind::Link(target) => target.clone(),
            _ => Vec::new(),
        };
        let mode = file_type(node) | u32::from(node.mode);
        let links = if node.kind == Kind::Folder { 2 } else { 1 };
        to.member([number_of(number + 1)?, mode, node.owner, node.group, links, node.mtime], node, path, &content)?;
    }
    let end = Node::new(Kind::Pipe, 0, 0);
    to.member([0, 0, 0, 0, 1, 0], &end, TRAILER, &[])?;
    to.pad(ALIGNMENT)
}

fn number_of(value: usize) -> io::Result<u32> {
    u32::try_from(value).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

fn file_type(node: &Node) -> u32 {
    match node.kind {
        Kind::Folder => 0o040_000,
        Kind::File(_) | Kind::Same(_) => 0o100_000,
        Kind::Link(_) => 0o120_000,
        Kind::CharDevice(_) => 0o020_000,
        Kind::BlockDevice(_) => 0o060_000,
        Kind::Pipe => 0o010_000,
    }
}

struct Counted<'a> {
    to: &'a mut dyn Write,
    written: usize,
}

impl Counted<'_> {
    /// Inode, mode, owner, group, links and time come first in a header, in this order.
    fn member(&mut self, first: [u32; 6], node: &Node, path: &[u8], content: &[u8]) -> io::Result<()> {
        let (major, minor) = match node.kind {
            Kind::CharDevice(device) | Kind::BlockDevice(device) => (device.major, device.minor),
            _ => (0, 0),
        };
        let rest = [number_of(content.len())?, 0, 0, major, minor, number_of(path.len() + 1)?, 0];
        let digits: String = first.iter().chain(&rest).map(|field| format!("{field:08x}")).collect();
        for part in [b"070701".as_slice(), digits.as_bytes(), path, b"\0"] {
            self.put(part)?;
        }
        self.pad(4)?;
        self.put(content)?;
        self.pad(4)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.to.write_all(bytes)
    }

    fn pad(&mut self, alignment: usize) -> io::Result<()> {
        let missing = self.written.next_multiple_of(alignment) - self.written;
        self.put(&[0; ALIGNMENT][..missing])
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::tree::{Content, Device};

    fn sample() -> Tree {
        let mut tree = Tree::default();
        let node = |kind, mode| Node::new(kind, mode, 1_764_547_200);
        tree.insert(b"init", node(Kind::File(Content::Bytes(b"#!/bin/sh\n".to_vec())), 0o755));
        tree.insert(b"etc/empty", node(Kind::File(Content::Bytes(Vec::new())), 0o600));
        tree.insert(b"tmp", node(Kind::Folder, 0o1777));
        tree.insert(b"bin", node(Kind::Link(b"usr/bin".to_vec()), 0o777));
        tree.insert(b"console", node(Kind::CharDevice(Device { major: 5, minor: 1 }), 0o600));
        tree
    }

    fn bytes(tree: &Tree) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(tree, &mut bytes).unwrap();
        bytes
    }

    fn cpio(args: &[&str], archive: &[u8]) -> String {
        let child = Command::new("cpio").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("cpio is installed");
        child.stdin.take().unwrap().write_all(archive).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn cpio_lists_what_was_packed() {
        let listed = cpio(&["-itv", "--quiet", "--numeric-uid-gid"], &bytes(&sample()));
        let words: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
        let about: Vec<(&str, &str)> = words.iter().map(|w| (w[0], *w.last().unwrap())).collect();
        let expected = [
            ("lrwxrwxrwx", "usr/bin"),
            ("crw-------", "console"),
            ("drwxr-xr-x", "etc"),
            ("-rw-------", "etc/empty"),
            ("-rwxr-xr-x", "init"),
            ("drwxrwxrwt", "tmp"),
        ];
        assert_eq!(about, expected, "{listed}");
        assert!(words.iter().all(|w| w[2] == "0" && w[3] == "0"), "{listed}");
    }

    #[test]
    fn cpio_unpacks_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        cpio(&["-id", "--quiet", "-D", place, "init", "etc*"], &bytes(&sample()));
        assert_eq!(std::fs::read(folder.path().join("init")).unwrap(), b"#!/bin/sh\n");
        assert_eq!(std::fs::read(folder.path().join("etc/empty")).unwrap(), b"");
    }

    #[test]
    fn an_archive_starts_as_the_format_says_and_another_may_follow() {
        let bytes = bytes(&sample());
        let fields = ["070701", "00000001", "0000a1ff", "00000000", "00000000", "00000001", "692cda80", "00000007"];
        let rest = ["00000000", "00000000", "00000000", "00000000", "00000004", "00000000", "bin\0\0\0usr/bin\0"];
        let expected = [fields.concat(), rest.concat()].concat();
        assert_eq!(String::from_utf8_lossy(&bytes[..expected.len()]), expected);
        assert_eq!(bytes.len() % ALIGNMENT, 0);
    }
}
