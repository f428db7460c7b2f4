//! A host that plugs outputs of the fake card, as frame-export does, and remembers what it was told.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use bytes::BytesMut;
use lunette_frame::ScanoutId;
use lunette_wire::Token;
use lunette_wire::hxfr::{
    Framer, Message, Presence, ScanoutResponse, SessionId, Standing, StatusRequest, StatusResponse,
};

use crate::card::Plugs;

/// How it behaves.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    /// ENABLEs of which the guest never learns.
    pub(crate) lose: usize,
    /// Say no to ENABLE.
    pub(crate) refuse: bool,
    /// Say no to DISABLE so often.
    pub(crate) refuse_disable: usize,
    /// Never answer ENABLE.
    pub(crate) mute: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) manners: Manners,
    /// What it was told, in order; but not what it was asked.
    pub(crate) told: Vec<Told>,
    /// What it shows.
    on: BTreeSet<ScanoutId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Authorize(Token),
    Grant(u16, Token),
    Enable(u16, String),
    Disable(u16),
}

pub(crate) struct FakeHost {
    pub(crate) address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    plugs: Plugs,
    peers: Arc<Mutex<Vec<TcpStream>>>,
    server: Option<(Arc<TcpListener>, JoinHandle<()>)>,
}

impl FakeHost {
    pub(crate) fn start(plugs: Plugs) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut host = Self { address, memory: Arc::default(), plugs, peers: Arc::default(), server: None };
        host.serve(listener);
        host
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panics")
    }

    fn serve(&mut self, listener: TcpListener) {
        let listener = Arc::new(listener);
        let (ours, memory) = (Arc::clone(&listener), Arc::clone(&self.memory));
        let (plugs, peers) = (self.plugs.clone(), Arc::clone(&self.peers));
        let server = std::thread::spawn(move || {
            while let Ok((peer, _)) = ours.accept() {
                let Ok(copy) = peer.try_clone() else { return };
                peers.lock().expect("no panics").push(copy);
                let (memory, plugs) = (Arc::clone(&memory), plugs.clone());
                std::thread::spawn(move || converse(peer, &memory, &plugs));
            }
        });
        self.server = Some((listener, server));
    }

    /// As if its process were killed.
    pub(crate) fn kill(&mut self) {
        if let Some((listener, server)) = self.server.take() {
            // A listening socket that is shut down wakes its accept with an error.
            rustix::net::shutdown(&*listener, rustix::net::Shutdown::Both).expect("listens");
            server.join().expect("no panics");
        }
        for peer in self.peers.lock().expect("no panics").drain(..) {
            let _ = peer.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.memory().on.clear();
        let listener = TcpListener::bind(self.address).expect("its own port");
        self.serve(listener);
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        self.kill();
    }
}

fn converse(mut peer: TcpStream, memory: &Mutex<Memory>, plugs: &Plugs) {
    let (mut framer, mut bytes) = (Framer::new(), [0; 4096]);
    while let Ok(len @ 1..) = peer.read(&mut bytes) {
        framer.push(&bytes[..len]);
        while let Ok(Some(received)) = framer.next_message() {
            let answer =
                received.body.ok().and_then(|message| hear(&message, &mut memory.lock().expect("no panics"), plugs));
            let mut out = BytesMut::new();
            if let Some(answer) = answer {
                answer.encode(SessionId::NONE, &mut out).expect("small");
            }
            if peer.write_all(&out).is_err() {
                return;
            }
        }
    }
}

fn hear(message: &Message, memory: &mut Memory, plugs: &Plugs) -> Option<Message> {
    let Memory { manners, told, on } = memory;
    match message {
        Message::Ping => Some(Message::Pong),
        Message::Authorize(authorize) => {
            told.push(Told::Authorize(authorize.token));
            None
        }
        Message::Grant(grant) => {
            told.push(Told::Grant(grant.scanout.get(), grant.token));
            None
        }
        Message::EnableScanout(enable) => {
            told.push(Told::Enable(enable.scanout.get(), enable.size.to_string()));
            match (manners.mute, manners.refuse, manners.lose) {
                (true, ..) => return None,
                (_, true, _) => return Some(answer(enable.scanout, Some("out of memory"))),
                (.., 1..) => manners.lose -= 1,
                _ => {
                    on.insert(enable.scanout);
                    plugs.set(enable.scanout, true);
                }
            }
            Some(answer(enable.scanout, None))
        }
        Message::DisableScanout(disable) => {
            told.push(Told::Disable(disable.scanout.get()));
            if manners.refuse_disable > 0 {
                manners.refuse_disable -= 1;
                return Some(answer(disable.scanout, Some("busy")));
            }
            on.remove(&disable.scanout);
            plugs.set(disable.scanout, false);
            Some(answer(disable.scanout, None))
        }
        Message::StatusRequest(StatusRequest { scanout }) => {
            let presence = if on.contains(scanout) { Presence::On } else { Presence::Off };
            let standing = Some(Standing { presence, ..Standing::default() });
            Some(Message::StatusResponse(StatusResponse { scanout: *scanout, standing }))
        }
        _ => None,
    }
}

fn answer(scanout: ScanoutId, refusal: Option<&str>) -> Message {
    let connector = refusal.map_or_else(|| format!("Virtual-{}", scanout.get() + 1), str::to_owned);
    Message::ScanoutResponse(ScanoutResponse { scanout, success: refusal.is_none(), connector })
}
