//! Programs and files that reach a guest at boot, beside an image that stays as it is.

use std::fs;
use std::io;
use std::path::{Component, Path};

use crate::error::io_error;
use crate::files::embedded;
use crate::tree::{Content, Kind, Node, Tree};
use crate::{Error, Result, cpio, elf};

/// A second archive for the initrd.
///
/// In a test image its files are where they say. A desktop image copies what is below `/usr/local` and `/etc` into its
/// root, over what is there.
#[derive(Debug, Default)]
pub struct Overlay {
    tree: Tree,
}

impl Overlay {
    /// One without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Brings a program of the host to `/usr/local/bin`, under its own name and without what only a debugger reads: the
    /// guest unpacks and copies every byte before it starts.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn program(self, program: &Path) -> Result<Self> {
        let name = program.file_name().unwrap_or_default();
        let mut content = fs::read(program).map_err(io_error("read", program))?;
        elf::strip(&mut content);
        self.file(&Path::new("/usr/local/bin").join(name), 0o755, content)
    }

    /// Gives a desktop image what the test image has: root's shell on every port that the host has named
    /// `lunette.shell.N`. For tests and trying; whoever reaches such a port is root of the guest.
    #[must_use]
    pub fn root_shells(mut self) -> Self {
        let unit = "/etc/systemd/system/lunette-shells.service";
        for (path, mode, name) in
            [("/usr/local/lib/lunette/shells", 0o755, "test/shells"), (unit, 0o644, "test/lunette-shells.service")]
        {
            self.tree.insert(path.as_bytes(), Node::new(Kind::File(Content::Bytes(embedded(name))), mode, 0));
        }
        let wanted = "/etc/systemd/system/multi-user.target.wants/lunette-shells.service";
        self.tree.insert(wanted.as_bytes(), Node::new(Kind::Link(unit.into()), 0o777, 0));
        self
    }

    /// A file of root's.
    ///
    /// # Errors
    /// When the path is not an absolute one without `.` and `..`.
    pub fn file(self, path: &Path, mode: u16, content: Vec<u8>) -> Result<Self> {
        self.put(path, Node::new(Kind::File(Content::Bytes(content)), mode & 0o7777, 0))
    }

    /// A symbolic link.
    ///
    /// # Errors
    /// When the path is not an absolute one without `.` and `..`.
    pub fn link(self, path: &Path, target: &str) -> Result<Self> {
        self.put(path, Node::new(Kind::Link(target.into()), 0o777, 0))
    }

    fn put(mut self, path: &Path, node: Node) -> Result<Self> {
        let refuse = |why| Error::Overlay { path: path.to_owned(), why };
        let mut parts = path.components();
        let plain = parts.next() == Some(Component::RootDir) && parts.all(|part| matches!(part, Component::Normal(_)));
        if !plain || path.parent().is_none() {
            return Err(refuse("its path is not an absolute one without . and .."));
        }
        self.tree.insert(path.as_os_str().as_encoded_bytes(), node);
        Ok(self)
    }

    /// The archive: the same bytes for the same files.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let written: io::Result<()> = cpio::write(&self.tree, &mut bytes);
        written.expect("a Vec takes everything");
        bytes
    }

    /// Whether nothing was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.iter().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_in_which_files_are_put_in_does_not_show() {
        let (a, b) = (Path::new("/usr/local/bin/a"), Path::new("/etc/b"));
        let one = Overlay::new().file(a, 0o755, b"1".to_vec()).unwrap().link(b, "a").unwrap();
        let other = Overlay::new().link(b, "a").unwrap().file(a, 0o755, b"1".to_vec()).unwrap();
        assert_eq!(one.archive(), other.archive());
        assert!(Overlay::new().is_empty() && !one.is_empty());
    }

    #[test]
    fn a_program_keeps_its_name_and_can_be_run() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("drm-manager");
        fs::write(&program, "#!").unwrap();
        let overlay = Overlay::new().program(&program).unwrap();
        assert_eq!(overlay.tree.get(b"usr/local/bin/drm-manager").unwrap().mode, 0o755);
    }

    #[test]
    fn shells_of_root_are_a_unit_that_is_wanted() {
        let tree = Overlay::new().root_shells().tree;
        assert_eq!(tree.get(b"usr/local/lib/lunette/shells").unwrap().mode, 0o755);
        let wanted = tree.get(b"etc/systemd/system/multi-user.target.wants/lunette-shells.service").unwrap();
        let Kind::Link(unit) = &wanted.kind else { panic!("{wanted:?}") };
        assert!(tree.get(unit).is_some());
    }

    #[test]
    fn a_path_that_leaves_the_root_is_refused() {
        for path in ["", "/", "etc/passwd", "/etc/../passwd"] {
            let error = Overlay::new().file(Path::new(path), 0o644, Vec::new()).unwrap_err();
            assert!(error.to_string().contains("absolute"), "{path}: {error}");
        }
    }
}
