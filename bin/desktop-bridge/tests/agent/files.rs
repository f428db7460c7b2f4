//! Files, both ways.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::{Answer, Server, serve};

async fn upload(server: &Server, name: &str, content: &[u8]) -> Answer {
    let mut body = b"--cut\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nignored\r\n".to_vec();
    body.extend(format!("--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").bytes());
    body.extend(content);
    body.extend(b"\r\n--cut--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=cut")];
    server.send("POST", "/upload?open_file_manager=false", &kind, &body).await
}

#[tokio::test]
async fn what_was_sent_can_be_fetched() {
    let server = serve("control").await;
    let content: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let answer = upload(&server, "Bericht ä.pdf", &content).await;
    assert_eq!(answer.status, 200);
    let path = server.outer.path().join("files/Bericht ä.pdf");
    assert_eq!(answer.json(), json!({"path": path, "size": 300_000, "filename": "Bericht ä.pdf"}));
    let answer = server.get("/file?name=Bericht%20%C3%A4.pdf").await;
    assert_eq!((answer.status, answer.body == content), (200, true));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-disposition"), "attachment; filename*=UTF-8''Bericht%20%C3%A4.pdf");
    let list = server.get("/files").await.json();
    assert_eq!((&list["files"][0]["name"], &list["files"][0]["size"]), (&json!("Bericht ä.pdf"), &json!(300_000)));
}

#[tokio::test]
async fn a_name_that_is_taken_gets_a_number() {
    let server = serve("control").await;
    for name in ["a.txt", "a (1).txt", "a (2).txt"] {
        assert_eq!(upload(&server, "a.txt", name.as_bytes()).await.json()["filename"], name);
    }
    assert_eq!(server.get("/file?name=a.txt").await.body, b"a.txt");
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let server = serve("control").await;
    for (name, kept) in [("../../escape.txt", "escape.txt"), ("/etc/passwd", "passwd"), ("...profile", "profile")] {
        assert_eq!(upload(&server, name, b"x").await.json()["filename"], kept);
    }
    for name in ["", "..", "/", "dir/"] {
        assert_eq!(upload(&server, name, b"x").await.status, 400, "{name:?}");
    }
    let outside = fs::read_dir(server.outer.path()).expect("a folder").count();
    assert_eq!(outside, 1, "the folder alone");
    fs::write(server.outer.path().join("secret"), b"secret").expect("room");
    symlink("../secret", server.outer.path().join("files/link")).expect("a link");
    for name in ["../secret", "%2e%2e%2fsecret", ".", "..", "link", "none", "a%00b", ""] {
        let answer = server.get(&format!("/file?name={name}")).await;
        assert!(matches!(answer.status, 400 | 404), "{name}: {}", answer.status);
        assert!(!answer.error().is_empty());
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = serve("control").await;
    let body = b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf of it";
    let kind = [("content-type", "multipart/form-data; boundary=cut")];
    assert_eq!(server.send("POST", "/upload", &kind, body).await.status, 400);
    assert_eq!(fs::read_dir(server.outer.path().join("files")).expect("a folder").count(), 0);
}

#[tokio::test]
async fn a_form_without_a_file_is_refused() {
    let server = serve("control").await;
    let kind = [("content-type", "multipart/form-data; boundary=cut")];
    assert_eq!(server.send("POST", "/upload", &kind, b"--cut--\r\n").await.status, 400);
    assert_eq!(server.post("/upload", &json!({})).await.status, 400);
    assert_eq!(server.get("/upload").await.status, 405);
    assert_eq!(server.get("/file").await.status, 400);
}

#[tokio::test]
async fn who_may_only_look_moves_no_files() {
    let server = serve("view").await;
    assert_eq!(upload(&server, "a", b"x").await.status, 403);
    assert_eq!(server.get("/file?name=a").await.status, 403);
    assert_eq!(server.get("/files").await.status, 403);
}
