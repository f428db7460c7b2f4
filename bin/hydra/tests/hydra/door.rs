//! The API over TCP, for whoever shows its token.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::fixture::{PATIENCE, World};

const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn ask(port: u16, more: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /api/v1/dev-containers HTTP/1.0\r\nHost: h\r\n{more}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_api_over_tcp_answers_whoever_shows_its_token_and_nobody_else() {
    let world = World::new();
    let file = world.folder.path().join("api.token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let hydra =
        world.start(&["--listen-api", &format!("127.0.0.1:{port}"), "--api-token-file", file.to_str().unwrap()]);
    let other = TOKEN.replace('E', "e");
    for wrong in [
        String::new(),
        format!("Authorization: Bearer {TOKEN}\r\n"),
        format!("Proxy-Authorization: Bearer {other}\r\n"),
        "Proxy-Authorization: Bearer\r\n".to_owned(),
        format!("Proxy-Authorization: Bearer {TOKEN}\r\nProxy-Authorization: Bearer {TOKEN}\r\n"),
    ] {
        assert!(ask(port, &wrong).starts_with("HTTP/1.0 407"), "{wrong}");
    }
    let answer = ask(port, &format!("Proxy-Authorization: Bearer {TOKEN}\r\n"));
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("[]"), "{answer}");
    assert!(hydra.terminate());
}
