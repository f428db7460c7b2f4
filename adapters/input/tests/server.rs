//! The input socket, with a list in the place of devices.

use std::time::Duration;

use lunette_frame::Size;
use lunette_input::{Frame, IDLE, MOST_CLIENTS, Sink, serve};
use lunette_sys_uinput::{Absolute, Event, Key, UinputError};
use lunette_uevent::InputKind;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const A_DOWN: &str = r#"{"type":"key","keycode":30,"state":1}"#;
const A_UP: &str = r#"{"type":"key","keycode":30,"state":0}"#;

struct List(mpsc::UnboundedSender<Frame>);

impl Sink for List {
    fn emit(&mut self, device: InputKind, events: &[Event]) -> Result<(), UinputError> {
        let gone = |_| UinputError::Text { what: "the list", text: String::new() };
        self.0.send(Frame { device, events: events.to_vec() }).map_err(gone)
    }
}

struct Desktop {
    folder: tempfile::TempDir,
    frames: mpsc::UnboundedReceiver<Frame>,
    size: watch::Sender<Size>,
    cancel: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), lunette_input::InputError>>,
}

impl Desktop {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("input.sock")).expect("a socket");
        let (sink, frames) = mpsc::unbounded_channel();
        let (size, sizes) = watch::channel(Size::new(1920, 1080));
        let (cancel, cancelled) = oneshot::channel();
        let server = tokio::spawn(serve(listener, List(sink), sizes, async { drop(cancelled.await) }));
        Self { folder, frames, size, cancel: Some(cancel), server }
    }

    async fn client(&self) -> Client {
        Client(BufReader::new(UnixStream::connect(self.folder.path().join("input.sock")).await.expect("a server")))
    }

    async fn frame(&mut self) -> Frame {
        timeout(PATIENCE, self.frames.recv()).await.expect("a frame in time").expect("a server")
    }
}

struct Client(BufReader<UnixStream>);

impl Client {
    async fn say(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).await.expect("a server that reads");
    }

    async fn answer(&mut self) -> String {
        let mut line = String::new();
        timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("an answer in time").expect("text");
        line.trim_end().to_owned()
    }

    /// A refused line is answered, and after all that was said before it.
    async fn is_heard(&mut self) {
        self.say(r#"{"type":"?"}"#).await;
        assert_eq!(self.answer().await, r#"{"error":"no type \"?\""}"#);
    }
}

fn key(down: bool) -> Frame {
    Frame { device: InputKind::Keyboard, events: vec![Event::Key(Key(30), down)] }
}

#[tokio::test]
async fn lines_become_frames_in_their_order() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    client.say(&format!("{A_DOWN}\n{A_UP}")).await;
    assert_eq!(desktop.frame().await, key(true));
    assert_eq!(desktop.frame().await, key(false));
}

#[tokio::test]
async fn a_key_of_a_client_that_died_goes_up() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    client.say(A_DOWN).await;
    assert_eq!(desktop.frame().await, key(true));
    drop(client);
    assert_eq!(desktop.frame().await, key(false));
}

#[tokio::test]
async fn a_key_that_another_holds_stays_down_when_one_dies() {
    let mut desktop = Desktop::start();
    let (mut ann, mut ben) = (desktop.client().await, desktop.client().await);
    ann.say(A_DOWN).await;
    assert_eq!(desktop.frame().await, key(true));
    ben.say(A_DOWN).await;
    ben.is_heard().await;
    drop(ann);
    ben.say(r#"{"type":"button","button":272,"state":true}"#).await;
    let pressed = Frame { device: InputKind::Pointer, events: vec![Event::Key(Key::LEFT, true)] };
    assert_eq!(desktop.frame().await, pressed);
    ben.say(A_UP).await;
    assert_eq!(desktop.frame().await, key(false));
}

#[tokio::test]
async fn a_bad_line_is_answered_and_does_nothing() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    client.say("{").await;
    assert!(client.answer().await.starts_with(r#"{"error":"not understood: "#));
    client.is_heard().await;
    client.say(A_DOWN).await;
    assert_eq!(desktop.frame().await, key(true));
}

#[tokio::test]
async fn a_line_without_end_ends_the_client_alone() {
    let mut desktop = Desktop::start();
    let (mut bad, mut good) = (desktop.client().await, desktop.client().await);
    bad.say(A_DOWN).await;
    assert_eq!(desktop.frame().await, key(true));
    bad.0.write_all(&[b' '; 2000]).await.unwrap();
    assert_eq!(bad.answer().await, r#"{"error":"a line of more than 1024 bytes"}"#);
    let mut rest = Vec::new();
    let ended = timeout(PATIENCE, bad.0.read_to_end(&mut rest)).await.expect("an end in time");
    // The kernel says so too when the peer has not read all.
    assert!(ended.is_ok_and(|length| length == 0) || rest.is_empty());
    assert_eq!(desktop.frame().await, key(false));
    good.say(A_DOWN).await;
    assert_eq!(desktop.frame().await, key(true));
}

#[tokio::test]
async fn positions_follow_the_size_of_the_screen() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    let mut place = async |desktop: &mut Desktop| {
        client.say(r#"{"type":"mouse_move_abs","x":480,"y":270}"#).await;
        desktop.frame().await.events
    };
    let quarter = [Event::Absolute(Absolute::X, 16_384), Event::Absolute(Absolute::Y, 16_384)];
    assert_eq!(place(&mut desktop).await, quarter);
    desktop.size.send(Size::new(960, 540)).unwrap();
    let half = [Event::Absolute(Absolute::X, 32_768), Event::Absolute(Absolute::Y, 32_768)];
    // The size is told beside the lines, so that a line or two may still be of the old one.
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last: &Vec<Event>| *last != half) && seen.len() < 1000 {
        seen.push(place(&mut desktop).await);
    }
    assert_eq!(seen.pop().unwrap(), half);
}

#[tokio::test]
async fn what_is_held_goes_up_when_the_server_is_cancelled() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    client.say(A_DOWN).await;
    assert_eq!(desktop.frame().await, key(true));
    desktop.cancel.take().unwrap().send(()).unwrap();
    assert_eq!(desktop.frame().await, key(false));
    timeout(PATIENCE, desktop.server).await.expect("an end in time").unwrap().unwrap();
    assert_eq!(client.answer().await, "");
}

#[tokio::test]
async fn a_broken_device_ends_the_server_and_tells_the_client() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    desktop.frames.close();
    client.say(A_DOWN).await;
    let ended = timeout(PATIENCE, desktop.server).await.expect("an end in time").unwrap();
    assert!(ended.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_for_long_lets_go() {
    let mut desktop = Desktop::start();
    let mut client = desktop.client().await;
    client.say(A_DOWN).await;
    let start = tokio::time::Instant::now();
    assert_eq!(desktop.frames.recv().await, Some(key(true)));
    assert_eq!(desktop.frames.recv().await, Some(key(false)));
    assert!(start.elapsed() >= IDLE);
    client.say(A_DOWN).await;
    assert_eq!(desktop.frames.recv().await, Some(key(true)));
}

#[tokio::test]
async fn further_clients_wait_until_one_leaves() {
    let mut desktop = Desktop::start();
    let mut clients = Vec::new();
    for _ in 0..MOST_CLIENTS {
        let mut client = desktop.client().await;
        client.is_heard().await;
        clients.push(client);
    }
    let mut late = desktop.client().await;
    late.say(A_DOWN).await;
    clients[0].is_heard().await;
    assert!(desktop.frames.try_recv().is_err());
    drop(clients.pop());
    assert_eq!(desktop.frame().await, key(true));
}
