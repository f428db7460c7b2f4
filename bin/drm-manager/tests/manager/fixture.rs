//! A manager that runs, with its fake card and host, and clients of it.

use std::fs::File;
use std::io::{IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use drm_manager::app::Keeping;
use drm_manager::config::{Allowed, Config};
use drm_manager::{app, status};
use lunette_frame::Size;
use lunette_lease::Timing;
use lunette_wire::Token;
use lunette_wire::lease::{LongReply, Reply, Request};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::card::{FakeCard, Plugs};
use crate::host::FakeHost;
use crate::store::Store;

/// No wait of these tests is longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const SECRET: Token = Token::new([0x5a; 32]);

pub(crate) struct Manager {
    pub(crate) host: FakeHost,
    pub(crate) card: FakeCard,
    pub(crate) socket: PathBuf,
    running: Option<Running>,
    config: Config,
    store: Store,
    _directory: tempfile::TempDir,
}

impl Manager {
    pub(crate) fn start() -> Self {
        Self::start_plugged(&[], |_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_plugged(&[], change)
    }

    /// With three outputs beside the console, of which these are connected before anybody asked.
    pub(crate) fn start_plugged(plugged: &[u16], change: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(Plugs::new(plugged, false), change)
    }

    pub(crate) fn start_on(plugs: Plugs, change: impl FnOnce(&mut Config)) -> Self {
        let host = FakeHost::start(plugs.clone());
        let card = FakeCard::new(3, plugs);
        let directory = tempfile::tempdir().expect("a directory");
        // Other users must reach the socket.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).expect("its owner");
        let socket = directory.path().join("drm.sock");
        let mut config = config(&socket, host.address.to_string());
        change(&mut config);
        let (running, store) = (None, Store::start());
        let mut manager = Self { host, card, socket, running, config, store, _directory: directory };
        manager.run();
        manager.until("it serves", |status| status["outputs"].is_array());
        manager
    }

    pub(crate) fn status(&self) -> Option<Value> {
        serde_json::from_str(&status::fetch(&status::path_beside(&self.socket)).ok()?).ok()
    }

    /// Asks for the status until it is as expected.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.status() {
                Some(status) if holds(&status) => return status,
                status => assert!(Instant::now() < end, "{what}: {status:?}"),
            }
        }
    }

    pub(crate) fn until_all_free(&self) {
        let free = |output: &Value| output["state"] == "free";
        self.until("all outputs are free", |status| {
            status["outputs"].as_array().is_some_and(|all| all.iter().all(free))
        });
    }

    pub(crate) fn counter(&self, name: &str) -> u64 {
        self.status().and_then(|status| status["counters"][name].as_u64()).expect("a counter")
    }

    pub(crate) fn connect(&self) -> Client {
        Client::of(UnixStream::connect(&self.socket).expect("it listens"))
    }

    /// A client that has got a lease.
    pub(crate) fn lease(&self) -> (Client, Granted) {
        let mut client = self.connect();
        client.send(&Request::lease_with(Size::new(1280, 720), lunette_wire::lease::LeaseOptions::default()).encode());
        let granted = client.granted();
        (client, granted)
    }

    fn run(&mut self) {
        let kept = Keeping { handed: self.store.hand_over(), service: self.store.service() };
        self.running = Some(Running::start(self.card.clone(), self.config.clone(), kept));
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        if let Some(Running { stop, thread, .. }) = self.running.take() {
            let _ = stop.send(());
            thread.join().expect("no panics").expect("a clean end");
        }
    }

    /// Ends it as SIGKILL would, which removes no sockets.
    pub(crate) fn kill(&mut self) {
        let saved = self.socket.with_extension("saved");
        std::fs::hard_link(&self.socket, &saved).expect("it serves");
        if let Some(Running { kill, thread, .. }) = self.running.take() {
            let _ = kill.send(());
            thread.join().expect("no panics").expect("it was killed");
        }
        std::fs::rename(&saved, &self.socket).expect("its directory is ours");
    }

    /// Starts it with what was kept, after a kill.
    pub(crate) fn start_again(&mut self) {
        self.run();
        self.until("it serves again", |status| status["host"]["connected"] == true);
    }

    /// What is kept for it.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

fn config(socket: &std::path::Path, host: String) -> Config {
    Config {
        socket: socket.to_owned(),
        devices: Vec::new(),
        host,
        secret: Some(SECRET),
        outputs: 15,
        console: false,
        max_clients: 64,
        allowed: Allowed::default(),
        timing: Timing::default(),
        request_within: Duration::from_secs(5),
    }
}

/// A manager on a thread of its own.
struct Running {
    stop: oneshot::Sender<()>,
    kill: oneshot::Sender<()>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    fn start(card: FakeCard, config: Config, kept: Keeping) -> Self {
        let ((stop, stopped), (kill, killed)) = (oneshot::channel::<()>(), oneshot::channel());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                tokio::select! {
                    served = app::serve(card, config, kept, async { drop(stopped.await) }) => served,
                    Ok(()) = killed => Ok(()),
                }
            })
        });
        Self { stop, kill, thread }
    }
}

pub(crate) struct Client {
    pub(crate) stream: UnixStream,
}

#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) scanout: u16,
    pub(crate) connector: String,
    pub(crate) token: Token,
    /// What the descriptor's file says.
    pub(crate) lease: String,
}

impl Client {
    pub(crate) fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self { stream }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // Whoever is refused may be closed before it has said everything.
        let _ = self.stream.write_all(bytes);
    }

    /// One `recvmsg`, with room for more than there should be.
    pub(crate) fn receive(&mut self) -> (Vec<u8>, Vec<File>) {
        let (mut bytes, mut space) = ([0; 256], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))]);
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let message =
            recvmsg(&self.stream, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags).expect("a reply");
        let rights = ancillary.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        });
        let fds = rights.flatten().map(File::from).collect();
        (bytes[..message.bytes].to_vec(), fds)
    }

    pub(crate) fn granted(&mut self) -> Granted {
        let (bytes, mut fds) = self.receive();
        assert_eq!((bytes.len(), fds.len()), (LongReply::LEN, 1), "one message, one descriptor");
        let reply = LongReply::decode(bytes.first_chunk().expect("101 bytes")).expect("a reply");
        let Reply::Granted { scanout, connector } = reply.reply else { panic!("{reply:?}") };
        let mut lease = String::new();
        fds[0].rewind().expect("a file");
        fds[0].read_to_string(&mut lease).expect("a file");
        Granted { scanout: scanout.get(), connector, token: reply.token.expect("a token"), lease }
    }

    /// The text of a refusal, after which the connection ends.
    pub(crate) fn refusal(&mut self) -> String {
        let (bytes, fds) = self.receive();
        assert!(fds.is_empty() && [Reply::LEN, LongReply::LEN].contains(&bytes.len()), "{bytes:?}");
        let reply = Reply::decode(bytes.first_chunk().expect("69 bytes")).expect("a reply");
        let Reply::Refused { reason } = reply else { panic!("{reply:?}") };
        self.is_closed();
        reason
    }

    pub(crate) fn is_closed(&mut self) {
        let read = self.stream.read(&mut [0]);
        assert!(matches!(read, Ok(0)) || read.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    }
}
