//! Commit and push.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use lunette_worktree::{Action, BranchName, Message, Published};

use crate::support::{Desk, Repo, publish};

fn onto(desk: &Desk, branch: &str) -> Published {
    let message = Message::new("work").expect("a message");
    desk.tree("app").publish(&message, Some(&BranchName::new(branch).expect("a name")))
}

fn hook(repo: &Repo, name: &str, script: &str) {
    let path = repo.path.join(".git/hooks").join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("room");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("room");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
}

#[test]
fn what_changed_is_committed_with_the_message_as_it_is_and_pushed() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.git(&["config", "commit.gpgSign", "true"]);
    repo.write("a.txt", "changed\n");
    repo.write("-rf", "new");
    let message = "--amend $(id) `id`\n\n# not a comment\n-m";
    let published = publish(&desk.tree("app"), message);
    assert_eq!((published.action, published.error.as_deref()), (Action::Committed, None));
    assert_eq!((published.uncommitted, published.unpushed), (2, 0));
    assert!(published.push_output.contains("main -> main"), "{}", published.push_output);
    let remote = desk.remote("app");
    assert_eq!(remote.git(&["log", "-1", "--format=%B", "main"]).trim_end(), message);
    assert_eq!(remote.git(&["rev-list", "--count", "main"]), "2");
    assert_eq!(remote.git(&["show", "main:-rf"]), "new");
    assert_eq!(publish(&desk.tree("app"), "again").action, Action::Clean);
}

#[test]
fn commits_alone_are_pushed() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.write("b.txt", "b");
    repo.commit("second");
    let published = publish(&desk.tree("app"), "unused");
    assert_eq!((published.action, published.uncommitted, published.unpushed), (Action::PushedOnly, 0, 1));
    assert_eq!(desk.remote("app").git(&["log", "-1", "--format=%s", "main"]), "second");
}

#[test]
fn a_branch_that_follows_none_is_pushed_to_its_own_name_and_follows_that_then() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    // It follows another one, to which nothing must be pushed.
    repo.git(&["checkout", "-q", "-b", "task", "--track", "origin/main"]);
    repo.write("b.txt", "b");
    assert_eq!(publish(&desk.tree("app"), "work").action, Action::Committed);
    let remote = desk.remote("app");
    assert_eq!(
        (remote.git(&["rev-list", "--count", "main"]), remote.git(&["rev-list", "--count", "task"])),
        ("1".into(), "2".into())
    );
    assert_eq!(repo.git(&["rev-parse", "--abbrev-ref", "task@{upstream}"]), "origin/task");
    assert_eq!(desk.tree("app").status().expect("it is read").unpushed, 0);
}

#[test]
fn without_a_remote_the_work_is_committed_and_that_is_not_all() {
    let desk = Desk::new();
    let repo = desk.local("app");
    assert_eq!(publish(&desk.tree("app"), "work").action, Action::Clean);
    repo.write("b.txt", "b");
    let published = publish(&desk.tree("app"), "work");
    assert_eq!(published.action, Action::Failed);
    assert!(published.error.is_some_and(|error| error.contains("no remote")));
    assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "work");
}

#[test]
fn a_push_that_is_rejected_fails_and_forces_nothing() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    let other = desk.clone_of("app", "second");
    other.write("theirs.txt", "x");
    other.commit("theirs");
    other.git(&["push", "-q"]);
    repo.write("ours.txt", "x");
    let published = publish(&desk.tree("app"), "ours");
    assert_eq!(published.action, Action::Failed);
    assert!(published.push_output.contains("rejected"), "{}", published.push_output);
    assert!(published.error.is_some_and(|error| error.contains("rejected")));
    assert_eq!(desk.remote("app").git(&["log", "-1", "--format=%s", "main"]), "theirs");
    assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "ours");
}

#[test]
fn the_expected_branch_is_checked_out_with_what_is_uncommitted() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.git(&["branch", "task"]);
    repo.write("b.txt", "b");
    let published = onto(&desk, "task");
    assert_eq!((published.action, published.error), (Action::Committed, None));
    assert_eq!(repo.git(&["symbolic-ref", "--short", "HEAD"]), "task");
    assert_eq!(desk.remote("app").git(&["show", "task:b.txt"]), "b");
    assert_eq!(desk.remote("app").git(&["rev-list", "--count", "main"]), "1");
}

