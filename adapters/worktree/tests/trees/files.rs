//! The files of a work tree.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use lunette_worktree::{EntryKind, Listing, TreePath, WorktreeError};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::Desk;

fn read(desk: &Desk, path: &str) -> Result<String, WorktreeError> {
    let contents = desk.tree("app").read(&TreePath::new(path).expect("a path"))?;
    Ok(contents.text)
}

#[test]
fn files_that_are_there_are_listed_by_path_and_ignored_ones_are_not() {
    let desk = Desk::new();
    let repo = desk.local("app");
    for path in ["z/-rf", "z/a b", "z/ä\n\"", "new", ".hidden", ".gitignore", "skip/x"] {
        repo.write(path, "12345");
    }
    repo.write(".gitignore", "skip\n");
    fs::write(repo.path.join(OsStr::from_bytes(b"odd\xff")), "x").expect("room");
    symlink("/etc", repo.path.join("link")).expect("a link");
    repo.git(&["init", "-q", "inner"]);
    fs::remove_file(repo.path.join("a.txt")).expect("it is there");
    let listing = desk.tree("app").list().expect("it is read");
    let brief: Vec<_> = listing.entries.iter().map(|one| (one.path.as_str(), one.kind, one.size)).collect();
    let file = EntryKind::File;
    assert_eq!(
        brief,
        [
            (".gitignore", file, 5),
            (".hidden", file, 5),
            ("inner", EntryKind::Directory, 0),
            ("link", EntryKind::Symlink, 4),
            ("new", file, 5),
            ("odd\u{fffd}", file, 1),
            ("z/-rf", file, 5),
            ("z/a b", file, 5),
            ("z/ä\n\"", file, 5),
        ]
    );
    assert!(!listing.truncated);
}

#[test]
fn a_repository_without_files_lists_none() {
    let desk = Desk::new();
    desk.empty("app");
    assert_eq!(desk.tree("app").list().expect("it is read"), Listing { entries: Vec::new(), truncated: false });
}

#[test]
fn no_more_files_are_listed_than_fit() {
    let desk = Desk::new();
    let repo = desk.empty("app");
    let folder = repo.path.join("many");
    fs::create_dir(&folder).expect("room");
    for number in 0..=Listing::MOST {
        fs::File::create(folder.join(format!("{number:05}"))).expect("room");
    }
    let listing = desk.tree("app").list().expect("it is read");
    assert_eq!((listing.entries.len(), listing.truncated), (Listing::MOST, true));
    assert_eq!(listing.entries[0].path, "many/00000");
}

#[test]
fn a_folder_that_became_a_link_is_not_looked_into() {
    let desk = Desk::new();
    let repo = desk.empty("app");
    repo.write("folder/file", "in the tree");
    repo.commit("first");
    fs::create_dir(desk.outside().join("elsewhere")).expect("room");
    fs::write(desk.outside().join("elsewhere/file"), "a secret").expect("room");
    fs::remove_dir_all(repo.path.join("folder")).expect("it is there");
    symlink(desk.outside().join("elsewhere"), repo.path.join("folder")).expect("a link");
    let listing = desk.tree("app").list().expect("it is read");
    let brief: Vec<_> = listing.entries.iter().map(|one| (one.path.as_str(), one.kind)).collect();
    assert_eq!(brief, [("folder", EntryKind::Symlink)]);
    assert!(matches!(read(&desk, "folder/file"), Err(WorktreeError::NoFile(_))));
}

#[test]
fn a_file_is_read_as_it_is_now() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.write("deep/ä b/-rf", "ä\n");
    let contents = desk.tree("app").read(&TreePath::new("deep/ä b/-rf").expect("a path")).expect("it is read");
    assert_eq!(
        (contents.text.as_str(), contents.length, contents.binary, contents.truncated),
        ("ä\n", 3, false, false)
    );
    // sha256sum of it
    assert_eq!(contents.hash, "ac6f010e65c9ea739dbdaa21427edd5ef60c6d461ef4d619c003e3ab62453a56");
}

#[test]
fn no_link_leads_out_of_the_tree_and_git_keeps_its_own() {
    let desk = Desk::new();
    let repo = desk.local("app");
    fs::write(desk.outside().join("secret"), "a secret").expect("room");
    for (to, from) in [
        ("../../secret", "up"),
        ("/etc/passwd", "absolute"),
        (".git", "git"),
        (".git/config", "config"),
        ("a.txt", "inside"),
        ("/", "root"),
    ] {
        symlink(to, repo.path.join(from)).expect("a link");
    }
    for path in ["up", "absolute", "git/config", "config", "inside", "root/etc/passwd", "none", "a.txt/x", "deep"] {
        assert!(matches!(read(&desk, path), Err(WorktreeError::NoFile(_))), "{path}");
    }
    for path in ["../secret", "/etc/passwd", ".git/config", "x/../../secret", ".GIT/config"] {
        assert!(TreePath::new(path).is_err(), "{path}");
    }
    assert_eq!(read(&desk, "a.txt").expect("it is read"), "one\ntwo\nthree\n");
}

#[test]
fn folders_and_pipes_are_no_files() {
    let desk = Desk::new();
    let repo = desk.local("app");
    fs::create_dir(repo.path.join("folder")).expect("room");
    mknodat(CWD, repo.path.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    for path in ["folder", "pipe"] {
        assert!(matches!(read(&desk, path), Err(WorktreeError::NoFile(_))), "{path}");
    }
}
