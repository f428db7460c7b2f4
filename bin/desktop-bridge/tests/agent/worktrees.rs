//! Git work trees, over HTTP.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Server, serve};

fn git(server: &Server, folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    command.env("HOME", server.outer.path().join("home")).env("GIT_CONFIG_NOSYSTEM", "1");
    let out = command.args(arguments).current_dir(folder).output().expect("git runs");
    assert!(out.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
}

/// A work tree `app` on `main`, pushed to a bare repository, with one change that is not committed.
async fn with_app(scope: &str) -> Server {
    let server = serve(scope).await;
    let outer = server.outer.path();
    fs::create_dir_all(outer.join("work/app")).expect("room");
    fs::create_dir(outer.join("home")).expect("room");
    let identity = "[user]\n\tname = Tester\n\temail = t@example.org\n[init]\n\tdefaultBranch = main\n";
    fs::write(outer.join("home/.gitconfig"), identity).expect("room");
    let app = outer.join("work/app");
    git(&server, outer, &["init", "-q", "--bare", "app.git"]);
    git(&server, &app, &["init", "-q"]);
    fs::write(app.join("a.txt"), "one\n").expect("room");
    git(&server, &app, &["add", "--all"]);
    git(&server, &app, &["commit", "-q", "-m", "first"]);
    git(&server, &app, &["remote", "add", "origin", "../../app.git"]);
    git(&server, &app, &["push", "-q", "--set-upstream", "origin", "main"]);
    fs::write(app.join("a.txt"), "two\n").expect("room");
    server
}

fn members(document: &Value) -> Vec<&str> {
    document.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn work_trees_are_listed_with_how_they_stand() {
    let server = with_app("control").await;
    let path = server.outer.path().join("work/app");
    let one = json!({
        "name": "app", "path": path, "current_branch": "main", "is_primary": true, "has_helix_specs": false,
    });
    assert_eq!(server.get("/workspaces").await.json(), json!({ "workspaces": [one] }));
    let one = json!({
        "name": "app", "path": path, "branch": "main", "uncommitted_files": 1, "unpushed_commits": 0, "error": null,
    });
    assert_eq!(server.get("/workspace/status").await.json(), json!({ "repos": [one] }));
}

#[tokio::test]
async fn work_is_committed_and_pushed_and_then_there_is_none() {
    let server = with_app("control").await;
    let body = json!({ "message": "-m `id`", "expected_branch": "task/1" });
    let answer = server.post("/workspace/commit-and-push", &body).await.json();
    let repo = &answer["repos"][0];
    assert_eq!((&answer["success"], &repo["action"]), (&json!(true), &json!("committed")), "{answer}");
    assert_eq!(
        members(repo),
        ["action", "error", "name", "path", "push_output", "uncommitted_files", "unpushed_commits"]
    );
    let bare = server.outer.path().join("app.git");
    assert_eq!(git(&server, &bare, &["log", "-1", "--format=%B", "task/1"]), "-m `id`");
    let again = server.post("/workspace/commit-and-push", &body).await.json();
    assert_eq!((&again["success"], &again["repos"][0]["action"]), (&json!(true), &json!("clean")));
}

#[tokio::test]
async fn work_that_cannot_be_pushed_is_no_success() {
    let server = with_app("control").await;
    fs::rename(server.outer.path().join("app.git"), server.outer.path().join("gone.git")).expect("it is there");
    let answer = server.post("/workspace/commit-and-push", &json!({ "message": "work" })).await;
    assert_eq!(answer.status, 200);
    let document = answer.json();
    assert_eq!((&document["success"], &document["repos"][0]["action"]), (&json!(false), &json!("failed")));
    assert!(document["repos"][0]["error"].as_str().is_some_and(|error| error.contains("push")), "{document}");
}

#[tokio::test]
async fn a_review_has_three_sources_of_one_shape() {
    let server = with_app("control").await;
    let answer = server.get("/workspace/review?workspace=app&base=main&ignore_whitespace=false").await.json();
    assert_eq!(members(&answer), ["generated_at", "sources", "workspace"]);
    let sources = answer["sources"].as_array().expect("sources");
    assert_eq!(sources.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ["task", "branch", "working_tree"]);
    for source in sources {
        assert_eq!(
            members(source),
            [
                "base_ref",
                "files",
                "head_ref",
                "id",
                "patch",
                "patch_hash",
                "title",
                "total_additions",
                "total_deletions",
                "truncated",
            ]
        );
    }
    assert_eq!(sources[1]["files"], json!([]));
    let change = json!({ "path": "a.txt", "kind": "modified", "additions": 1, "deletions": 1 });
    assert_eq!(sources[2]["files"], json!([change]));
    assert!(sources[2]["patch"].as_str().is_some_and(|patch| patch.ends_with("-one\n+two\n")));
}

#[tokio::test]
async fn files_are_listed_and_read() {
    let server = with_app("control").await;
    fs::write(server.outer.path().join("work/app/ä b"), "\0").expect("room");
    let entry = |path: &str, size: u64| json!({ "path": path, "kind": "file", "size": size });
    assert_eq!(
        server.get("/workspace/files").await.json(),
        json!({ "workspace": "app", "entries": [entry("a.txt", 4), entry("ä b", 1)], "truncated": false })
    );
    let file = server.get("/workspace/file?path=a.txt").await.json();
    let hash = "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";
    assert_eq!(
        file,
        json!({
            "workspace": "app", "path": "a.txt", "contents": "two\n", "byte_length": 4, "content_hash": hash,
            "truncated": false, "binary": false,
        })
    );
    let binary = server.get("/workspace/file?workspace=app&path=%C3%A4%20b").await.json();
    assert_eq!((&binary["binary"], &binary["contents"]), (&json!(true), &json!("")));
}

#[tokio::test]
async fn no_path_leads_out_of_a_work_tree() {
    let server = with_app("control").await;
    fs::write(server.outer.path().join("secret"), "a secret").expect("room");
    symlink("../../secret", server.outer.path().join("work/app/link")).expect("a link");
    for (path, status) in [
        ("..%2f..%2fsecret", 400),
        ("%2fetc%2fpasswd", 400),
        (".git%2fconfig", 400),
        ("a%00b", 400),
        ("", 400),
        ("link", 404),
        ("none", 404),
    ] {
        let answer = server.get(&format!("/workspace/file?path={path}")).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(!answer.error().is_empty());
    }
    assert_eq!(server.get("/workspace/file").await.status, 400);
}

#[tokio::test]
async fn checkpoints_are_kept_and_compared() {
    let server = with_app("control").await;
    let named = |name: &str| format!("refs/helix/checkpoints/{name}");
    let capture = async |name: &str| {
        server.post("/workspace/checkpoints/capture", &json!({ "workspace": "app", "ref": named(name) })).await.json()
    };
    let first = capture("1").await;
    assert_eq!(members(&first), ["captured_at", "commit", "ref", "workspace"]);
    assert_eq!((&first["workspace"], &first["ref"]), (&json!("app"), &json!(named("1"))));
    fs::write(server.outer.path().join("work/app/b.txt"), "new\n").expect("room");
    capture("2").await;
    let body = json!({ "before_ref": named("1"), "after_ref": named("2"), "ignore_whitespace": true });
    let patch = server.post("/workspace/checkpoints/diff", &body).await.json();
    assert_eq!((&patch["files"][0]["path"], &patch["files"][0]["kind"]), (&json!("b.txt"), &json!("added")));
    assert_eq!((&patch["total_additions"], &patch["truncated"]), (&json!(1), &json!(false)));
    let body = json!({ "before_ref": named("1"), "after_ref": named("none") });
    assert_eq!(server.post("/workspace/checkpoints/diff", &body).await.status, 404);
}

#[tokio::test]
async fn what_is_no_name_is_refused_before_git_sees_it() {
    let server = with_app("control").await;
    let ran = server.outer.path().join("ran");
    for (path, body) in [
        ("/workspace/commit-and-push", json!({ "message": "" })),
        ("/workspace/commit-and-push", json!({ "message": "x", "expected_branch": "--upload-pack=x" })),
        ("/workspace/commit-and-push", json!({ "message": "x", "expected_branch": "a b" })),
        ("/workspace/commit-and-push", json!({ "expected_branch": "main" })),
        ("/workspace/checkpoints/capture", json!({ "ref": "refs/heads/main" })),
        ("/workspace/checkpoints/capture", json!({ "ref": "refs/helix/checkpoints/../../heads/main" })),
        ("/workspace/checkpoints/capture", json!({})),
        ("/workspace/checkpoints/diff", json!({ "before_ref": "HEAD", "after_ref": "--output=/tmp/x" })),
    ] {
        let answer = server.post(path, &body).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(!answer.error().is_empty());
    }
    let output = format!("/workspace/review?base=--output%3d{}", ran.display());
    assert_eq!(server.get(&output).await.status, 400);
    assert!(!ran.exists());
    assert_eq!(server.get("/workspace/review?base=nowhere").await.status, 404);
    for strange in ["none", "..%2fapp", "--help"] {
        assert_eq!(server.get(&format!("/workspace/files?workspace={strange}")).await.status, 404, "{strange}");
    }
    let large = json!({ "workspace": "x".repeat(70 << 10), "ref": "refs/helix/checkpoints/1" });
    assert_eq!(server.post("/workspace/checkpoints/capture", &large).await.status, 413);
}

#[tokio::test]
async fn who_may_only_look_reads_no_files_and_keeps_none() {
    let server = with_app("view").await;
    for path in ["/workspaces", "/workspace/status", "/workspace/review", "/workspace/files", "/workspace/file?path=a"]
    {
        assert_eq!(server.get(path).await.status, 403, "{path}");
    }
    for path in ["commit-and-push", "checkpoints/capture", "checkpoints/diff"] {
        let body = json!({ "message": "x", "ref": "refs/helix/checkpoints/1" });
        assert_eq!(server.post(&format!("/workspace/{path}"), &body).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn other_methods_are_refused() {
    let server = serve("control").await;
    for path in ["/workspaces", "/workspace/status", "/workspace/review", "/workspace/files", "/workspace/file"] {
        assert_eq!(server.post(path, &json!({})).await.status, 405, "{path}");
    }
    for path in ["commit-and-push", "checkpoints/capture", "checkpoints/diff"] {
        assert_eq!(server.get(&format!("/workspace/{path}")).await.status, 405, "{path}");
    }
}
