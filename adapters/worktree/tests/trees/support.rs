//! A folder with repositories, and a bare one to push to.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lunette_worktree::{Git, Limits, Message, Published, Tree, Trees};
use tempfile::TempDir;

/// A desktop's folder of work trees.
pub(crate) struct Desk {
    folder: TempDir,
    primary: Option<&'static str>,
}

/// A work tree in it.
pub(crate) struct Repo {
    pub(crate) path: PathBuf,
    home: PathBuf,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("home")).expect("room");
        fs::create_dir(folder.path().join("work")).expect("room");
        let identity = "[user]\n\tname = Tester\n\temail = t@example.org\n[init]\n\tdefaultBranch = main\n";
        fs::write(folder.path().join("home/.gitconfig"), identity).expect("room");
        Self { folder, primary: None }
    }

    pub(crate) fn with_primary(primary: &'static str) -> Self {
        Self { primary: Some(primary), ..Self::new() }
    }

    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn trees(&self) -> Trees {
        let home: (OsString, OsString) = ("HOME".into(), self.folder.path().join("home").into());
        let system: (OsString, OsString) = ("GIT_CONFIG_NOSYSTEM".into(), "1".into());
        Trees::new(self.work(), self.primary.map(str::to_owned), Git::new([home, system], Limits::default()))
    }

    pub(crate) fn tree(&self, name: &str) -> Tree {
        self.trees().find(Some(name)).expect("there is one")
    }

    fn repo(&self, path: PathBuf) -> Repo {
        Repo { path, home: self.folder.path().join("home") }
    }

    /// A repository without a commit.
    pub(crate) fn empty(&self, name: &str) -> Repo {
        let repo = self.repo(self.work().join(name));
        fs::create_dir(&repo.path).expect("room");
        repo.git(&["init", "-q"]);
        repo
    }

    /// A repository with one commit on `main`.
    pub(crate) fn local(&self, name: &str) -> Repo {
        let repo = self.empty(name);
        repo.write("a.txt", "one\ntwo\nthree\n");
        repo.commit("first");
        repo
    }

    /// The same, pushed to a bare repository that `main` follows.
    pub(crate) fn pushed(&self, name: &str) -> Repo {
        let repo = self.local(name);
        let bare = self.bare(name);
        repo.git(&["init", "-q", "--bare", bare.to_str().expect("UTF-8")]);
        repo.git(&["remote", "add", "origin", bare.to_str().expect("UTF-8")]);
        repo.git(&["push", "-q", "--set-upstream", "origin", "main"]);
        repo
    }

    pub(crate) fn bare(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.git"))
    }

    /// Another work tree of what the bare repository has.
    pub(crate) fn clone_of(&self, name: &str, as_name: &str) -> Repo {
        self.remote(name).git(&["clone", "-q", ".", self.work().join(as_name).to_str().expect("UTF-8")]);
        self.repo(self.work().join(as_name))
    }

    /// What the bare repository has.
    pub(crate) fn remote(&self, name: &str) -> Repo {
        self.repo(self.bare(name))
    }
}

impl Repo {
    /// What git prints; it must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let (worked, out) = self.try_git(arguments);
        assert!(worked, "git {arguments:?}: {out}");
        out
    }

    pub(crate) fn try_git(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        command.env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C.UTF-8");
        let out = command.args(arguments).current_dir(&self.path).output().expect("git runs");
        let text = [out.stdout, if out.status.success() { Vec::new() } else { out.stderr }].concat();
        (out.status.success(), String::from_utf8_lossy(&text).trim_end().to_owned())
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("room");
        fs::write(path, content).expect("room");
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Everything that looking must not change.
    pub(crate) fn state(&self) -> (String, Vec<u8>, String) {
        let index = fs::read(self.path.join(".git/index")).unwrap_or_default();
        let objects = self.git(&["count-objects", "-v"]);
        (self.git(&["--no-optional-locks", "status", "--porcelain=v2", "--branch"]), index, objects)
    }

    /// Two branches that change the same line, half merged.
    pub(crate) fn conflict(&self) {
        self.git(&["checkout", "-q", "-b", "other"]);
        self.write("a.txt", "one\ntheirs\nthree\n");
        self.commit("theirs");
        self.git(&["checkout", "-q", "main"]);
        self.write("a.txt", "one\nours\nthree\n");
        self.commit("ours");
        let (merged, _) = self.try_git(&["merge", "-q", "other"]);
        assert!(!merged, "it conflicts");
    }
}

pub(crate) fn publish(tree: &Tree, message: &str) -> Published {
    tree.publish(&Message::new(message).expect("a message"), None)
}
