//! What was done, from three sides.

use std::fs;

use lunette_worktree::{BaseName, ChangeKind, Review, Whitespace, WorktreeError};

use crate::support::{Desk, Repo};

/// Work on a branch that left `main` one commit ago; `main` went on meanwhile.
fn task(desk: &Desk) -> Repo {
    let repo = desk.pushed("app");
    repo.git(&["checkout", "-q", "-b", "task"]);
    repo.write("committed.txt", "c\n");
    repo.commit("on the branch");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("later.txt", "of main\n");
    repo.commit("later");
    repo.git(&["push", "-q"]);
    repo.git(&["checkout", "-q", "task"]);
    repo.write("a.txt", "one\n2\nthree\n");
    repo.write("new file.txt", "n\n");
    repo
}

fn review(desk: &Desk, base: Option<&str>) -> Review {
    let base = base.map(|base| BaseName::new(base).expect("a name"));
    desk.tree("app").review(base.as_ref(), Whitespace::Counts).expect("it is looked over")
}

fn paths(review: &Review, source: usize) -> Vec<&str> {
    review.sources[source].patch.changes.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn the_three_sides_are_the_task_the_branch_and_the_work_tree() {
    let desk = Desk::new();
    task(&desk);
    let review = review(&desk, None);
    let sides: Vec<_> =
        review.sources.iter().map(|side| (side.id, side.base_ref.as_str(), side.head_ref.as_str())).collect();
    assert_eq!(
        sides,
        [
            ("task", "origin/main", "working tree"),
            ("branch", "origin/main", "task"),
            ("working_tree", "task", "working tree")
        ]
    );
    // What main got after the branch had left it is nobody's work here.
    assert_eq!(paths(&review, 0), ["a.txt", "committed.txt", "new file.txt"]);
    assert_eq!(paths(&review, 1), ["committed.txt"]);
    assert_eq!(paths(&review, 2), ["a.txt", "new file.txt"]);
    let patch = &review.sources[2].patch;
    assert!(patch.text.contains("-two\n+2\n") && patch.text.contains("+++ b/new file.txt"), "{}", patch.text);
    assert_eq!((patch.changes.additions, patch.changes.deletions, patch.truncated), (2, 1, false));
    let kinds: Vec<_> = patch.changes.files.iter().map(|file| (file.kind, file.additions, file.deletions)).collect();
    assert_eq!(kinds, [(ChangeKind::Modified, 1, 1), (ChangeKind::Added, 1, 0)]);
}

#[test]
fn looking_changes_nothing_in_the_repository() {
    let desk = Desk::new();
    let repo = task(&desk);
    let before = repo.state();
    review(&desk, None);
    assert!(repo.state() == before);
    assert!(!repo.path.join(".git/index.lock").exists());
}

#[test]
fn a_tree_of_any_name_is_looked_over() {
    let desk = Desk::new();
    for name in ["a:b", "\"quoted\" \\", "-c", "ä b"] {
        let repo = desk.local(name);
        repo.write("new.txt", "n\n");
        let before = repo.state();
        let reviewed = desk.tree(name).review(None, Whitespace::Counts).expect("it is looked over");
        assert_eq!(paths(&reviewed, 2), ["new.txt"], "{name}");
        assert!(repo.state() == before, "{name}");
    }
}

#[test]
fn the_same_work_has_the_same_hash_and_other_work_another() {
    let desk = Desk::new();
    let repo = task(&desk);
    let hash = || review(&desk, None).sources[2].patch.hash.clone();
    let first = hash();
    assert_eq!((first.len(), hash()), (64, first.clone()));
    repo.write("a.txt", "one\nzwei\nthree\n");
    assert_ne!(hash(), first);
}

#[test]
fn what_anybody_has_configured_does_not_change_a_patch() {
    let desk = Desk::new();
    let repo = task(&desk);
    let before = review(&desk, None);
    let ran = desk.outside().join("ran");
    let program = format!("touch {}", ran.display());
    for (key, value) in [
        ("diff.external", program.as_str()),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.algorithm", "patience"),
        ("diff.context", "9"),
        ("diff.orderFile", "nowhere"),
        ("diff.renames", "false"),
        ("color.ui", "always"),
        ("core.pager", program.as_str()),
        ("diff.x.textconv", program.as_str()),
        ("diff.x.command", program.as_str()),
    ] {
        repo.git(&["config", key, value]);
    }
    repo.write(".git/info/attributes", "*.txt diff=x\n");
    assert_eq!(review(&desk, None), before);
    assert!(!ran.exists());
}

#[test]
fn a_base_is_looked_for_at_the_remote_then_here_and_must_be_there() {
    let desk = Desk::new();
    let repo = task(&desk);
    repo.git(&["branch", "mine", "HEAD~1"]);
    assert_eq!(review(&desk, Some("mine")).sources[1].base_ref, "mine");
    assert_eq!(review(&desk, Some("origin/main")).sources[1].base_ref, "origin/main");
    let none = BaseName::new("nowhere").expect("a name");
    let reviewed = desk.tree("app").review(Some(&none), Whitespace::Counts);
    assert!(matches!(reviewed, Err(WorktreeError::NoCommit(name)) if name == "nowhere"));
}

#[test]
fn histories_without_a_common_commit_are_compared_as_they_are() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.git(&["checkout", "-q", "--orphan", "task"]);
    repo.git(&["rm", "-q", "-r", "--cached", "."]);
    fs::remove_file(repo.path.join("a.txt")).expect("it is there");
    repo.write("b.txt", "b\n");
    repo.commit("other root");
    assert_eq!(paths(&review(&desk, None), 1), ["a.txt", "b.txt"]);
}

