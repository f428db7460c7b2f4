//! A drawn desktop behind the real router, and a client that speaks HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::{Extension, Router};
use desktop_bridge::agent::{self, AgentHost, App, Caller, Clip, ClipKind, HostError, Window, WindowAction, Workspace};
use desktop_bridge::exec::{self, Executor, Policy};
use desktop_bridge::files::{self, Folder};
use desktop_bridge::mcp;
use desktop_bridge::worktrees::{self, Worktrees};
use lunette_auth::{Grants, Identity};
use lunette_encode::{Choice, Encoder, EncoderConfig, Job, Keyframe, open};
use lunette_frame::{AccessUnit, BitRate, Damage, FrameRate, Picture, PixelFormat, Pts, Quality, Rect, Size};
use lunette_input_events::Event;
use lunette_snapshot::{Cursor, Feed, Next, Snapshots};
use lunette_worktree::{Git, Trees};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub(crate) const SIZE: Size = Size::new(320, 192);
pub(crate) const SPOT: Rect = Rect::new(64, 64, 16, 16);

type Unit = (u64, AccessUnit);

struct ChannelFeed(mpsc::UnboundedReceiver<Unit>);

impl Feed for ChannelFeed {
    fn next(&mut self) -> Next<'_> {
        Box::pin(async { self.0.recv().await.ok_or_else(|| "the test is over".to_owned()) })
    }
}

/// A grey screen that is drawn on.
pub(crate) struct Screen {
    encoder: Box<dyn Encoder>,
    picture: Picture,
    frame: u64,
    units: mpsc::UnboundedSender<Unit>,
}

impl Screen {
    fn new(units: mpsc::UnboundedSender<Unit>) -> Self {
        let config = EncoderConfig {
            size: SIZE,
            fps: FrameRate::new(30, 1).expect("valid"),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(50_000_000),
            threads: 1,
        };
        let encoder = open(&"openh264".parse::<Choice>().expect("known"), &config).expect("linked in");
        let mut picture = Picture::new(PixelFormat::I420, SIZE).expect("a size");
        for (index, (plane, _)) in picture.planes_mut().into_iter().enumerate() {
            plane.fill(if index == 0 { 180 } else { 128 });
        }
        let mut screen = Self { encoder, picture, frame: 0, units };
        screen.show();
        screen
    }

    /// Paints a square and shows it; the number of the picture that has it.
    pub(crate) fn paint(&mut self, rect: Rect, luma: u8) -> u64 {
        let stride = self.picture.stride(0);
        let plane = self.picture.plane_mut(0);
        for y in rect.y..rect.bottom() {
            plane[y as usize * stride + rect.x as usize..][..rect.width as usize].fill(luma);
        }
        self.show()
    }

    fn show(&mut self) -> u64 {
        self.frame += 1;
        let damage = Damage::full(SIZE);
        let pts = Pts::from_nanos(self.frame * 33_000_000);
        let job = Job { picture: self.picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let unit = self.encoder.encode(&job).expect("encodes").expect("damage gives a unit");
        self.units.send((self.frame, unit)).expect("looked at");
        self.frame
    }
}

/// What the bridge is to programs, without a desktop.
pub(crate) struct Fake {
    snapshots: Snapshots,
    executor: Executor,
    folder: Folder,
    worktrees: Worktrees,
    /// What arrived.
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) clip: Mutex<Option<Clip>>,
    pub(crate) actions: Mutex<Vec<String>>,
    /// Who holds the input, if not the caller.
    pub(crate) holder: Mutex<Option<String>>,
}

impl Fake {
    fn did(&self, what: String) -> Result<(), HostError> {
        self.actions.lock().expect("alive").push(what);
        Ok(())
    }
}

impl AgentHost for Fake {
    fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    fn cursor(&self) -> Option<Cursor> {
        let size = Size::new(4, 4);
        Some(Cursor { x: 100, y: 50, hot_x: 0, hot_y: 0, size, rgba: [255, 0, 0, 255].repeat(16).into() })
    }

    async fn input(&self, _caller: &Caller, events: Vec<Event>) -> Result<(), HostError> {
        if let Some(holder) = &*self.holder.lock().expect("alive") {
            return Err(HostError::Refused(format!("{holder} is using this desktop")));
        }
        self.events.lock().expect("alive").extend(events);
        Ok(())
    }

    async fn clipboard(&self, kind: ClipKind) -> Result<Option<Clip>, HostError> {
        let clip = self.clip.lock().expect("alive").clone();
        Ok(clip.filter(|clip| {
            matches!(
                (kind, clip),
                (ClipKind::Text, Clip::Text(_)) | (ClipKind::Html, Clip::Html(_)) | (ClipKind::Image, Clip::Image(_))
            )
        }))
    }

    async fn set_clipboard(&self, clip: Clip) -> Result<(), HostError> {
        *self.clip.lock().expect("alive") = Some(clip);
        Ok(())
    }

    async fn windows(&self) -> Result<Vec<Window>, HostError> {
        let (id, title, app_id) = ("7".to_owned(), "Notes".to_owned(), "org.example.Notes".to_owned());
        Ok(vec![Window { id, title, app_id, focused: true }])
    }

