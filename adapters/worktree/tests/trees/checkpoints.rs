//! Work trees kept beside all branches.

use std::fs;
use std::time::{Duration, SystemTime};

use lunette_worktree::{CheckpointRef, Patch, Whitespace, WorktreeError};

use crate::support::{Desk, Repo};

fn name(name: &str) -> CheckpointRef {
    CheckpointRef::new(&format!("refs/helix/checkpoints/{name}")).expect("a name")
}

fn capture(desk: &Desk, as_name: &str) -> String {
    desk.tree("app").capture(&name(as_name)).expect("it is kept").commit
}

fn compare(desk: &Desk, before: &str, after: &str) -> Result<Patch, WorktreeError> {
    desk.tree("app").compare(&name(before), &name(after), Whitespace::Counts)
}

fn paths(patch: &Patch) -> Vec<&str> {
    patch.changes.files.iter().map(|file| file.path.as_str()).collect()
}

fn visible(repo: &Repo) -> (String, Vec<u8>) {
    let (status, index, _) = repo.state();
    (status, index)
}

#[test]
fn a_checkpoint_has_all_that_is_in_the_work_tree_and_changes_nothing_of_it() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.write("staged.txt", "s\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("staged.txt", "later\n");
    repo.write("new.txt", "n\n");
    repo.write(".gitignore", "ignored\n");
    repo.write("ignored", "x");
    fs::remove_file(repo.path.join("a.txt")).expect("it is there");
    let before = visible(&repo);
    let commit = capture(&desk, "1");
    assert_eq!(visible(&repo), before);
    assert_eq!(repo.git(&["rev-parse", "refs/helix/checkpoints/1"]), commit);
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", &commit]), ".gitignore\nnew.txt\nstaged.txt");
    assert_eq!(repo.git(&["show", &format!("{commit}:staged.txt")]), "later");
    assert_eq!(repo.git(&["rev-parse", &format!("{commit}^")]), repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(repo.git(&["branch", "--all", "--contains", &commit]), "", "no branch knows it");
}

#[test]
fn what_happened_between_two_checkpoints_is_a_patch() {
    let desk = Desk::new();
    let repo = desk.local("app");
    capture(&desk, "turn/1/before");
    repo.write("a.txt", "one\n2\nthree\n");
    capture(&desk, "turn/1/after");
    repo.write("b.txt", "not yet\n");
    let patch = compare(&desk, "turn/1/before", "turn/1/after").expect("both are there");
    assert_eq!((paths(&patch), patch.changes.additions, patch.changes.deletions), (vec!["a.txt"], 1, 1));
    assert!(patch.text.contains("-two\n+2\n"));
    let none = compare(&desk, "turn/1/before", "turn/1/before").expect("it is there");
    assert!(none.text.is_empty() && none.changes.files.is_empty());
    // A later one of the same name takes its place.
    capture(&desk, "turn/1/after");
    assert_eq!(paths(&compare(&desk, "turn/1/before", "turn/1/after").expect("both are there")), ["a.txt", "b.txt"]);
    assert!(matches!(compare(&desk, "turn/1/before", "none"), Err(WorktreeError::NoCommit(_))));
}

#[test]
fn a_repository_without_a_commit_has_checkpoints() {
    let desk = Desk::new();
    let repo = desk.empty("app");
    capture(&desk, "empty");
    repo.write("a", "a\n");
    let commit = capture(&desk, "one");
    assert_eq!(repo.git(&["rev-list", "--count", &commit]), "1");
    assert_eq!(paths(&compare(&desk, "empty", "one").expect("both are there")), ["a"]);
}

#[test]
fn a_merge_in_conflict_is_kept_with_its_marks() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.conflict();
    let before = visible(&repo);
    let commit = capture(&desk, "conflict");
    assert!(repo.git(&["show", &format!("{commit}:a.txt")]).contains("<<<<<<<"));
    assert_eq!(visible(&repo), before);
}

#[test]
fn no_hook_runs_and_nobody_has_to_be_known() {
    let desk = Desk::new();
    let repo = desk.local("app");
    let ran = desk.outside().join("ran");
    let hook = repo.path.join(".git/hooks/reference-transaction");
    fs::create_dir_all(hook.parent().expect("a parent")).expect("room");
    fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", ran.display())).expect("room");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, executable).expect("ours");
    fs::write(desk.outside().join("home/.gitconfig"), "[user]\n\tuseConfigOnly = true\n").expect("room");
    let commit = capture(&desk, "1");
    assert!(!ran.exists());
    assert_eq!(repo.git(&["log", "-1", "--format=%an", &commit]), "Lunette");
}

#[test]
fn another_tree_of_the_same_repository_has_its_own_index() {
    let desk = Desk::new();
    let repo = desk.local("main");
    repo.git(&["worktree", "add", "-q", "../app", "-b", "side"]);
    fs::write(desk.work().join("app/new.txt"), "n\n").expect("room");
    let commit = capture(&desk, "1");
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", &commit]), "a.txt\nnew.txt");
}

#[test]
fn what_was_written_in_the_moment_of_the_index_is_kept_although_it_looks_unchanged() {
    let desk = Desk::new();
    let repo = desk.local("app");
    // All that git looks at is the time in seconds and the size.
    repo.git(&["config", "core.trustctime", "false"]);
    repo.git(&["config", "core.checkstat", "minimal"]);
    let moment = SystemTime::now() - Duration::from_secs(3600);
    let set = |path: &str| {
        let file = fs::File::options().write(true).open(repo.path.join(path)).expect("it is there");
        file.set_modified(moment).expect("its own");
    };
    set("a.txt");
    repo.git(&["add", "a.txt"]);
    set(".git/index");
    repo.write("a.txt", "one\n2wo\nthree\n");
    set("a.txt");
    let commit = capture(&desk, "1");
    assert_eq!(repo.git(&["show", &format!("{commit}:a.txt")]), "one\n2wo\nthree");
}
