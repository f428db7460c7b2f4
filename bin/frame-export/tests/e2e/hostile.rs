//! Peers that send what they should not, while somebody else watches.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::Size;
use lunette_wire::hxfr::{ErrorCode, Fourcc, FrameRequest, Header, Message, SessionId};

use crate::support::{Arrival, Client, Dice, Eye, Reader, SOON, Server, eventually, raw};

const UNKNOWN: u8 = 0x7E;

/// Somebody who watches scanout 0 all the time.
struct Victim(Reader);

impl Victim {
    fn watch(server: &Server) -> Self {
        let mut client = Client::subscribed(server, 0);
        let first = client.frames(10);
        Self(Reader::start(client, first))
    }

    /// Nothing that happened since has reached it.
    fn undisturbed(self) {
        let frames = self.0.stop();
        let gap = frames.windows(2).map(|pair| pair[1].at - pair[0].at).max().expect("many frames");
        assert!(gap < Duration::from_millis(500), "{gap:?} without a picture");
        let seen = Eye::new(0).look_at_all(&frames);
        assert_eq!(seen.iter().filter(|seen| seen.idr).count(), 1);
    }
}

fn header(msg_type: u8, flags: u8, payload_size: u32) -> [u8; 12] {
    Header { msg_type, flags, session: SessionId::new(3), payload_size }.encode()
}

#[test]
fn bad_magic_ends_the_connection_and_nothing_else() {
    let server = Server::small("typing", "60");
    let victim = Victim::watch(&server);
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"HXFRHXFRHXFRHXFR", &[0; 12], &[0xFF; 4096]] {
        let mut client = Client::connect(&server);
        client.send_bytes(bytes);
        assert_eq!(client.closed(), []);
    }
    assert_eq!(server.metrics().sum("bad_streams_total", &[]), 4.0);
    victim.undisturbed();
}

#[test]
fn bad_magic_after_good_messages_ends_the_connection() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    client.answers();
    client.send_bytes(b"XXXXXXXXXXXX");
    assert_eq!(client.closed(), []);
    let mut subscriber = Client::subscribed(&server, 0);
    subscriber.frame();
    subscriber.send_bytes(b"XXXXXXXXXXXX");
    subscriber.closed();
    eventually("the pipeline stops", || server.metrics().sum("pipelines", &[]) == 0.0);
}

#[test]
fn a_size_beyond_the_limit_ends_the_connection() {
    let server = Server::small("typing", "60");
    for bytes in [header(1, 1, (64 << 20) + 1), header(1, 0, (16 << 20) + 1), header(UNKNOWN, 0, u32::MAX)] {
        let mut client = Client::connect(&server);
        client.send_bytes(&bytes);
        assert_eq!(client.closed(), [], "{bytes:02x?}");
    }
    assert_eq!(server.metrics().sum("bad_streams_total", &[]), 3.0);
}

#[test]
fn an_unknown_message_is_skipped_and_named_invalid() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    for size in [0, 1, 100_000] {
        client.send_bytes(&raw(UNKNOWN, 3, &vec![0x48; size]));
        assert_eq!(client.error(), (SessionId::new(3), ErrorCode::InvalidMessage));
    }
    assert!(client.subscribe(0));
    assert!(client.frame().is_idr());
    assert_eq!(server.metrics().sum("bad_messages_total", &[]), 3.0);
}

#[test]
fn a_message_of_the_wrong_size_is_skipped_and_named_invalid() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    for (msg_type, size) in [(0x30, 3), (0x30, 5), (0x04, 27), (0x20, 17), (0x21, 0), (0x10, 1), (0x01, 43)] {
        client.send_bytes(&raw(msg_type, 3, &vec![0; size]));
        assert_eq!(client.error(), (SessionId::new(3), ErrorCode::InvalidMessage), "type {msg_type:#x}");
    }
    client.answers();
}