#[test]
fn an_expected_branch_that_only_the_remote_has_is_followed() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.git(&["push", "-q", "origin", "main:refs/heads/task"]);
    repo.write("b.txt", "b");
    assert_eq!(onto(&desk, "task").action, Action::Committed);
    assert_eq!(repo.git(&["rev-parse", "--abbrev-ref", "task@{upstream}"]), "origin/task");
}

#[test]
fn an_expected_branch_that_is_nowhere_is_made_for_work_and_for_nothing_else() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    assert_eq!(onto(&desk, "task/1").action, Action::Clean);
    assert_eq!(repo.git(&["symbolic-ref", "--short", "HEAD"]), "main");
    repo.write("b.txt", "b");
    assert_eq!(onto(&desk, "task/1").action, Action::Committed);
    assert_eq!(repo.git(&["symbolic-ref", "--short", "HEAD"]), "task/1");
    assert_eq!(desk.remote("app").git(&["show", "task/1:b.txt"]), "b");
}

#[test]
fn an_expected_branch_whose_files_are_in_the_way_is_not_forced() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.git(&["checkout", "-q", "-b", "task"]);
    repo.write("a.txt", "task's\n");
    repo.commit("task's");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a.txt", "uncommitted\n");
    let published = onto(&desk, "task");
    assert_eq!(published.action, Action::Failed);
    assert!(published.error.is_some_and(|error| error.contains("checkout")));
    assert_eq!(fs::read_to_string(repo.path.join("a.txt")).expect("it is there"), "uncommitted\n");
    assert_eq!(repo.git(&["symbolic-ref", "--short", "HEAD"]), "main");
}

#[test]
fn without_a_branch_work_is_committed_to_the_expected_one_or_not_at_all() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.git(&["checkout", "-q", "--detach"]);
    assert_eq!(publish(&desk.tree("app"), "work").action, Action::Clean);
    repo.write("b.txt", "b");
    let published = publish(&desk.tree("app"), "work");
    assert_eq!(published.action, Action::Failed);
    assert!(published.error.is_some_and(|error| error.contains("no branch is checked out")));
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "1");
    assert_eq!(onto(&desk, "task").action, Action::Committed);
}

#[test]
fn a_merge_in_conflict_is_not_committed() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    repo.conflict();
    let before = repo.state();
    let published = publish(&desk.tree("app"), "work");
    assert_eq!(published.action, Action::Failed);
    assert!(published.error.is_some_and(|error| error.contains("conflict")));
    assert_eq!(repo.state(), before);
}

#[test]
fn the_first_commit_of_a_repository_is_pushed_too() {
    let desk = Desk::new();
    let repo = desk.empty("app");
    let bare = desk.bare("app");
    repo.git(&["init", "-q", "--bare", bare.to_str().expect("UTF-8")]);
    repo.git(&["remote", "add", "origin", bare.to_str().expect("UTF-8")]);
    repo.write("a", "a");
    assert_eq!(publish(&desk.tree("app"), "first").action, Action::Committed);
    assert_eq!(desk.remote("app").git(&["log", "-1", "--format=%s", "main"]), "first");
}

#[test]
fn hooks_of_the_person_are_asked_before_a_commit() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    hook(&repo, "pre-commit", "echo not on fridays >&2; exit 1");
    repo.write("b.txt", "b");
    let published = publish(&desk.tree("app"), "work");
    assert_eq!(published.action, Action::Failed);
    assert!(published.error.is_some_and(|error| error.contains("not on fridays")));
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn who_the_person_is_must_be_known() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    fs::write(desk.outside().join("home/.gitconfig"), "[user]\n\tuseConfigOnly = true\n").expect("room");
    repo.write("b.txt", "b");
    let published = publish(&desk.tree("app"), "work");
    assert_eq!(published.action, Action::Failed);
    assert!(published.error.is_some_and(|error| error.contains("email")));
}
