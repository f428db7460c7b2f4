//! Against a peer that says what a test wants.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lunette_qmp::{Event, Events, Notice, Qmp, QmpError};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(5);
const GREETING: &str =
    r#"{"QMP":{"version":{"qemu":{"micro":2,"minor":0,"major":10},"package":"x"},"capabilities":[]}}"#;

struct Fake {
    _dir: tempfile::TempDir,
    path: PathBuf,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Serves one client with what `script` does after the negotiation.
    fn serve(script: impl FnOnce(Peer) + Send + 'static) -> Self {
        Self::raw(move |stream| {
            let mut peer = Peer::new(stream);
            peer.say(GREETING);
            let hello = peer.hear().expect("a command");
            assert_eq!(hello["execute"], "qmp_capabilities");
            peer.reply(&hello, &json!({}));
            script(peer);
        })
    }

    fn raw(script: impl FnOnce(UnixStream) + Send + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("qmp");
        let listener = UnixListener::bind(&path).unwrap();
        let thread = std::thread::spawn(move || script(listener.accept().unwrap().0));
        Self { _dir: dir, path, thread: Some(thread) }
    }

    fn connect(&self) -> (Qmp, Events) {
        Qmp::connect(&self.path, SOON).unwrap()
    }

    fn join(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

struct Peer {
    lines: BufReader<UnixStream>,
}

impl Peer {
    fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self { lines: BufReader::new(stream) }
    }

    fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).unwrap();
        (read > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    fn reply(&mut self, to: &Value, value: &Value) {
        let reply = json!({ "return": value, "id": to["id"] });
        self.say(&reply.to_string());
    }
}

#[test]
fn replies_that_come_in_the_wrong_order_reach_their_commands() {
    let fake = Fake::serve(|mut peer| {
        let (first, second) = (peer.hear().unwrap(), peer.hear().unwrap());
        peer.reply(&second, &second["execute"]);
        peer.reply(&first, &first["execute"]);
    });
    let (qmp, _events) = fake.connect();
    std::thread::scope(|scope| {
        let a = scope.spawn(|| qmp.execute("a", ()).unwrap());
        let b = scope.spawn(|| qmp.execute("b", json!({ "with": 1 })).unwrap());
        assert_eq!((a.join().unwrap(), b.join().unwrap()), (json!("a"), json!("b")));
    });
    fake.join();
}

#[test]
fn no_arguments_means_no_key() {
    let fake = Fake::serve(|mut peer| {
        let command = peer.hear().unwrap();
        let has = command.get("arguments").is_some();
        peer.reply(&command, &json!(has));
    });
    assert_eq!(fake.connect().0.execute("stop", ()).unwrap(), json!(false));
    fake.join();
}

#[test]
fn a_refusal_tells_class_and_words() {
    let fake = Fake::serve(|mut peer| {
        let command = peer.hear().unwrap();
        let refusal = json!({ "id": command["id"], "error": { "class": "DeviceNotFound", "desc": "no gpu9" } });
        peer.say(&refusal.to_string());
    });
    let error = fake.connect().0.execute("device_del", json!({ "id": "gpu9" })).unwrap_err();
    assert_eq!(error.to_string(), "QEMU refuses device_del: no gpu9 (DeviceNotFound)");
    fake.join();
}

#[test]
fn events_come_between_a_command_and_its_reply() {
    let fake = Fake::serve(|mut peer| {
        let command = peer.hear().unwrap();
        peer.say(r#"{"timestamp":{"seconds":1,"microseconds":2},"event":"RESET","data":{"guest":true}}"#);
        peer.reply(&command, &json!({}));
    });
    let (qmp, events) = fake.connect();
    qmp.execute("system_reset", ()).unwrap();
    let Some(Notice::Event(Event { name, data, timestamp })) = events.next(SOON) else { panic!("no event") };
    assert_eq!((name.as_str(), data), ("RESET", json!({ "guest": true })));
    assert_eq!(timestamp, Some(Duration::from_micros(1_000_002)));
    fake.join();
}

#[test]
fn silence_after_a_command_is_a_time_out_and_the_late_reply_harms_nobody() {
    let (told, wait) = std::sync::mpsc::channel();
    let fake = Fake::serve(move |mut peer| {
        let late = peer.hear().unwrap();
        wait.recv().unwrap();
        peer.reply(&late, &json!("late"));
        let next = peer.hear().unwrap();
        peer.reply(&next, &json!("next"));
    });
    let (qmp, _events) = fake.connect();
    let error = qmp.execute_within("stop", (), Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, QmpError::TimedOut { .. }), "{error}");
    told.send(()).unwrap();
    assert_eq!(qmp.execute("cont", ()).unwrap(), json!("next"));
    fake.join();
}

#[test]
fn a_peer_that_hangs_up_ends_commands_and_events() {
    let fake = Fake::serve(|mut peer| drop(peer.hear()));
    let (qmp, events) = fake.connect();
    assert!(matches!(qmp.execute("quit", ()).unwrap_err(), QmpError::Closed { .. }));
    assert_eq!(events.next(SOON), Some(Notice::Closed("QEMU hung up".to_owned())));
    assert!(matches!(qmp.execute("quit", ()).unwrap_err(), QmpError::Closed { .. }));
    fake.join();
}

#[test]
fn a_line_without_an_end_ends_the_connection() {
    let fake = Fake::serve(|mut peer| {
        let chunk = vec![b'x'; 64 * 1024];
        while peer.lines.get_mut().write_all(&chunk).is_ok() {}
    });
    let (_qmp, events) = fake.connect();
    assert_eq!(events.next(SOON), Some(Notice::Closed("QEMU sent a line that is too long".to_owned())));
    fake.join();
}

#[test]
fn lines_that_are_no_qmp_are_passed_over() {
    let fake = Fake::serve(|mut peer| {
        let command = peer.hear().unwrap();
        peer.say("{not json");
        peer.say(r#"{"return": 1, "id": "somebody else's"}"#);
        peer.reply(&command, &json!(7));
    });
    assert_eq!(fake.connect().0.execute("x", ()).unwrap(), json!(7));
    fake.join();
}

#[test]
fn dropping_the_connection_hangs_up_and_ends_the_events() {
    let fake = Fake::serve(|mut peer| assert_eq!(peer.hear(), None));
    let (qmp, events) = fake.connect();
    drop(qmp);
    assert!(matches!(events.next(SOON), Some(Notice::Closed(_))));
    fake.join();
}

#[test]
fn a_silent_peer_and_one_that_drips_are_given_up() {
    let limit = Duration::from_millis(100);
    let fake = Fake::raw(|mut stream| while stream.write_all(b" ").is_ok() {});
    let start = Instant::now();
    let error = Qmp::connect(&fake.path, limit).unwrap_err();
    assert!(matches!(error, QmpError::Silent { .. } | QmpError::Handshake { .. }), "{error}");
    assert!(start.elapsed() < SOON);
    fake.join();

    let (told, wait) = std::sync::mpsc::channel::<()>();
    let fake = Fake::raw(move |_stream| assert!(wait.recv().is_err()));
    assert!(matches!(Qmp::connect(&fake.path, limit), Err(QmpError::Silent { .. })));
    drop(told);
    fake.join();
}

#[test]
fn a_peer_that_is_no_qemu_is_refused() {
    let fake = Fake::raw(|mut stream| stream.write_all(b"SSH-2.0-x\r\n").unwrap());
    assert!(matches!(Qmp::connect(&fake.path, SOON), Err(QmpError::Handshake { .. })));
    fake.join();
}

#[test]
fn a_socket_that_appears_later_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("qmp");
    let from = path.clone();
    let client = std::thread::spawn(move || Qmp::connect(&from, SOON).map(|(qmp, _)| qmp.version().to_string()));
    let listener = UnixListener::bind(&path).unwrap();
    let mut peer = Peer::new(listener.accept().unwrap().0);
    peer.say(GREETING);
    let hello = peer.hear().unwrap();
    peer.reply(&hello, &json!({}));
    assert_eq!(client.join().unwrap().unwrap(), "10.0.2");
}

#[test]
fn a_socket_that_never_appears_is_an_error_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let error = Qmp::connect(&dir.path().join("qmp"), Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, QmpError::Connect { .. }), "{error}");
}

#[test]
fn a_descriptor_travels_with_its_command() {
    let fake = Fake::serve(|mut peer| {
        let fd = receive(peer.lines.get_mut());
        UnixStream::from(fd).write_all(b"through").unwrap();
        peer.say(r#"{"return":{},"id":1}"#);
    });
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (qmp, _events) = fake.connect();
    qmp.pass_fd("bus", theirs.as_fd()).unwrap();
    drop(theirs);
    assert_eq!(std::io::read_to_string(ours).unwrap(), "through");
    fake.join();
}

fn receive(stream: &UnixStream) -> OwnedFd {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; 512];
    recvmsg(stream, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::empty()).unwrap();
    let message = ancillary.drain().next();
    let Some(RecvAncillaryMessage::ScmRights(mut fds)) = message else { panic!("no descriptor") };
    fds.next().unwrap()
}
