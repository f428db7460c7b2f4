//! A way to a machine on which a test sees who connects, and what is asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use lunette_wire::hxfr::{Framer, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes connections on, and takes note.
pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    target: Option<SocketAddr>,
    connections: usize,
    open: usize,
    asked: Vec<Message>,
}

impl Tap {
    pub(crate) async fn on(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::new(Mutex::new(Seen { target: Some(target), ..Seen::default() }));
        let shared = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, Arc::clone(&shared)));
            }
        });
        Self { address, seen, accepting }
    }

    /// Where later connections lead; without a target they are dropped.
    pub(crate) fn lead_to(&self, target: Option<SocketAddr>) {
        self.seen.lock().expect("alive").target = target;
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().expect("alive").connections
    }

    /// Connections now.
    pub(crate) fn open(&self) -> usize {
        self.seen.lock().expect("alive").open
    }

    /// How often this was asked.
    pub(crate) fn asked(&self, what: &Message) -> usize {
        self.seen.lock().expect("alive").asked.iter().filter(|asked| *asked == what).count()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    let target = seen.lock().expect("alive").target;
    let Some(target) = target else { return };
    let Ok(server) = TcpStream::connect(target).await else { return };
    {
        let mut seen = seen.lock().expect("alive");
        seen.connections += 1;
        seen.open += 1;
    }
    let (from_client, mut to_client) = stream.into_split();
    let (mut from_server, to_server) = server.into_split();
    // The end of one way is the end of both.
    tokio::select! {
        _ = copy(&mut from_server, &mut to_client) => {}
        () = note(from_client, to_server, &seen) => {}
    }
    seen.lock().expect("alive").open -= 1;
}

async fn note(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: &Mutex<Seen>) {
    let (mut framer, mut bytes) = (Framer::new(), [0; 4096]);
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        framer.push(&bytes[..read]);
        while let Ok(Some(received)) = framer.next_message() {
            seen.lock().expect("alive").asked.extend(received.body);
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
