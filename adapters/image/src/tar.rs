//! Reads the archive in which mmdebstrap leaves a root: POSIX tar with extended headers.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use crate::tree::{Content, Device, Kind, Node, Tree};

const BLOCK: u64 = 512;
/// Longer names or attributes than this are not in any root of Debian.
const MAX_EXTENSION: u64 = 1 << 20;

/// What an extended header says of the member after it.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// The files of an archive; their content stays in it. Times after `epoch` become `epoch`.
pub(crate) fn read(archive: &mut (impl Read + Seek), epoch: u32) -> io::Result<Tree> {
    let mut tree = Tree::default();
    let mut extension = Extension::default();
    let end = archive.seek(SeekFrom::End(0))?;
    let mut at = archive.seek(SeekFrom::Start(0))?;
    loop {
        let mut header = [0; 512];
        archive.read_exact(&mut header)?;
        at += BLOCK;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(tree);
        }
        let size = extension.size.take().map_or_else(|| number(&header[124..136]), Ok)?;
        if size > end.saturating_sub(at) {
            return Err(malformed("a member that is longer than the archive"));
        }
        match header[156] {
            b'x' => extension.read_records(&extension_bytes(archive, size)?)?,
            b'g' => {}
            b'L' => extension.path = Some(text(&extension_bytes(archive, size)?).to_vec()),
            b'K' => extension.target = Some(text(&extension_bytes(archive, size)?).to_vec()),
            _ => {
                let extension = std::mem::take(&mut extension);
                let path = extension.path.clone().unwrap_or_else(|| name(&header));
                let node = node(&header, extension, Content::Part { offset: at, len: size }, epoch)?;
                if !text_is_root(&path) {
                    tree.insert(&path, node);
                }
            }
        }
        at = archive.seek(SeekFrom::Start(at + size.next_multiple_of(BLOCK)))?;
    }
}

fn node(header: &[u8; 512], extension: Extension, content: Content, epoch: u32) -> io::Result<Node> {
    let target = extension.target.unwrap_or_else(|| text(&header[157..257]).to_vec());
    let device =
        || Ok::<_, io::Error>(Device { major: number32(&header[329..337])?, minor: number32(&header[337..345])? });
    let kind = match header[156] {
        b'0' | 0 | b'7' => Kind::File(content),
        b'1' => Kind::Same(target.strip_prefix(b"./").unwrap_or(&target).to_vec()),
        b'2' => Kind::Link(target),
        b'3' => Kind::CharDevice(device()?),
        b'4' => Kind::BlockDevice(device()?),
        b'5' => Kind::Folder,
        b'6' => Kind::Pipe,
        _ => return Err(malformed("a member of an unknown kind")),
    };
    let mode = u16::try_from(number(&header[100..108])? & 0o7777).expect("12 bits");
    let mtime = u32::try_from(number(&header[136..148])?).unwrap_or(epoch).min(epoch);
    let mut node = Node::new(kind, mode, mtime);
    (node.owner, node.group) = (number32(&header[108..116])?, number32(&header[116..124])?);
    node.attributes = extension.attributes;
    Ok(node)
}

impl Extension {
    /// Records are `length key=value\n`, the length counting all of it.
    fn read_records(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let wrong = || malformed("an extended header that does not parse");
        while !bytes.is_empty() {
            let blank = bytes.iter().position(|byte| *byte == b' ').ok_or_else(wrong)?;
            let len = str::from_utf8(&bytes[..blank]).ok().and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
            let (record, rest) = bytes.split_at_checked(len).ok_or_else(wrong)?;
            let record = record.get(blank + 1..).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(wrong)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(wrong)?;
            self.set(&record[..equals], &record[equals + 1..])?;
            bytes = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.target = Some(value.to_vec()),
            b"size" => {
                let size = str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                self.size = Some(size.ok_or_else(|| malformed("a size that is no number"))?);
            }
            key => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.attributes.insert(name.to_vec(), value.to_vec());
                }
            }
        }
        Ok(())
    }
}

