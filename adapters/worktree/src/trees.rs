//! The folder whose folders are work trees.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::WorktreeError;
use crate::git::Git;
use crate::tree::Tree;

/// The work trees of a desktop.
#[derive(Debug, Clone)]
pub struct Trees {
    folder: PathBuf,
    primary: Option<String>,
    git: Git,
}

/// A work tree, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The branch that is checked out; `None` when none is.
    pub branch: Option<String>,
    /// Whether it is meant where none is named.
    pub is_primary: bool,
    /// Whether the repository has a branch for specifications.
    pub has_helix_specs: bool,
}

/// The branch that specifications are kept on.
const SPECIFICATIONS: &str = "helix-specs";

impl Trees {
    /// Work trees at most.
    pub const MOST: usize = 64;

    /// Those in `folder`, or itself; of them `primary` is meant where none is named.
    #[must_use]
    pub const fn new(folder: PathBuf, primary: Option<String>, git: Git) -> Self {
        Self { folder, primary, git }
    }

    /// All of them, by name. A folder that is not there has none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> Result<Vec<Tree>, WorktreeError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(WorktreeError::io("read the folder of work trees")(error)),
        };
        let mut trees: Vec<_> = entries.flatten().filter_map(|entry| self.tree(&entry.path())).collect();
        trees.extend(self.tree(&self.folder));
        trees.sort_by(|one, other| one.name().cmp(other.name()));
        trees.truncate(Self::MOST);
        Ok(trees)
    }

    /// Links are not followed: they may lead out of the folder.
    fn tree(&self, path: &Path) -> Option<Tree> {
        let name = path.file_name()?.to_str()?.to_owned();
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        let is_repository =
            fs::symlink_metadata(path.join(".git")).is_ok_and(|found| found.is_dir() || found.is_file());
        (is_folder(path) && is_repository).then(|| Tree::new(name, path.to_owned(), self.git.clone()))
    }

    /// The one with this name or path; without one the primary, or the only one that there is.
    ///
    /// # Errors
    /// When there is no such.
    pub fn find(&self, name: Option<&str>) -> Result<Tree, WorktreeError> {
        let mut trees = self.all()?;
        let Some(wanted) = name.filter(|name| !name.is_empty()).or(self.primary.as_deref()) else {
            let count = trees.len();
            return trees.pop().filter(|_| count == 1).ok_or(WorktreeError::NoPrimary(count));
        };
        let at = trees.iter().position(|tree| tree.name() == wanted || tree.path() == Path::new(wanted));
        let none = || WorktreeError::NoTree(wanted.chars().take(64).collect());
        at.map(|at| trees.swap_remove(at)).ok_or_else(none)
    }

    /// All of them, with what lists tell.
    ///
    /// # Errors
    /// When the folder cannot be read, or there is no git.
    pub fn describe(&self) -> Result<Vec<Described>, WorktreeError> {
        let trees = self.all()?;
        let only = trees.len() == 1;
        trees.iter().map(|tree| self.described(tree, only)).collect()
    }

    fn described(&self, tree: &Tree, only: bool) -> Result<Described, WorktreeError> {
        let answer = tree.call("symbolic-ref").args(["--quiet", "--short", "HEAD"]).answer()?;
        let branch = String::from_utf8_lossy(&answer.out).trim_end().to_owned();
        let specifications = [format!("refs/heads/{SPECIFICATIONS}"), format!("refs/remotes/origin/{SPECIFICATIONS}")];
        let mut has_helix_specs = false;
        for name in &specifications {
            has_helix_specs = has_helix_specs || tree.commit(name)?.is_some();
        }
        Ok(Described {
            name: tree.name().to_owned(),
            path: tree.path().to_owned(),
            branch: Some(branch).filter(|branch| answer.code == 0 && !branch.is_empty()),
            is_primary: self.primary.as_deref().map_or(only, |primary| primary == tree.name()),
            has_helix_specs,
        })
    }
}
