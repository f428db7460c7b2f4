//! Which work trees there are, and how they stand.

use std::fs;
use std::os::unix::fs::symlink;

use lunette_worktree::{Described, Status, Trees, WorktreeError};

use crate::support::Desk;

fn names(trees: &Trees) -> Vec<String> {
    trees.all().expect("it is read").iter().map(|tree| tree.name().to_owned()).collect()
}

#[test]
fn folders_with_a_repository_are_work_trees_and_links_and_others_are_not() {
    let desk = Desk::new();
    desk.local("b");
    desk.empty("a");
    let main = desk.local("main");
    // A second tree of the same repository has a file in place of a folder.
    main.git(&["worktree", "add", "-q", "../extra", "-b", "side"]);
    fs::create_dir(desk.work().join("plain")).expect("room");
    fs::write(desk.work().join("file"), "").expect("room");
    symlink(&main.path, desk.work().join("link")).expect("a link");
    assert_eq!(names(&desk.trees()), ["a", "b", "extra", "main"]);
    assert_eq!(desk.tree("extra").status().expect("it is read").branch.as_deref(), Some("side"));
}

#[test]
fn a_folder_that_is_not_there_has_none() {
    let desk = Desk::new();
    fs::remove_dir(desk.work()).expect("it is empty");
    assert!(names(&desk.trees()).is_empty());
    assert!(matches!(desk.trees().find(None), Err(WorktreeError::NoPrimary(0))));
}

#[test]
fn a_list_tells_branch_primary_and_specifications() {
    let desk = Desk::with_primary("app");
    let app = desk.local("app");
    app.git(&["branch", "helix-specs"]);
    let detached = desk.local("detached");
    detached.git(&["checkout", "-q", "--detach"]);
    desk.empty("new");
    let brief = |one: &Described| (one.name.clone(), one.branch.clone(), one.is_primary, one.has_helix_specs);
    let main = Some("main".to_owned());
    assert_eq!(
        desk.trees().describe().expect("it is read").iter().map(brief).collect::<Vec<_>>(),
        [
            ("app".to_owned(), main.clone(), true, true),
            ("detached".to_owned(), None, false, false),
            ("new".to_owned(), main, false, false)
        ]
    );
}

#[test]
fn where_none_is_named_the_primary_is_meant_or_the_only_one() {
    let desk = Desk::new();
    desk.local("one");
    assert_eq!(desk.trees().find(None).expect("the only one").name(), "one");
    assert!(desk.trees().describe().expect("it is read")[0].is_primary);
    desk.local("two");
    assert!(matches!(desk.trees().find(None), Err(WorktreeError::NoPrimary(2))));
    let path = desk.work().join("two");
    assert_eq!(desk.trees().find(path.to_str()).expect("by its path").name(), "two");
    for strange in ["three", "../work/two", "/etc", "--help"] {
        assert!(matches!(desk.trees().find(Some(strange)), Err(WorktreeError::NoTree(_))), "{strange}");
    }
    let desk = Desk::with_primary("gone");
    desk.local("one");
    assert!(matches!(desk.trees().find(None), Err(WorktreeError::NoTree(_))));
}

#[test]
fn a_status_counts_files_and_commits_that_are_nowhere_else() {
    let desk = Desk::new();
    let repo = desk.pushed("app");
    assert_eq!(desk.tree("app").status().expect("it is read").unpushed, 0);
    repo.write("b.txt", "b");
    repo.commit("second");
    repo.write("a.txt", "changed\n");
    repo.write("odd/ä \"q\"\nnew line.txt", "x");
    repo.write("odd/-rf", "x");
    repo.write(".gitignore", "ignored\n");
    repo.write("ignored", "x");
    fs::remove_file(repo.path.join("b.txt")).expect("it is there");
    let expected = Status {
        branch: Some("main".to_owned()),
        has_commits: true,
        uncommitted: 5,
        upstream: Some("origin/main".to_owned()),
        unpushed: 1,
        ..Status::default()
    };
    assert_eq!(desk.tree("app").status().expect("it is read"), expected);
}

#[test]
fn without_a_followed_branch_nothing_counts_as_unpushed() {
    let desk = Desk::new();
    desk.local("app");
    let status = desk.tree("app").status().expect("it is read");
    assert_eq!((status.upstream, status.unpushed, status.uncommitted), (None, 0, 0));
}

#[test]
fn a_repository_without_a_commit_and_one_without_a_branch_have_a_status() {
    let desk = Desk::new();
    let repo = desk.empty("new");
    repo.write("a", "a");
    let status = desk.tree("new").status().expect("it is read");
    assert_eq!((status.branch.as_deref(), status.has_commits, status.uncommitted), (Some("main"), false, 1));
    desk.local("detached").git(&["checkout", "-q", "--detach"]);
    assert_eq!(desk.tree("detached").status().expect("it is read").branch, None);
}

#[test]
fn a_status_neither_writes_the_index_nor_runs_what_the_repository_names() {
    let desk = Desk::new();
    let repo = desk.local("app");
    let ran = desk.outside().join("ran");
    let program = format!("touch {}; false", ran.display());
    repo.git(&["config", "core.fsmonitor", &program]);
    repo.git(&["config", "core.worktree", desk.outside().to_str().expect("UTF-8")]);
    // Another time of change, which git would note in the index.
    repo.write("a.txt", "one\ntwo\nthree\n");
    let before = fs::read(repo.path.join(".git/index")).expect("an index");
    let status = desk.tree("app").status().expect("it is read");
    assert_eq!(status.uncommitted, 0);
    assert_eq!(fs::read(repo.path.join(".git/index")).expect("an index"), before);
    assert!(!ran.exists());
}

#[test]
fn what_is_no_repository_fails_and_the_others_do_not() {
    let desk = Desk::new();
    desk.local("good");
    fs::create_dir_all(desk.work().join("bad/.git")).expect("room");
    assert!(matches!(desk.tree("bad").status(), Err(WorktreeError::Git { .. })));
    assert!(desk.tree("good").status().is_ok());
    assert_eq!(desk.trees().describe().expect("it is read").len(), 2);
}
