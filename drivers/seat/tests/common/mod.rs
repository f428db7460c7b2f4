//! A seat server in a folder of its own, and a client that speaks the protocol by hand.

#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "fixtures of tests")]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lunette_seat::{CardName, Device, DeviceId, EventName, Policy, Reply, Request, SeatName};
use lunette_seat_server::{Activity, Config, Devices, Dialect, IdRange, SeatServer};
use lunette_sys_unix::recv_with_fds;
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};

pub const CARD: &str = "/dev/dri/card0";
pub const KEYBOARD: &str = "/dev/input/event3";
/// Allowed, but not there.
pub const UNPLUGGED: &str = "/dev/input/event4";

/// One file as the lease, another as the keyboard.
#[derive(Debug)]
pub struct FakeDevices {
    pub lease: std::fs::File,
    pub keyboard: std::fs::File,
}

impl Devices for FakeDevices {
    fn open(&self, device: Device) -> io::Result<OwnedFd> {
        match device {
            Device::Lease => Ok(self.lease.try_clone()?.into()),
            Device::Input(name) if name == EventName::new(3) => Ok(self.keyboard.try_clone()?.into()),
            _ => Err(io::Error::from_raw_os_error(19)),
        }
    }
}

pub struct Fixture {
    pub socket: PathBuf,
    pub devices: Arc<FakeDevices>,
    pub activity: watch::Sender<Activity>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempDir,
}

pub fn config() -> Config {
    Config {
        policy: Policy { card: Some(CardName::new(0)), inputs: [3, 4].map(EventName::new).into(), ..Policy::default() },
        allowed: IdRange { first: rustix::process::geteuid().as_raw(), count: 1 },
        owner: None,
        seat: SeatName::default(),
        dialect: Dialect::Answering,
    }
}

impl Fixture {
    pub fn start(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("seat.sock");
        let files = || tempfile::tempfile().unwrap();
        let devices = Arc::new(FakeDevices { lease: files(), keyboard: files() });
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, listening) = std::sync::mpsc::channel();
        let (path, theirs) = (socket.clone(), Arc::clone(&devices));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = SeatServer::bind(&path, config, theirs).unwrap();
                ready.send(server.activity()).unwrap();
                server.serve(async { drop(stopped.await) }).await;
            });
        });
        let activity = listening.recv_timeout(Duration::from_secs(10)).unwrap();
        Self { socket, devices, activity, stop: Some(stop), thread: Some(thread), _folder: folder }
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.socket).unwrap()
    }

    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

pub struct Client(pub UnixStream);

impl Client {
    pub fn connect(socket: &std::path::Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(stream))
    }

    pub fn opened(fixture: &Fixture) -> Self {
        let mut client = fixture.client();
        client.send(&Request::OpenSeat);
        client.expect(&Reply::SeatOpened(SeatName::default()));
        client.expect(&Reply::EnableSeat);
        client
    }

    pub fn send(&mut self, request: &Request) {
        use std::io::Write;
        self.0.write_all(&request.encode()).unwrap();
    }

    /// Exactly this comes next, without a descriptor.
    pub fn expect(&mut self, reply: &Reply) {
        assert!(self.receive(reply).is_none());
    }

    fn receive(&mut self, reply: &Reply) -> Option<OwnedFd> {
        let expected = reply.encode();
        let mut bytes = vec![0; expected.len()];
        let mut received = recv_with_fds(&self.0, &mut bytes).unwrap();
        assert_eq!(bytes[..received.len], expected);
        received.fds.pop()
    }

    pub fn open(&mut self, path: &str, id: i32) -> OwnedFd {
        self.send(&Request::OpenDevice(path.as_bytes().to_vec()));
        self.receive(&Reply::DeviceOpened(DeviceId(id))).expect("a descriptor")
    }

    /// Nothing comes any more.
    pub fn expect_end(&mut self) {
        match recv_with_fds(&self.0, &mut [0]) {
            Ok(received) => assert_eq!(received.len, 0),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
        }
    }
}
