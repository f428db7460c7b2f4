//! A viewer's WebSocket, carried through a tunnel that is cut.

#![forbid(unsafe_code)]

mod support;

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use lunette_relay::{Outcome, Side, Tunnels, carry};
use support::{LIMIT, Proxy, Server, Task, listener, name, runner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// Passes a viewer's request through the tunnel, as a control plane does.
async fn pass(tunnels: Tunnels, mut request: Request) -> Result<Response, StatusCode> {
    let gone = |_| StatusCode::SERVICE_UNAVAILABLE;
    let viewer = hyper::upgrade::on(&mut request);
    let tunnel = tunnels.dial(&name("desktop-1"), LIMIT).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tunnel)).await.map_err(gone)?;
    tokio::spawn(connection.with_upgrades());
    let mut answer = sender.send_request(request).await.map_err(gone)?;
    let desktop = hyper::upgrade::on(&mut answer);
    tokio::spawn(async move {
        if let Ok((viewer, desktop)) = tokio::try_join!(viewer, desktop) {
            carry(TokioIo::new(viewer), TokioIo::new(desktop)).await;
        }
    });
    Ok(answer.into_response())
}

/// Sends numbered pictures, as fast as they are taken, to whoever sends something first.
async fn bridge() -> (std::net::SocketAddr, Task) {
    let (listener, address) = listener().await;
    let task = Task::of(async move {
        let mut viewers = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            viewers.spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                if socket.next().await.is_none() {
                    return;
                }
                for number in 0_u32.. {
                    let mut picture = vec![7; 20_000];
                    picture[..4].copy_from_slice(&number.to_be_bytes());
                    if socket.send(Message::Binary(picture.into())).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, task)
}

#[tokio::test]
async fn lesson_104_a_tunnel_cut_within_a_frame_ends_cleanly_and_the_viewer_is_back_within_3_seconds() {
    let server = Server::start(|router: Router, tunnels| {
        router.route("/ws/stream", get(move |request: Request| pass(tunnels.clone(), request)))
    });
    let server = server.await;
    let (bridge, _bridge) = bridge().await;
    let proxy = Proxy::to(server.address).await;
    let _runner = runner(proxy.address, "desktop-1", bridge);
    server.is_up("desktop-1").await;
    let url = format!("ws://{}/ws/stream", server.address);
    let mut cut_at: Option<Instant> = None;
    for _ in 0..2 {
        let (mut viewer, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
        viewer.send(Message::text("init")).await.unwrap();
        let mut expected = 0_u32;
        let close = loop {
            let message = timeout(LIMIT, viewer.next()).await.unwrap().unwrap().unwrap();
            match message {
                Message::Binary(picture) => {
                    assert_eq!((picture.len(), &picture[..4]), (20_000, &expected.to_be_bytes()[..]));
                    if let Some(cut_at) = cut_at.take() {
                        assert!(cut_at.elapsed() < Duration::from_secs(3), "{:?}", cut_at.elapsed());
                    }
                    expected += 1;
                    if expected == 50 {
                        cut_at = Some(Instant::now());
                        proxy.cut();
                    }
                }
                Message::Close(frame) => break frame,
                _ => {}
            }
        };
        assert_eq!(close.map(|frame| u16::from(frame.code)), Some(1012));
        assert!(expected >= 50);
    }
}

#[tokio::test]
async fn a_close_of_either_side_ends_both() {
    for closer in [Side::Viewer, Side::Desktop] {
        let ((viewer, mut browser), (desktop, mut bridge)) = (tokio::io::duplex(1024), tokio::io::duplex(1024));
        let carried = tokio::spawn(carry(viewer, desktop));
        let (masked, plain) = ([0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa0], [0x88, 2, 0x0f, 0xa0]);
        let (from, to): (&mut _, &mut _) =
            if closer == Side::Viewer { (&mut browser, &mut bridge) } else { (&mut bridge, &mut browser) };
        let (first, answer) =
            if closer == Side::Viewer { (&masked[..], &plain[..]) } else { (&plain[..], &masked[..]) };
        from.write_all(first).await.unwrap();
        assert_eq!(support::read_exact(to, first.len()).await, first);
        to.write_all(answer).await.unwrap();
        assert_eq!(support::read_exact(from, answer.len()).await, answer);
        let outcome = timeout(LIMIT, carried).await.unwrap().unwrap();
        assert_eq!(outcome, Outcome::Closed(closer, Some(4000)));
        let mut rest = Vec::new();
        timeout(LIMIT, from.read_to_end(&mut rest)).await.unwrap().unwrap();
        assert!(rest.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn lesson_105_a_viewer_that_takes_nothing_is_given_up() {
    let ((viewer, browser), (desktop, mut bridge)) = (tokio::io::duplex(1024), tokio::io::duplex(1 << 20));
    let carried = tokio::spawn(carry(viewer, desktop));
    let frame = [&[0x82, 126, 0xff, 0xff][..], &[7; 65_535]].concat();
    let start = tokio::time::Instant::now();
    let writing = async {
        loop {
            bridge.write_all(&frame).await.unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let outcome = tokio::select! {
        outcome = carried => outcome.unwrap(),
        () = writing => unreachable!(),
    };
    assert!(matches!(outcome, Outcome::Silent(Side::Viewer) | Outcome::Stalled(Side::Viewer)), "{outcome:?}");
    assert!(start.elapsed() <= Duration::from_secs(40), "{:?}", start.elapsed());
    drop(browser);
}
