//! A folder that looks as the root of a file system will.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process;

pub(super) const PLAIN: u32 = 0o644;
pub(super) const PROGRAM: u32 = 0o755;

/// The folder.
#[derive(Debug)]
pub(super) struct Tree(PathBuf);

impl Tree {
    /// An empty one.
    pub(super) fn new(folder: PathBuf) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        let tree = Self(folder);
        tree.folder("/")?;
        Ok(tree)
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    /// Where a path of the root is now.
    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    fn folder(&self, path: &str) -> anyhow::Result<()> {
        let mut now = self.0.clone();
        for part in Path::new(path.trim_start_matches('/')).iter().map(Some).chain([None]) {
            if !now.exists() {
                fs::create_dir_all(&now).with_context(|| format!("cannot create {}", now.display()))?;
                set_mode(&now, PROGRAM)?;
            }
            now.extend(part);
        }
        Ok(())
    }

    fn parent(&self, path: &str) -> anyhow::Result<PathBuf> {
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        self.folder(folder)?;
        Ok(self.at(path))
    }

    pub(super) fn write(&self, path: &str, text: &str, mode: u32) -> anyhow::Result<()> {
        let at = self.parent(path)?;
        fs::write(&at, text).with_context(|| format!("cannot write {}", at.display()))?;
        set_mode(&at, mode)
    }

    pub(super) fn copy(&self, from: &Path, path: &str, mode: u32) -> anyhow::Result<()> {
        let at = self.parent(path)?;
        fs::copy(from, &at).with_context(|| format!("cannot copy {} to {}", from.display(), at.display()))?;
        set_mode(&at, mode)
    }

    pub(super) fn link(&self, path: &str, to: &str) -> anyhow::Result<()> {
        let at = self.parent(path)?;
        symlink(to, &at).with_context(|| format!("cannot link {}", at.display()))
    }

    /// A file and its name in a package, which are packed as Debian packs them: the same bytes each time.
    pub(super) fn write_packed(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.write(path, text, PLAIN)?;
        process::read(Command::new("gzip").args(["-9", "--no-name"]).arg(self.at(path)))?;
        set_mode(&self.at(&format!("{path}.gz")), PLAIN)
    }

    /// Every file below a path, as paths of the root, sorted.
    pub(super) fn files(&self, below: &str) -> anyhow::Result<Vec<String>> {
        let (mut found, mut folders) = (Vec::new(), vec![self.at(below)]);
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
            for entry in entries {
                let entry = entry?;
                match entry.file_type()? {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => found.push(entry.path()),
                    _ => {}
                }
            }
        }
        let inside = |path: PathBuf| Some(format!("/{}", path.strip_prefix(&self.0).ok()?.display()));
        let mut found: Vec<_> = found.into_iter().filter_map(inside).collect();
        found.sort();
        Ok(found)
    }
}

/// Whatever the mask of whoever builds.
fn set_mode(path: &Path, mode: u32) -> anyhow::Result<()> {
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(path, permissions).with_context(|| format!("cannot set the mode of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_as_the_root_will_have_them_without_links_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::new(folder.path().join("tree")).unwrap();
        tree.write("/usr/lib/b", "b", PROGRAM).unwrap();
        tree.write("/etc/a", "a", PLAIN).unwrap();
        tree.link("/usr/bin/b", "../lib/b").unwrap();
        assert_eq!(tree.files("/").unwrap(), ["/etc/a", "/usr/lib/b"]);
        assert_eq!(fs::read_to_string(tree.at("/usr/bin/b")).unwrap(), "b");
        let mode = |path: &str| fs::metadata(tree.at(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("/usr/lib/b"), mode("/etc/a"), mode("/usr/lib")), (0o755, 0o644, 0o755));
    }

    #[test]
    fn what_is_packed_is_the_same_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let pack = |name: &str| {
            let tree = Tree::new(folder.path().join(name)).unwrap();
            tree.write_packed("/page.1", "text").unwrap();
            fs::read(tree.at("/page.1.gz")).unwrap()
        };
        assert_eq!(pack("one"), pack("other"));
    }
}
