//! A server that dialled in to a control plane, by whose connections it is watched, and nothing else.

use std::net::SocketAddr;

use lunette_frame::{ScanoutId, Size};
use lunette_relay::Tunnels;
use lunette_test_plane::TOKEN;
use lunette_wire::Token;
use lunette_wire::hxfr::{DisableScanout, ErrorCode, Message, Presence};
use rustix::process::Signal;
use tokio::net::TcpListener;

use crate::support::{Client, SOON, SecretFile, Server, program, refused};

/// The control plane's side. Whoever connects to `door` is led to the export of the host `far`.
struct Plane {
    plane: lunette_test_plane::Plane,
    door: SocketAddr,
}

impl Plane {
    fn start() -> Self {
        let plane = lunette_test_plane::Plane::start();
        let listener = plane.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let door = listener.local_addr().unwrap();
        plane.runtime.spawn(lead(listener, plane.tunnels.clone()));
        Self { plane, door }
    }

    /// A strict server that dials in, and listens nowhere.
    fn server(&self) -> Server {
        let (secret, token) = (SecretFile::new(0o600), tempfile::NamedTempFile::new().unwrap());
        std::fs::write(token.path(), format!("{TOKEN}\n")).unwrap();
        let dial = format!("http://{}", self.plane.address);
        let dialling = ["--dial", &dial, "--dial-name", "far", "--dial-token-file", token.path().to_str().unwrap()];
        let pictures = ["--tcp", "off", "--scanouts", "2", "--size", "320x180", "--secret-file", secret.path()];
        let server = Server::start(&[&pictures[..], &dialling].concat());
        let runner = "export-far".parse().unwrap();
        let here = async { tokio::time::timeout(SOON, self.plane.until_here(&runner)).await };
        self.plane.runtime.block_on(here).unwrap();
        server
    }
}

async fn lead(listener: TcpListener, tunnels: Tunnels) {
    while let Ok((mut near, _)) = listener.accept().await {
        let tunnels = tunnels.clone();
        tokio::spawn(async move {
            let mut far = tunnels.dial(&"export-far".parse().unwrap(), SOON).await.unwrap();
            // Either end ends the other.
            drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
        });
    }
}

#[test]
fn whoever_it_dialled_in_to_watches_without_a_token_and_does_nothing_else() {
    let plane = Plane::start();
    let server = plane.server();
    let mut client = Client::connect_to(plane.door);
    assert_eq!(client.standing(1).map(|standing| standing.presence), Some(Presence::On));
    let answer = client.enable(1, Size::new(640, 360));
    assert!(!answer.success && answer.connector.contains("watches"), "{answer:?}");
    client.send(&Message::DisableScanout(DisableScanout { scanout: ScanoutId::new(1) }));
    assert!(!client.scanout_response().success);
    client.grant(1, Token::new([7; 32]));
    assert_eq!(client.error().1, ErrorCode::InvalidMessage);
    assert!(!client.subscribe(9), "there is none");
    assert!(client.subscribe(1));
    assert!(client.frames(3)[0].is_idr());
    drop(server);
}

#[test]
fn those_who_came_by_a_dial_are_told_of_the_end() {
    let plane = Plane::start();
    let mut server = plane.server();
    let mut client = Client::connect_to(plane.door);
    assert!(client.subscribe(1));
    client.frame();
    assert!(server.end_by(Signal::TERM).success());
    assert!(client.closed().iter().any(|message| matches!(message, Message::Error(_))));
}

#[test]
fn dials_that_cannot_be_or_would_give_the_token_away_are_refused_at_the_start() {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), TOKEN).unwrap();
    let token = token.path().to_str().unwrap();
    for (url, name, file, words) in [
        ("http://plane.example:8600", "far", token, "in clear to http://plane.example:8600"),
        ("https://plane.example", "Far.1", token, "names no host"),
        ("https://plane.example", "", token, "names no host"),
        ("ftp://plane.example", "far", token, "no address of a server"),
        ("https://plane.example", "far", "/nowhere/token", "/nowhere/token"),
    ] {
        let (code, said) =
            refused(&["--tcp", "127.0.0.1:0", "--dial", url, "--dial-name", name, "--dial-token-file", file]);
        assert!(code != Some(0) && said.contains(words), "{url} {name} {file}: {said}");
    }
    let (_, said) = refused(&["--dial", "https://plane.example"]);
    assert!(said.contains("--dial-name and --dial-token-file"), "{said}");
    // Whoever says so may; what is dialled is not there, and that is no reason to end.
    let dial =
        ["--dial", "http://plane.invalid:1", "--dial-in-clear", "--dial-name", "far", "--dial-token-file", token];
    drop(Server::run(program(&[&["--tcp", "127.0.0.1:0", "--scanouts", "1"], &dial[..]].concat())));
}