    async fn window(&self, id: &str, action: WindowAction) -> Result<(), HostError> {
        if id != "7" {
            return Err(HostError::NotFound(format!("there is no window {id:?}; list_windows tells which there are")));
        }
        self.did(format!("{action:?} {id}"))
    }

    async fn workspaces(&self) -> Result<Vec<Workspace>, HostError> {
        Err(HostError::Unsupported("this compositor has no workspaces".to_owned()))
    }

    async fn switch_workspace(&self, id: &str) -> Result<(), HostError> {
        self.did(format!("switch {id}"))
    }

    async fn apps(&self) -> Result<Vec<App>, HostError> {
        Ok(Vec::new())
    }

    async fn launch(&self, id: &str) -> Result<(), HostError> {
        self.did(format!("launch {id}"))
    }

    fn executor(&self) -> &Executor {
        &self.executor
    }

    fn folder(&self) -> Option<&Folder> {
        Some(&self.folder)
    }

    fn worktrees(&self) -> Option<&Worktrees> {
        Some(&self.worktrees)
    }
}

/// A server with one desktop, and who asks has one identity.
pub(crate) struct Server {
    address: SocketAddr,
    pub(crate) host: Arc<Fake>,
    pub(crate) screen: Screen,
    pub(crate) outer: tempfile::TempDir,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

const POLICY: &str = r#"
    [[allow]]
    program = "/bin/sh"
    arguments = "any"
    environment = ["GREETING"]
    folder = "/tmp"
    [[allow]]
    program = "/bin/ls"
    arguments = ["-a"]
"#;

pub(crate) async fn serve(scope: &str) -> Server {
    let (units, receiver) = mpsc::unbounded_channel();
    let feed = Mutex::new(Some(ChannelFeed(receiver)));
    let snapshots = Snapshots::new(move || {
        let feed = feed.lock().expect("alive").take().ok_or("there is one stream only")?;
        Ok(Box::new(feed) as Box<dyn Feed>)
    });
    serve_with(scope, snapshots, Screen::new(units)).await
}

/// One whose pictures cannot be had.
pub(crate) async fn serve_blind(scope: &str) -> Server {
    let (units, receiver) = mpsc::unbounded_channel();
    let snapshots = Snapshots::new(move || {
        // Kept, so that what is shown goes somewhere.
        let _ = &receiver;
        Err("frame-export is being started".to_owned())
    });
    serve_with(scope, snapshots, Screen::new(units)).await
}

async fn serve_with(scope: &str, snapshots: Snapshots, screen: Screen) -> Server {
    let outer = tempfile::tempdir().expect("a folder");
    let host = Arc::new(Fake {
        snapshots,
        executor: Executor::new(Policy::parse(POLICY).expect("a policy")),
        folder: Folder::open(&outer.path().join("files")).expect("opens"),
        worktrees: Worktrees::new(trees(outer.path())),
        events: Mutex::default(),
        clip: Mutex::default(),
        actions: Mutex::default(),
        holder: Mutex::default(),
    });
    let (address, serving) = start(&host, identity(scope)).await;
    Server { address, host, screen, outer, serving }
}

/// The trees in a folder beside a home of its own.
fn trees(outer: &Path) -> Trees {
    let home = [("HOME".into(), outer.join("home").into()), ("GIT_CONFIG_NOSYSTEM".into(), "1".into())];
    Trees::new(outer.join("work"), Some("app".to_owned()), Git::new(home, lunette_worktree::Limits::default()))
}

async fn start(host: &Arc<Fake>, identity: Option<Identity>) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let routes =
        agent::routes().merge(exec::routes()).merge(files::routes()).merge(mcp::routes()).merge(worktrees::routes());
    let router: Router = routes.with_state(Arc::clone(host));
    let router = match identity {
        Some(identity) => router.layer(Extension(identity)),
        None => router,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
    (address, serving)
}

/// Nobody, when there is no such scope.
fn identity(scope: &str) -> Option<Identity> {
    let token = "A".repeat(43);
    let grants = Grants::parse(format!("{scope} {token} tester\n").as_bytes()).ok()?;
    Some(grants.judge(Some(&token)).expect("granted"))
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// What was wrong; every refusal says so in JSON.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().expect("an error").to_owned()
    }
}

impl Server {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes()).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut socket = TcpStream::connect(self.address).await.expect("listens");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", body.len());
        socket.write_all(head.as_bytes()).await.expect("takes it");
        // A server that refuses early need not read it all.
        _ = socket.write_all(body).await;
        let mut answer = Vec::new();
        _ = socket.read_to_end(&mut answer).await;
        parse(&answer)
    }

    /// Until the picture with this number is the newest one.
    pub(crate) async fn seen(&self, frame: u64) {
        while self.host.snapshots.newest().is_none_or(|newest| newest < frame) {
            self.get("/wait?stable_ms=0").await;
        }
    }
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers = lines.filter_map(pair).collect();
    Answer { status: status.expect("a status"), headers, body: answer[end + 4..].to_vec() }
}