#[test]
fn a_repository_without_a_commit_begins_with_nothing() {
    let desk = Desk::new();
    let repo = desk.empty("app");
    repo.write("a.txt", "a\n");
    let review = review(&desk, None);
    assert_eq!((paths(&review, 0), paths(&review, 1), paths(&review, 2)), (vec!["a.txt"], vec![], vec!["a.txt"]));
}

#[test]
fn a_repository_whose_branch_is_called_otherwise_has_a_review() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.git(&["branch", "-m", "trunk"]);
    repo.write("a.txt", "changed\n");
    let reviewed = review(&desk, None);
    assert_eq!((reviewed.sources[0].base_ref.as_str(), paths(&reviewed, 0)), ("HEAD", vec!["a.txt"]));
    repo.git(&["branch", "master"]);
    assert_eq!(review(&desk, None).sources[0].base_ref, "master");
    repo.git(&["checkout", "-q", "--detach"]);
    assert_eq!(review(&desk, None).sources[1].head_ref, "HEAD");
}

#[test]
fn a_conflict_shows_as_it_is_in_the_work_tree() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.conflict();
    let before = repo.state();
    let review = review(&desk, None);
    let patch = &review.sources[2].patch;
    assert!(patch.text.contains("+<<<<<<< HEAD"), "{}", patch.text);
    assert!(!patch.text.contains("Unmerged"));
    assert_eq!(paths(&review, 2), ["a.txt"]);
    assert!(repo.state() == before);
}

#[test]
fn moved_deleted_binary_and_oddly_named_files_are_told_apart() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.write("moved from.txt", "a\nb\nc\nd\ne\n");
    repo.write("gone.txt", "g\n");
    repo.commit("second");
    repo.git(&["mv", "moved from.txt", "moved\tto.txt"]);
    repo.git(&["commit", "-q", "-m", "moved"]);
    fs::remove_file(repo.path.join("gone.txt")).expect("it is there");
    repo.write("bin", b"\0\x01\x02");
    repo.write("new\nline", "x\n");
    repo.write("-rf", "x\n");
    let review = review(&desk, Some("HEAD"));
    let mut brief: Vec<_> =
        review.sources[2].patch.changes.files.iter().map(|f| (f.path.as_str(), f.kind, f.binary)).collect();
    brief.sort_by_key(|(path, ..)| *path);
    let (added, deleted) = (ChangeKind::Added, ChangeKind::Deleted);
    assert_eq!(
        brief,
        [("-rf", added, false), ("bin", added, true), ("gone.txt", deleted, false), ("new\nline", added, false)]
    );
    repo.git(&["tag", "before", "HEAD~1"]);
    let since = desk.tree("app").review(Some(&BaseName::new("before").expect("a name")), Whitespace::Counts);
    let moved = since.expect("it is looked over").sources[1].patch.changes.files.clone();
    assert_eq!((moved[0].path.as_str(), moved[0].old_path.as_deref()), ("moved\tto.txt", Some("moved from.txt")));
    assert_eq!(moved[0].kind, ChangeKind::Renamed);
}

#[test]
fn lines_that_differ_in_white_space_only_can_be_left_out() {
    let desk = Desk::new();
    let repo = desk.local("app");
    repo.write("a.txt", "one\n  two\nthree\n");
    repo.write("b.txt", "b\n");
    let with = |whitespace| desk.tree("app").review(None, whitespace).expect("it is looked over");
    assert_eq!(paths(&with(Whitespace::Counts), 2), ["a.txt", "b.txt"]);
    let without = with(Whitespace::Ignored);
    assert_eq!(paths(&without, 2), ["b.txt"]);
    assert!(!without.sources[2].patch.text.contains("a.txt"));
}

#[test]
fn a_long_patch_is_cut_at_a_line_and_its_hash_is_of_all() {
    let desk = Desk::new();
    let repo = desk.local("app");
    let line = "x".repeat(99);
    let long = |last: &str| format!("{}{last}\n", format!("{line}\n").repeat(10_000));
    repo.write("long.txt", long("end"));
    let first = review(&desk, None).sources[2].patch.clone();
    assert!(first.truncated && first.text.ends_with(&format!("+{line}\n")));
    assert!(first.text.len() <= lunette_worktree::Patch::MOST);
    assert_eq!(first.changes.additions, 10_001);
    repo.write("long.txt", long("other end"));
    let second = review(&desk, None).sources[2].patch.clone();
    let lines = |patch: &lunette_worktree::Patch| patch.text.lines().skip(3).map(str::len).collect::<Vec<_>>();
    assert!(lines(&second) == lines(&first), "what is left is the same");
    assert_ne!(second.hash, first.hash);
}
