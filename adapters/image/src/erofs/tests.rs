//! A reader that knows the format from its description, not from the writer.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tree::{Content, Device, Kind, Node, Tree};

struct Reader(Vec<u8>);

impl Reader {
    fn of(tree: &Tree) -> Self {
        let identity = Identity { uuid: [7; 16], label: "lunette-root", time: 1_764_547_200 };
        let mut bytes = Vec::new();
        write(tree, &mut None, &identity, &mut bytes).unwrap();
        Self(bytes)
    }

    fn number<const N: usize>(&self, at: usize) -> usize {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(&self.0[at..at + N]);
        usize::try_from(u64::from_le_bytes(bytes)).unwrap()
    }

    fn mode(&self, node: usize) -> usize {
        self.number::<2>(node * 32 + 4)
    }

    fn attribute_len(&self, node: usize) -> usize {
        match self.number::<2>(node * 32 + 2) {
            0 => 0,
            count => 12 + (count - 1) * 4,
        }
    }

    fn content(&self, node: usize) -> Vec<u8> {
        let at = node * 32;
        let (layout, size, block) = (self.0[at] >> 1, self.number::<8>(at + 8), self.number::<4>(at + 16));
        assert_eq!(self.0[at] & 1, 1, "extended");
        let inside = if layout == 2 { size % 4096 } else { 0 };
        let mut bytes = self.0[block * 4096..][..size - inside].to_vec();
        let tail = at + 64 + self.attribute_len(node);
        assert!(inside == 0 || tail / 4096 == (tail + inside - 1) / 4096, "a tail crosses a block");
        bytes.extend(&self.0[tail..tail + inside]);
        bytes
    }

    fn entries(&self, node: usize) -> BTreeMap<Vec<u8>, usize> {
        let content = self.content(node);
        let mut names = Vec::new();
        for block in content.chunks(4096) {
            let field = |at: usize| usize::from(u16::from_le_bytes([block[at + 8], block[at + 9]]));
            let count = field(0) / 12;
            for entry in 0..count {
                let end = if entry + 1 < count { field(entry * 12 + 12) } else { block.len() };
                let name = block[field(entry * 12)..end].split(|byte| *byte == 0).next().unwrap();
                let node = u64::from_le_bytes(block[entry * 12..entry * 12 + 8].try_into().unwrap());
                names.push((name.to_vec(), usize::try_from(node).unwrap()));
            }
        }
        assert!(names.is_sorted(), "the kernel searches by halves");
        names.into_iter().collect()
    }

    fn find(&self, path: &[u8]) -> usize {
        let root = self.number::<2>(1024 + 14);
        path.split(|byte| *byte == b'/').fold(root, |node, name| self.entries(node)[name])
    }
}

fn file(content: Vec<u8>) -> Node {
    Node::new(Kind::File(Content::Bytes(content)), 0o640, 5)
}

#[test]
fn files_of_every_size_are_found_with_their_bytes() {
    let mut tree = Tree::default();
    let sizes = [0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 6000, 8192, 100_000];
    for size in sizes {
        let content: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        tree.insert(format!("a/{size}").as_bytes(), file(content));
    }
    let reader = Reader::of(&tree);
    for size in sizes {
        let content = reader.content(reader.find(format!("a/{size}").as_bytes()));
        assert!(content.len() == size && content.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
    }
    assert_eq!(reader.0.len(), reader.number::<4>(1024 + 36) * 4096);
}

#[test]
fn a_large_folder_spans_blocks() {
    let mut tree = Tree::default();
    for number in 0..1000 {
        tree.insert(format!("a/a-rather-long-name-{number}").as_bytes(), file(vec![1]));
    }
    let reader = Reader::of(&tree);
    let folder = reader.find(b"a");
    assert_eq!(reader.entries(folder).len(), 1002);
    assert_eq!(reader.find(b"a/.."), reader.find(b"."));
}

#[test]
fn kinds_owners_devices_links_and_attributes_are_kept() {
    let mut tree = Tree::default();
    let mut ping = file(b"ping".to_vec());
    ping.owner = 70_000;
    ping.attributes.insert(b"security.capability".to_vec(), vec![1, 2, 3, 4, 5]);
    tree.insert(b"ping", ping);
    tree.insert(b"same", Node::new(Kind::Same(b"ping".to_vec()), 0, 0));
    tree.insert(b"link", Node::new(Kind::Link(b"ping".to_vec()), 0o777, 0));
    tree.insert(b"tty", Node::new(Kind::CharDevice(Device { major: 4, minor: 0x123 }), 0o620, 0));
    let reader = Reader::of(&tree);
    let ping = reader.find(b"ping");
    assert_eq!(reader.find(b"same"), ping);
    assert_eq!(
        (reader.mode(ping), reader.number::<4>(ping * 32 + 24), reader.number::<4>(ping * 32 + 44)),
        (0o100_640, 70_000, 2)
    );
    assert_eq!(&reader.0[ping * 32 + 76..][..15], b"\x0a\x06\x05\0capability\x01");
    assert_eq!(reader.content(ping), b"ping");
    assert_eq!(
        (reader.mode(reader.find(b"link")), reader.content(reader.find(b"link"))),
        (0o120_777, b"ping".to_vec())
    );
    assert_eq!(reader.number::<4>(reader.find(b"tty") * 32 + 16), 0x0010_0423);
}

#[test]
fn a_second_name_of_nothing_is_an_error() {
    let mut tree = Tree::default();
    tree.insert(b"same", Node::new(Kind::Same(b"gone".to_vec()), 0, 0));
    let identity = Identity { uuid: [0; 16], label: "", time: 0 };
    assert!(write(&tree, &mut None, &identity, &mut Vec::new()).unwrap_err().to_string().contains("gone"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_is_put_in_comes_out(files in proptest::collection::btree_map("[a-c]{1,3}/[!-.0-~]{1,40}", 0_usize..9000, 1..60)) {
        let files: BTreeMap<_, _> = files.into_iter().filter(|(path, _)| !path.ends_with("/.") && !path.ends_with("/..")).collect();
        let mut tree = Tree::default();
        for (path, size) in &files {
            tree.insert(path.as_bytes(), file(vec![u8::try_from(size % 256).unwrap(); *size]));
        }
        let reader = Reader::of(&tree);
        for (path, size) in &files {
            prop_assert_eq!(reader.content(reader.find(path.as_bytes())), vec![u8::try_from(size % 256).unwrap(); *size]);
        }
    }
}
