//! Everybody at one desktop.

use std::net::SocketAddr;

use lunette_wire::stream::{ClientMessage, Init, Input, Ping, RemoteUser, ServerMessage};

use crate::support::{Arrival, Bridge, Request, TOKENS, Viewer, earlier, knowing};

fn joined(message: ServerMessage) -> Option<(u32, String)> {
    match message {
        ServerMessage::RemoteUser(RemoteUser::Joined { user, name, .. }) => Some((user.0, name)),
        _ => None,
    }
}

#[tokio::test]
async fn a_newcomer_hears_of_itself_first_and_then_of_everybody_else() {
    let bridge = Bridge::showing("still");
    let mut first = Viewer::join(&bridge, &earlier("Zoë")).await;
    let first_id = first.self_id().await;
    assert_eq!(first.until(joined).await, (first_id, "Zoë".to_owned()));
    let mut second = Viewer::join(&bridge, &knowing("Ada")).await;
    let second_id = second.self_id().await;
    assert_eq!(second.until(joined).await, (second_id, "Ada".to_owned()));
    assert_eq!(second.until(joined).await, (first_id, "Zoë".to_owned()));
    assert_eq!(first.until(joined).await, (second_id, "Ada".to_owned()));
    second.leave().await;
    let left = first
        .until(|message| match message {
            ServerMessage::RemoteUser(RemoteUser::Left { user }) => Some(user.0),
            _ => None,
        })
        .await;
    assert_eq!(left, second_id);
}

/// A process that stands in front of a bridge, as hydra does; for one connection.
async fn in_front_of(bridge: &Bridge) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, socket) = (listener.local_addr().expect("an address"), bridge.socket());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a client");
        let mut bridge = tokio::net::UnixStream::connect(socket).await.expect("it listens");
        drop(tokio::io::copy_bidirectional(&mut client, &mut bridge).await);
    });
    address
}

#[tokio::test]
async fn others_see_the_name_by_which_somebody_was_let_in_and_not_the_one_of_the_init() {
    let bridge = Bridge::guarded("still");
    let front = in_front_of(&bridge).await;
    let stream = || Request::of(&bridge, "/ws/stream").bearer(TOKENS.control).header("lunette-user", "ann");
    let mut told = stream().through(front).open().await;
    told.init(&knowing("Zoë")).await;
    assert_eq!(told.until(joined).await.1, "ann");
    // Whoever comes over a network says nothing of the kind, and is who the init says, for want of a name.
    let mut claims = stream().open().await;
    claims.init(&knowing("Zoë")).await;
    assert_eq!(claims.until(joined).await.1, "Zoë");
}

#[tokio::test]
async fn two_connections_of_one_person_are_two_users() {
    let bridge = Bridge::showing("still");
    let person = |unique: &str| Init {
        user_id: Some("usr_7".to_owned()),
        client_unique_id: Some(unique.to_owned()),
        ..earlier("Zoë")
    };
    let mut one = Viewer::join(&bridge, &person("a")).await;
    let mut two = Viewer::join(&bridge, &person("b")).await;
    let (first, second) = (one.self_id().await, two.self_id().await);
    assert_ne!(first, second);
    // Each sees the other's pointer, and not its own.
    one.input(Input::MoveTo { x: 1, y: 1, width: 2, height: 2 }).await;
    let seen = two
        .until(|message| match message {
            ServerMessage::RemoteCursor(pointer) => Some(pointer.user.0),
            _ => None,
        })
        .await;
    assert_eq!(seen, first);
    one.say(&ClientMessage::Ping(Ping { seq: 1, client_time_us: 1 })).await;
    loop {
        match one.message().await {
            ServerMessage::Pong(_) => break,
            ServerMessage::RemoteCursor(pointer) => panic!("{pointer:?} is its own"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_newer_connection_of_the_same_client_supersedes_the_older() {
    let bridge = Bridge::showing("typing");
    let same = Init { client_unique_id: Some("0c9f3a52".to_owned()), ..earlier("Zoë") };
    let (mut older, _) = Viewer::watching(&bridge, &same).await;
    older.input(Input::Button { down: true, button: 1 }).await;
    bridge.wait_for_events(1).await;
    let (mut newer, _) = Viewer::watching(&bridge, &same).await;
    let (cause, code) = older.end().await;
    assert_eq!(code, Some(4000));
    assert!(cause.is_some());
    // Nothing of the older one lasts, and the newer one goes on: exactly one close.
    assert_eq!(bridge.wait_for_events(2).await[1]["down"], false);
    for _ in 0..30 {
        assert!(!matches!(newer.next().await, Arrival::Closed(_)));
    }
    newer.input(Input::Text("x".to_owned())).await;
    bridge.wait_for_events(3).await;
}