#[test]
fn a_message_that_only_hosts_send_is_invalid() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    for (msg_type, size) in [(0x02, 24), (0x22, 72), (0x31, 8), (0xFF, 260)] {
        client.send_bytes(&raw(msg_type, 3, &vec![0; size]));
        assert_eq!(client.error(), (SessionId::new(3), ErrorCode::InvalidMessage), "type {msg_type:#x}");
    }
    client.answers();
}

#[test]
fn a_subscriber_that_asks_for_something_else_is_told_so_and_closed() {
    let server = Server::small("typing", "60");
    let victim = Victim::watch(&server);
    for (msg_type, size) in [(0x30, 4), (0x01, 44), (0x20, 16), (0x21, 4)] {
        let mut client = Client::subscribed(&server, 0);
        client.frame();
        client.send_bytes(&raw(msg_type, 3, &vec![0; size]));
        let mut last = client.closed();
        let Some(Message::Error(error)) = last.pop() else { panic!("type {msg_type:#x}: no ERROR comes last") };
        assert_eq!(error.code, ErrorCode::InvalidMessage, "type {msg_type:#x}");
        assert!(last.iter().all(|message| matches!(message, Message::FrameResponse(_))));
    }
    victim.undisturbed();
}

#[test]
fn a_subscriber_may_ping_and_nobody_answers_a_pong() {
    let server = Server::small("still", "60");
    let mut client = Client::subscribed(&server, 0);
    client.frame();
    client.send(&Message::Pong);
    client.answers();
    let mut client = Client::connect(&server);
    client.send(&Message::Pong);
    client.answers();
}

#[test]
fn an_unknown_message_of_a_subscriber_is_ignored() {
    let server = Server::small("typing", "60");
    let mut client = Client::subscribed(&server, 0);
    for size in [0, 7, 50_000] {
        client.send_bytes(&raw(UNKNOWN, 0, &vec![1; size]));
        client.frames(10);
    }
    eventually("they are counted", || server.metrics().sum("bad_messages_total", &[]) == 3.0);
}

#[test]
fn a_message_cut_short_by_its_sender_costs_nothing() {
    let server = Server::small("typing", "60");
    let victim = Victim::watch(&server);
    let whole = raw(0x04, 0, &[1; 28]);
    for end in 1..whole.len() {
        Client::connect(&server).send_bytes(&whole[..end]);
    }
    eventually("all have left", || server.metrics().sum("connections", &[]) == 1.0);
    victim.undisturbed();
}

#[test]
fn random_bytes_disturb_nobody() {
    let mut server = Server::small("typing", "60");
    let victim = Victim::watch(&server);
    let mut dice = Dice::new(1);
    for round in 0..300 {
        let length = 1 + dice.below(4096);
        let mut bytes = dice.bytes(length);
        // Half of them get past the magic, half of those past the length as well.
        if round % 2 == 0 {
            bytes.splice(..bytes.len().min(4), *b"HXFR");
        }
        if round % 4 == 0 && bytes.len() >= 12 {
            bytes[10..12].fill(0);
            bytes[4] = [0x01, 0x03, 0x04, 0x10, 0x20, 0x21, 0x30][dice.below(7)];
        }
        let mut stream = TcpStream::connect_timeout(&server.tcp(), SOON).unwrap();
        // The server may have closed after the first bytes.
        let _ = stream.write_all(&bytes);
    }
    eventually("all have left", || server.metrics().sum("connections", &[]) == 1.0);
    assert!(server.is_running());
    assert!(server.metrics().sum("bad_streams_total", &[]) >= 150.0);
    victim.undisturbed();
}

