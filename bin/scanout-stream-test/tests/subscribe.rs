//! The client against servers that behave, and against those that do not.

mod support;

use std::time::Duration;

use lunette_wire::hxfr::{
    ErrorCode, ErrorReply, FrameError, Header, Message, MessageKind, SessionId, SubscribeResponse,
};
use scanout_stream_test::{Address, ConnectError, Limits, StreamError, Subscriber};
use support::server::{Server, granted, picture, unknown, wire};
use support::{LONG, SCANOUT, run, screen};

async fn subscribe(server: &Server) -> Result<Subscriber, ConnectError> {
    Subscriber::connect(&server.address, SCANOUT, Limits { connect: LONG, answer: LONG }).await
}

fn refused(answer: Message) -> ConnectError {
    let server = Server::start(move |client| client.send(&answer));
    run(subscribe(&server)).expect_err("no subscription")
}

/// How a stream ends after consent and these bytes.
fn end_after(bytes: Vec<u8>) -> Result<(), StreamError> {
    let server = Server::start(move |client| {
        client.send(&granted());
        client.send_bytes(&bytes);
    });
    let next = async { subscribe(&server).await.expect("consent").next().await };
    run(next).map(|frame| assert!(frame.is_none()))
}

fn header(msg_type: u8, payload_size: u32) -> Vec<u8> {
    Header { msg_type, flags: 0, session: SessionId::NONE, payload_size }.encode().to_vec()
}

#[test]
fn pictures_arrive_whole_however_they_are_split() {
    let units = screen::stream(SCANOUT, 0..4);
    let sent = units.clone();
    let server = Server::start(move |client| {
        let mut stream = wire(&granted());
        sent.iter().for_each(|unit| stream.extend_from_slice(&wire(&picture(unit))));
        client.send_in_pieces(&stream);
    });
    run(async {
        let mut subscriber = subscribe(&server).await.unwrap();
        for unit in &units {
            let frame = subscriber.next().await.unwrap().expect("one more");
            assert_eq!(frame.unit.nals.access_unit(), unit);
            assert!(frame.received_at >= subscriber.subscribed_at());
        }
        assert!(subscriber.next().await.unwrap().is_none());
    });
}

#[test]
fn unknown_messages_are_skipped_and_counted() {
    let unit = screen::stream(SCANOUT, 0..1).remove(0);
    let server = Server::start(move |client| {
        client.send_bytes(&unknown(&[7; 99]));
        client.send(&granted());
        client.send_bytes(&unknown(&[7; 100_000]));
        client.send(&Message::Ping);
        client.send(&picture(&unit));
    });
    run(async {
        let mut subscriber = subscribe(&server).await.unwrap();
        assert!(subscriber.next().await.unwrap().is_some());
        assert_eq!(subscriber.skipped(), 3);
    });
}

#[test]
fn a_keyframe_can_be_asked_for() {
    let server = Server::start(|client| {
        client.send(&granted());
        assert_eq!(client.receive(), Some(Message::KeyframeRequest));
    });
    run(async { subscribe(&server).await.unwrap().send(&Message::KeyframeRequest).await.unwrap() });
}

#[test]
fn a_unix_socket_serves_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hxfr.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut client, &wire(&granted())).unwrap();
        client
    });
    let limits = Limits { connect: LONG, answer: LONG };
    run(Subscriber::connect(&Address::Unix(path), SCANOUT, limits)).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_refusal_names_the_scanout() {
    let error = refused(Message::SubscribeResponse(SubscribeResponse { scanout: SCANOUT, success: false }));
    assert_eq!(error.to_string(), "scanout 3 is not enabled or does not exist on that server");
}

#[test]
fn answers_that_are_none_are_told_apart() {
    let other = SubscribeResponse { scanout: 9.try_into().unwrap(), success: true };
    assert!(matches!(refused(Message::SubscribeResponse(other)), ConnectError::Mistaken { .. }));
    assert!(matches!(refused(Message::Pong), ConnectError::Unexpected { kind: MessageKind::Pong, .. }));
    let reply = ErrorReply::new(ErrorCode::Internal, "no display");
    let ConnectError::Broken { source, .. } = refused(Message::Error(reply)) else { panic!("an ERROR") };
    assert_eq!(source.to_string(), "the server sent ERROR -99: no display");
}

#[test]
fn a_server_that_closes_at_once_is_not_mistaken_for_a_refusal() {
    let server = Server::start(|_| {});
    assert!(matches!(run(subscribe(&server)), Err(ConnectError::Closed { .. })));
}

#[test]
fn a_silent_server_is_given_up() {
    let server = Server::start(|client| client.stay_silent());
    let limits = Limits { connect: LONG, answer: Duration::from_millis(50) };
    let error = run(Subscriber::connect(&server.address, SCANOUT, limits)).unwrap_err();
    assert_eq!(error.to_string(), "the server did not answer SUBSCRIBE 3 within 50ms");
}

#[test]
fn nobody_listening_is_a_refused_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let address = Address::Tcp { host: "127.0.0.1".to_owned(), port };
    let error = run(Subscriber::connect(&address, SCANOUT, Limits::default())).unwrap_err();
    assert!(
        matches!(&error, ConnectError::Connect { source, .. } if source.kind() == std::io::ErrorKind::ConnectionRefused)
    );
    assert_eq!(error.hint(), Some("is frame-export running, and does it listen on that address?"));
}

#[test]
fn a_missing_socket_is_named() {
    let address = Address::Unix("/nonexistent/hxfr.sock".into());
    let error = run(Subscriber::connect(&address, SCANOUT, Limits::default())).unwrap_err();
    assert_eq!(error.to_string(), "cannot connect to unix:/nonexistent/hxfr.sock");
    assert!(error.hint().is_some_and(|hint| hint.contains("no such socket")));
}

#[test]
fn a_connection_that_closes_inside_a_message_is_cut_short() {
    assert!(matches!(end_after(header(0x02, 100)), Err(StreamError::CutShort)));
    assert!(matches!(end_after(b"HXF".to_vec()), Err(StreamError::CutShort)));
    assert!(end_after(Vec::new()).is_ok());
}

#[test]
fn bogus_sizes_and_other_protocols_end_the_stream_at_once() {
    let fatal = |bytes| match end_after(bytes) {
        Err(StreamError::Framing(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(fatal(header(0x02, u32::MAX)), FrameError::Oversize { size: u32::MAX, .. }));
    assert!(matches!(fatal(header(0x77, u32::MAX)), FrameError::Oversize { .. }));
    assert!(matches!(fatal(b"HTTP/1.1 400 Bad Request".to_vec()), FrameError::Magic(_)));
}