fn extension_bytes(archive: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_EXTENSION {
        return Err(malformed("an extended header that is too long"));
    }
    let mut bytes = Vec::new();
    archive.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn name(header: &[u8; 512]) -> Vec<u8> {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    // GNU's own format has other things where POSIX has the prefix.
    let posix = &header[257..263] == b"ustar\0";
    if posix && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.to_vec() }
}

fn text_is_root(path: &[u8]) -> bool {
    path.iter().all(|byte| matches!(byte, b'.' | b'/'))
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits, or big-endian with the first bit set.
fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let bytes = field.iter().skip(1);
        return Ok(bytes.fold(u64::from(field[0] & 0x3f), |value, byte| value << 8 | u64::from(*byte)));
    }
    let digits = str::from_utf8(text(field)).map_err(|_| malformed("a number that is not text"))?.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| malformed("a number that is not octal"))
}

fn number32(field: &[u8]) -> io::Result<u32> {
    u32::try_from(number(field)?).map_err(|_| malformed("a number that is too large"))
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn archive(folder: &std::path::Path, format: &str) -> File {
        let path = folder.join("a.tar");
        let format = format!("--format={format}");
        let args = ["--sort=name", "--numeric-owner", "--owner=7", "--group=8", "--mtime=@100", format.as_str(), "-cf"];
        let status = Command::new("tar").args(args).arg(&path).arg("-C").arg(folder.join("root")).arg(".").status();
        assert!(status.unwrap().success());
        File::open(path).unwrap()
    }

    fn root() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(root.join("bin/a"), "content").unwrap();
        fs::hard_link(root.join("bin/a"), root.join("bin/b")).unwrap();
        fs::write(root.join("x".repeat(150)), vec![1; 5000]).unwrap();
        std::os::unix::fs::symlink("y".repeat(150), root.join("link")).unwrap();
        folder
    }

    #[test]
    fn both_formats_of_tar_give_the_same_files() {
        let folder = root();
        for format in ["pax", "gnu"] {
            let mut file = archive(folder.path(), format);
            let tree = read(&mut file, 1000).unwrap();
            assert_eq!(tree.get(b"bin/b").unwrap().kind, Kind::Same(b"bin/a".to_vec()), "{format}");
            assert_eq!(tree.get(b"link").unwrap().kind, Kind::Link("y".repeat(150).into_bytes()), "{format}");
            let long = tree.get("x".repeat(150).as_bytes()).unwrap();
            assert_eq!((long.owner, long.group, long.mtime), (7, 8, 100));
            let Kind::File(content) = &tree.get(b"bin/a").unwrap().kind else { panic!("a file") };
            let mut bytes = Vec::new();
            content.copy(&mut Some(file), &mut bytes).unwrap();
            assert_eq!(bytes, b"content");
        }
    }

    #[test]
    fn a_time_to_come_is_the_images_own() {
        let folder = root();
        let tree = read(&mut archive(folder.path(), "pax"), 50).unwrap();
        assert!(tree.iter().all(|(_, node)| node.mtime == 50));
    }

    #[test]
    fn attributes_come_from_the_extended_header() {
        let mut extension = Extension::default();
        extension.read_records(b"40 SCHILY.xattr.security.capability=\0\n\xff\n12 path=abc\n").unwrap();
        assert_eq!(extension.attributes[b"security.capability".as_slice()], b"\0\n\xff");
        assert_eq!(extension.path.unwrap(), b"abc");
        for wrong in [b"x".as_slice(), b"3 a", b"99 a=b\n", b"5 ab\n", b"1 ", b"0 a=b\n"] {
            assert!(Extension::default().read_records(wrong).is_err());
        }
    }

    #[test]
    fn a_cut_archive_is_an_error() {
        let folder = root();
        let mut file = archive(folder.path(), "pax");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes.truncate(4096);
        assert!(read(&mut io::Cursor::new(bytes), 1).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048), kind in any::<u8>()) {
            let mut bytes = bytes;
            if let Some(byte) = bytes.get_mut(156) {
                *byte = kind;
            }
            let _ = read(&mut io::Cursor::new(bytes), 1);
        }
    }
}