#[test]
fn mutated_messages_disturb_nobody() {
    let mut server = Server::small("typing", "60");
    let victim = Victim::watch(&server);
    let mut dice = Dice::new(2);
    for _ in 0..300 {
        // Scanout 0 is the victim's, so nothing switches scanouts here.
        let mut bytes =
            [raw(0x10, 1, &[]), raw(0x04, 1, &[1; 28]), raw(0x03, 1, &[]), raw(UNKNOWN, 1, &[2; 9])].concat();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.bytes(1)[0] & 0x1F;
        }
        let mut stream = TcpStream::connect_timeout(&server.tcp(), SOON).unwrap();
        let _ = stream.write_all(&bytes);
    }
    eventually("all have left", || server.metrics().sum("connections", &[]) == 1.0);
    assert!(server.is_running());
    victim.undisturbed();
}

#[test]
fn memory_grows_with_what_arrives_not_with_what_is_announced() {
    let server = Server::small("still", "60");
    let before = server.usage();
    let mut clients: Vec<_> = (0..50).map(|_| Client::connect(&server)).collect();
    for client in &mut clients {
        client.send_bytes(&header(1, 1, 64 << 20));
        client.send_bytes(&[0; 1000]);
    }
    eventually("all are there", || server.metrics().sum("connections", &[]) == 50.0);
    Client::connect(&server).answers();
    Client::subscribed(&server, 0).frame();
    let grown = server.usage().resident.saturating_sub(before.resident);
    println!("50 headers that announce 64 MiB each: {grown} bytes more in memory");
    assert!(grown < 16 << 20, "{grown} bytes more");
    drop(clients);
    eventually("all have left", || server.metrics().sum("connections", &[]) == 0.0);
}

#[test]
fn unfinished_pictures_keep_nobody_else_from_being_answered() {
    let server = Server::small("still", "60");
    let before = server.usage().resident;
    let mut unfinished: Vec<_> = (0..20).map(|_| Client::connect(&server)).collect();
    for client in &mut unfinished {
        client.send_bytes(&header(1, 1, 32 << 20));
        client.send_bytes(&vec![0; 400 << 10]);
    }
    eventually("much of it has arrived", || server.usage().resident > before + (4 << 20));
    let mut client = Client::connect(&server);
    client.send(&Message::FrameRequest(picture(Size::new(640, 360))));
    let answer = client.frame_within(Duration::from_secs(2));
    assert!(answer.is_some(), "no answer within 2 s beside 20 peers that do not finish");
}

fn picture(size: Size) -> FrameRequest {
    let stride = size.width * 4;
    FrameRequest {
        resource: None,
        size,
        format: Fourcc::Bgra,
        stride,
        pts: None,
        duration: None,
        force_keyframe: false,
        offers_tiles: false,
        changes: None,
        pixels: Some(Bytes::from(vec![128; stride as usize * size.height as usize])),
    }
}

#[test]
fn a_peer_that_reads_no_pongs_is_slowed_not_buffered() {
    let server = Server::small("typing", "60");
    let victim = Victim::watch(&server);
    let before = server.usage().resident;
    let mut deaf = TcpStream::connect_timeout(&server.tcp(), SOON).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let pings = raw(0x10, 1, &[]).repeat(5000);
    let bound = 2000;
    let sent = (0..bound).take_while(|_| deaf.write_all(&pings).is_ok()).count();
    assert!(sent < bound, "the server stops reading");
    let grown = server.usage().resident.saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more");
    victim.undisturbed();
}

#[test]
fn connections_beyond_the_limit_are_turned_away() {
    let server =
        Server::start(&["--pattern", "still", "--scanouts", "1", "--size", "320x180", "--max-connections", "3"]);
    let mut clients: Vec<_> = (0..3).map(|_| Client::connect(&server)).collect();
    clients.iter_mut().for_each(Client::answers);
    assert_eq!(Client::connect(&server).closed(), []);
    assert_eq!(server.metrics().sum("connections_turned_away_total", &[]), 1.0);
    clients.pop();
    eventually("a place is free", || server.metrics().sum("connections", &[]) == 2.0);
    eventually("somebody gets it", || {
        let mut client = Client::connect(&server);
        let sent = client.try_send(&raw(0x10, 77, &[]));
        sent.is_ok() && matches!(client.receive(SOON), Arrival::Message(..))
    });
}
