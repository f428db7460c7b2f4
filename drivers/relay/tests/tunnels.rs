//! Both ends over real sockets.

#![forbid(unsafe_code)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lunette_relay::{DialError, Trust};
use rcgen::{CertifiedKey, KeyPair};
use support::{LIMIT, Proxy, Server, Task, client, echo, listener, name, read_exact, run, runner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

#[tokio::test]
async fn a_dial_reaches_what_the_runner_serves() {
    let (server, (target, _echo)) = (Server::plain().await, echo(b"hello ").await);
    let _runner = runner(server.address, "desktop-1", target);
    server.is_up("desktop-1").await;
    let mut tunnel = server.tunnels.dial(&name("desktop-1"), LIMIT).await.unwrap();
    tunnel.write_all(b"world").await.unwrap();
    assert_eq!(read_exact(&mut tunnel, 11).await, b"hello world");
}

#[tokio::test]
async fn megabytes_arrive_whole_both_ways() {
    let (server, (target, _echo)) = (Server::plain().await, echo(b"").await);
    let _runner = runner(server.address, "desktop-1", target);
    server.is_up("desktop-1").await;
    let tunnel = server.tunnels.dial(&name("desktop-1"), LIMIT).await.unwrap();
    let sent: Vec<u8> = (0..4_000_000_u32).flat_map(u32::to_le_bytes).take(5_000_000).collect();
    let (mut read, mut write) = tokio::io::split(tunnel);
    let copy = sent.clone();
    let writing = tokio::spawn(async move { write.write_all(&copy).await.map(|()| write) });
    assert!(read_exact(&mut read, sent.len()).await == sent);
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_unix_socket_is_a_target_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hydra.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = Server::plain().await;
    let target = format!("unix://{}", path.display());
    let _runner = run(client(&format!("http://{}", server.address), "hydra-1", "h:*", &target, &Trust::System));
    server.is_up("hydra-1").await;
    let hydra = name("hydra-1");
    let (tunnel, accepted) = tokio::join!(server.tunnels.dial(&hydra, LIMIT), listener.accept());
    let (mut tunnel, (mut stream, _)) = (tunnel.unwrap(), accepted.unwrap());
    stream.write_all(b"from hydra").await.unwrap();
    assert_eq!(read_exact(&mut tunnel, 10).await, b"from hydra");
}

#[tokio::test]
async fn lesson_101_200_parallel_dials_each_get_their_own_connection() {
    let server = Server::plain().await;
    let (one, _one) = echo(b"1").await;
    let (two, _two) = echo(b"2").await;
    let _runners = [runner(server.address, "desktop-1", one), runner(server.address, "desktop-2", two)];
    server.is_up("desktop-1").await;
    server.is_up("desktop-2").await;
    let mut dials = JoinSet::new();
    for number in 0..200_u32 {
        let (tunnels, which) = (server.tunnels.clone(), 1 + number % 2);
        dials.spawn(async move {
            let mut tunnel = tunnels.dial(&name(&format!("desktop-{which}")), LIMIT).await.unwrap();
            tunnel.write_all(&number.to_be_bytes()).await.unwrap();
            let expected = [which.to_string().as_bytes(), &number.to_be_bytes()].concat();
            assert_eq!(read_exact(&mut tunnel, 5).await, expected);
        });
    }
    dials.join_all().await;
}

#[tokio::test]
async fn lesson_100_a_dial_during_a_short_loss_succeeds() {
    let (server, (target, _echo)) = (Server::plain().await, echo(b"back").await);
    let proxy = Proxy::to(server.address).await;
    let _runner = runner(proxy.address, "desktop-1", target);
    server.is_up("desktop-1").await;
    proxy.cut();
    let mut present = server.tunnels.watch();
    timeout(LIMIT, present.wait_for(|present| present.iter().all(|(_, up)| !up))).await.unwrap().unwrap();
    let mut tunnel = server.tunnels.dial(&name("desktop-1"), LIMIT).await.unwrap();
    assert_eq!(read_exact(&mut tunnel, 4).await, b"back");
}

#[tokio::test]
async fn lesson_105_either_end_of_a_connection_ends_the_other() {
    let (listener, target) = listener().await;
    let server = Server::plain().await;
    let _runner = runner(server.address, "desktop-1", target);
    server.is_up("desktop-1").await;
    let desktop = name("desktop-1");
    let mut byte = [0];

    let (tunnel, accepted) = tokio::join!(server.tunnels.dial(&desktop, LIMIT), listener.accept());
    let (mut tunnel, (mut stream, _)) = (tunnel.unwrap(), accepted.unwrap());
    stream.write_all(b"tail").await.unwrap();
    drop(stream);
    let mut all = Vec::new();
    timeout(LIMIT, tunnel.read_to_end(&mut all)).await.unwrap().unwrap();
    assert_eq!(all, b"tail");

    let (tunnel, accepted) = tokio::join!(server.tunnels.dial(&desktop, LIMIT), listener.accept());
    let (tunnel, (mut stream, _)) = (tunnel.unwrap(), accepted.unwrap());
    drop(tunnel);
    assert!(matches!(timeout(LIMIT, stream.read(&mut byte)).await.unwrap(), Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_runner_that_was_never_there_fails_at_once() {
    let server = Server::plain().await;
    let failed = timeout(Duration::from_secs(1), server.tunnels.dial(&name("desktop-9"), LIMIT)).await.unwrap();
    assert_eq!(failed.unwrap_err(), DialError::NotConnected(name("desktop-9")));
}

#[tokio::test]
async fn who_dials_a_dead_target_is_told_why() {
    let (dead, target) = listener().await;
    drop(dead);
    let server = Server::plain().await;
    let _runner = runner(server.address, "desktop-1", target);
    server.is_up("desktop-1").await;
    let error = server.tunnels.dial(&name("desktop-1"), LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_below_a_path_is_reached() {
    let server = Server::start(|router, _| axum::Router::new().nest("/below", router)).await;
    let (target, _echo) = echo(b"x").await;
    let url = format!("http://{}/below", server.address);
    let _runner = run(client(&url, "desktop-1", "a:*", &target.to_string(), &Trust::System));
    server.is_up("desktop-1").await;
    let mut tunnel = server.tunnels.dial(&name("desktop-1"), LIMIT).await.unwrap();
    assert_eq!(read_exact(&mut tunnel, 1).await, b"x");
}

/// The status of the answer to a request of these headers.
async fn status(server: &Server, target: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address).await.expect("the server");
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close, Upgrade\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server");
    let head = read_exact(&mut stream, 12).await;
    String::from_utf8_lossy(&head)[9..].parse().expect("a status")
}

const UPGRADE: &str =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

#[tokio::test]
async fn only_those_who_may_get_a_channel() {
    let server = Server::plain().await;
    let id = "0123456789abcdef0123456789abcdef";
    let data = format!("/api/v1/revdial?revdial.dialer={id}&revdial.req={id}");
    let control = "/api/v1/revdial?runnerid=desktop-1";
    let (good, other) = ("Authorization: Bearer a:desktop-1\r\n", "Authorization: Bearer a:desktop-2\r\n");
    let with = |headers: &str| format!("{headers}{UPGRADE}");
    let table = [
        (control, with(""), 401),
        (control, with("Authorization: Basic eDp5\r\n"), 401),
        (control, with(other), 403),
        (control, good.to_owned(), 426),
        (control, with(good), 101),
        (control, format!("{}X-Lunette-Instance: 12\r\n", with(good)), 400),
        ("/api/v1/revdial", with(good), 400),
        ("/api/v1/revdial?runnerid=", with(good), 400),
        ("/api/v1/revdial?runnerid=a&runnerid=b", with(good), 400),
        ("/api/v1/revdial?runnerid=desktop-1&revdial.dialer=1", with(good), 400),
        (&data, with(""), 401),
        (&data, good.to_owned(), 426),
        (&data, with(good), 404),
    ];
    for (target, headers, expected) in table {
        assert_eq!(status(&server, target, &headers).await, expected, "{target} {headers}");
    }
}

#[tokio::test]
async fn certificates_are_verified_unless_one_opts_out() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (good, other) = (folder.path().join("good.pem"), folder.path().join("other.pem"));
    std::fs::write(&good, made.cert.pem()).unwrap();
    let another = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&other, another.cert.pem()).unwrap();
    let server = Server::plain().await;
    let (tls, mut refused, _task) = tls_in_front(&made, server.address).await;
    let (target, _echo) = echo(b"").await;
    let url = format!("https://localhost:{}", tls.port());
    let start = |which: &str, trust: Trust| run(client(&url, which, "a:*", &target.to_string(), &trust));

    for (which, trust) in [("other", Trust::File(other)), ("system", Trust::System)] {
        refused.mark_unchanged();
        let _runner = start(which, trust);
        timeout(LIMIT, refused.changed()).await.unwrap().unwrap();
        assert!(!server.tunnels.is_up(&name(which)));
    }
    for (which, trust) in [("good", Trust::File(good)), ("any", Trust::Anybody)] {
        let _runner = start(which, trust);
        server.is_up(which).await;
    }
}

/// TLS in front of a server. Counts those who do not believe it.
async fn tls_in_front(made: &CertifiedKey<KeyPair>, to: SocketAddr) -> (SocketAddr, watch::Receiver<u32>, Task) {
    let key = made.signing_key.serialize_der().try_into().expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listener().await;
    let (refuse, refused) = watch::channel(0);
    let task = Task::of(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, refuse) = (acceptor.clone(), refuse.clone());
            connections.spawn(async move {
                let Ok(mut near) = acceptor.accept(stream).await else {
                    return refuse.send_modify(|count| *count += 1);
                };
                let Ok(mut far) = TcpStream::connect(to).await else { return };
                drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
            });
        }
    });
    (address, refused, task)
}
