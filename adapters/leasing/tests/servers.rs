//! The client's side of the lease protocol against servers that do whatever they like.

use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use lunette_frame::{ScanoutId, Size};
use lunette_leasing::{Held, LeaseError, Terms, take};
use lunette_wire::Token;
use lunette_wire::lease::{LeaseOptions, LongReply, Reply, Request};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

const SIZE: Size = Size::new(1280, 720);
const TOKEN: Token = Token::new([0x5a; 32]);

/// A socket in a directory of its own. A server that fails its assertion closes the connection, which the client sees.
struct Server {
    directory: tempfile::TempDir,
}

impl Server {
    /// Runs each of `serve` with one connection.
    fn start<const N: usize>(serve: [fn(&mut UnixStream); N]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("drm.sock")).expect("a socket");
        thread::spawn(move || {
            for serve in serve {
                serve(&mut listener.accept().expect("a connection").0);
            }
        });
        Self { directory }
    }

    fn take(&self, limit: Duration) -> Result<Held, LeaseError> {
        let (cancel, _never) = std::io::pipe().expect("a pipe");
        let terms = Terms { size: SIZE, light_crtc: true, limit };
        take(&self.directory.path().join("drm.sock"), &terms, &cancel)
    }
}

fn long() -> Duration {
    Duration::from_secs(20)
}

fn granted() -> LongReply {
    let reply = Reply::Granted { scanout: ScanoutId::new(3), connector: "Virtual-4".into() };
    LongReply { reply, token: Some(TOKEN) }
}

fn request(connection: &mut UnixStream) -> Request {
    let mut bytes = [0; Request::LEN_WITH_OPTIONS];
    connection.read_exact(&mut bytes[..1]).expect("a command");
    let length = Request::len_of(bytes[0]);
    connection.read_exact(&mut bytes[1..length]).expect("its arguments");
    Request::decode(&bytes[..length]).expect("a request")
}

fn send(connection: &UnixStream, bytes: &[u8], descriptors: usize) {
    let null = File::open("/dev/null").expect("every system has one");
    let descriptors = vec![null.as_fd(); descriptors];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
    sendmsg(connection, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty()).expect("a client");
}

#[test]
fn a_lease_comes_with_its_token() {
    let server = Server::start([|connection| {
        assert_eq!(request(connection), Request::lease_with(SIZE, LeaseOptions { light_crtc: true }));
        send(connection, &granted().encode(), 1);
    }]);
    let held = server.take(long()).unwrap();
    assert_eq!((held.scanout, held.connector.as_str(), held.token), (ScanoutId::new(3), "Virtual-4", Some(TOKEN)));
}

#[test]
fn the_descriptor_is_closed_on_exec() {
    let server = Server::start([|connection| {
        request(connection);
        send(connection, &granted().encode(), 1);
    }]);
    let flags = rustix::io::fcntl_getfd(server.take(long()).unwrap().card).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn a_server_that_knows_no_options_is_asked_again_without() {
    let unknown = |connection: &mut UnixStream| {
        // An older server reads nine bytes and answers in the old length.
        connection.read_exact(&mut [0; Request::LEN]).unwrap();
        connection.write_all(&Reply::Refused { reason: "unknown command".into() }.encode()).unwrap();
    };
    let server = Server::start([unknown, |connection| {
        assert_eq!(request(connection), Request::lease(SIZE));
        send(connection, &granted().reply.encode(), 1);
    }]);
    let held = server.take(long()).unwrap();
    assert_eq!((held.scanout, held.token), (ScanoutId::new(3), None));
}

#[test]
fn a_reply_in_pieces_is_put_together() {
    let server = Server::start([|connection| {
        request(connection);
        let bytes = granted().encode();
        send(connection, &bytes[..40], 1);
        bytes[40..].chunks(7).for_each(|piece| connection.write_all(piece).unwrap());
    }]);
    assert_eq!(server.take(long()).unwrap().token, Some(TOKEN));
}

#[test]
fn a_refusal_says_why() {
    let server = Server::start([|connection| {
        request(connection);
        let reply = Reply::Refused { reason: "no scanouts available (all 15 in use)".into() };
        connection.write_all(&LongReply { reply, token: None }.encode()).unwrap();
    }]);
    let error = server.take(long()).unwrap_err();
    assert_eq!(error.to_string(), "the lease manager refuses: no scanouts available (all 15 in use)");
}

#[test]
fn a_refusal_that_brings_a_descriptor_is_a_refusal() {
    let server = Server::start([|connection| {
        request(connection);
        send(connection, &Reply::Refused { reason: "no".into() }.encode(), 1);
    }]);
    assert!(matches!(server.take(long()), Err(LeaseError::Refused(reason)) if reason == "no"));
}

#[test]
fn a_lease_without_a_descriptor_is_none() {
    let server = Server::start([|connection| {
        request(connection);
        connection.write_all(&granted().encode()).unwrap();
    }]);
    assert!(matches!(server.take(long()), Err(LeaseError::Descriptors(0))));
}

#[test]
fn a_lease_with_two_descriptors_is_none() {
    let server = Server::start([|connection| {
        request(connection);
        send(connection, &granted().encode(), 2);
    }]);
    assert!(matches!(server.take(long()), Err(LeaseError::Descriptors(2))));
}

#[test]
fn more_descriptors_than_there_is_room_for_are_noticed() {
    let server = Server::start([|connection| {
        request(connection);
        send(connection, &granted().encode(), 8);
    }]);
    assert!(matches!(server.take(long()), Err(LeaseError::Descriptors(_))));
}

#[test]
fn bytes_that_are_no_reply_are_refused() {
    let server = Server::start([|connection| {
        request(connection);
        connection.write_all(&[7; LongReply::LEN]).unwrap();
    }]);
    assert!(matches!(server.take(long()), Err(LeaseError::Reply(_))));
}

#[test]
fn a_server_that_leaves_is_noticed() {
    let server = Server::start([|connection| {
        request(connection);
        connection.write_all(&granted().encode()[..30]).unwrap();
    }]);
    assert!(matches!(server.take(long()), Err(LeaseError::Closed)));
}

#[test]
fn a_server_that_hangs_is_given_up() {
    let server = Server::start([|connection| {
        request(connection);
        // Until the client has left.
        let _ = connection.read(&mut [0]);
    }]);
    let limit = Duration::from_millis(50);
    assert!(matches!(server.take(limit), Err(LeaseError::Late(time)) if time == limit));
}

#[test]
fn whoever_stops_asking_does_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drm.sock");
    // Connections wait in its queue, and nobody ever accepts one.
    let _listener = UnixListener::bind(&path).unwrap();
    let (cancel, writer) = std::io::pipe().unwrap();
    drop(writer);
    let started = Instant::now();
    let outcome = take(&path, &Terms { size: SIZE, light_crtc: false, limit: long() }, &cancel);
    assert!(matches!(outcome, Err(LeaseError::Stopped)));
    assert!(started.elapsed() < long());
}

#[test]
fn a_missing_server_is_named() {
    let (cancel, _never) = std::io::pipe().unwrap();
    let terms = Terms { size: SIZE, light_crtc: false, limit: long() };
    let error = take("/nonexistent/drm.sock".as_ref(), &terms, &cancel).unwrap_err();
    assert_eq!(error.to_string(), "cannot connect to the lease manager at /nonexistent/drm.sock");
    assert!(error.may_pass());
}

#[test]
fn a_lease_that_was_ended_is_told_from_one_that_lives() {
    let server = Server::start([
        |connection: &mut UnixStream| {
            request(connection);
            send(connection, &granted().encode(), 1);
            // Until the client has left.
            let _ = connection.read(&mut [0]);
        },
        |connection| {
            request(connection);
            send(connection, &granted().encode(), 1);
        },
    ]);
    let lives = server.take(long()).unwrap();
    assert!(!lives.connection.has_ended().unwrap());
    drop(lives);
    let ended = server.take(long()).unwrap();
    let until = Instant::now() + long();
    assert_eq!(lunette_leasing::readable([ended.connection.as_fd()], until).unwrap(), [true]);
    assert!(ended.connection.has_ended().unwrap());
}
