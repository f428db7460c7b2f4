//! A server with a script: what it sends is decided beforehand, right or wrong.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use bytes::{Bytes, BytesMut};
use lunette_wire::hxfr::{
    FrameResponse, Framer, Header, Message, Nanos, Received, SessionId, Subscribe, SubscribeResponse,
};
use scanout_stream_test::{Address, Monotonic};

use super::SCANOUT;
use super::screen::kind;

/// Serves one connection on a thread; joined on drop, so that a failed assertion in the script fails the test.
pub struct Server {
    pub address: Address,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Accepts one connection, awaits SUBSCRIBE, and runs the script.
    pub fn start(script: impl FnOnce(&mut Connection) + Send + 'static) -> Self {
        Self::awaiting(&[], script)
    }

    /// As [`Server::start`], after these other messages.
    pub fn awaiting(first: &[Message], script: impl FnOnce(&mut Connection) + Send + 'static) -> Self {
        let subscribe = Message::Subscribe(Subscribe { scanout: SCANOUT });
        let expected = [first, &[subscribe]].concat();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            stream.set_nodelay(true).expect("a socket");
            let mut connection = Connection { stream, framer: Framer::new() };
            for message in expected {
                assert_eq!(connection.receive(), Some(message));
            }
            script(&mut connection);
        });
        Self { address: Address::Tcp { host: "127.0.0.1".to_owned(), port }, thread: Some(thread) }
    }

    /// Grants the subscription, sends `units` one after another, and closes.
    pub fn of(units: Vec<Bytes>) -> Self {
        Self::start(move |client| {
            client.send(&granted());
            units.iter().for_each(|unit| client.send(&picture(unit)));
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let joined = self.thread.take().map(JoinHandle::join);
        if let (Some(Err(panic)), false) = (joined, std::thread::panicking()) {
            std::panic::resume_unwind(panic);
        }
    }
}

/// The server's end.
pub struct Connection {
    stream: TcpStream,
    framer: Framer,
}

impl Connection {
    pub fn send(&mut self, message: &Message) {
        self.send_bytes(&wire(message));
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the client listens");
    }

    /// Sends in pieces of 1, 2, 3, … bytes, each in a packet of its own.
    pub fn send_in_pieces(&mut self, mut bytes: &[u8]) {
        for size in (1..50).cycle() {
            let (now, later) = bytes.split_at(size.min(bytes.len()));
            self.send_bytes(now);
            bytes = later;
            if bytes.is_empty() {
                return;
            }
        }
    }

    /// The client's next message; `None` when it closed the connection.
    pub fn receive(&mut self) -> Option<Message> {
        let mut buffer = [0; 512];
        loop {
            if let Some(Received { body, .. }) = self.framer.next_message().expect("HXFR") {
                return Some(body.expect("a known message"));
            }
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.framer.push(&buffer[..count]),
            }
        }
    }

    /// Says nothing until the client closes the connection.
    pub fn stay_silent(&mut self) {
        while self.receive().is_some() {}
    }
}

pub fn wire(message: &Message) -> BytesMut {
    let mut bytes = BytesMut::new();
    message.encode(SCANOUT.into(), &mut bytes).expect("small");
    bytes
}

pub fn granted() -> Message {
    Message::SubscribeResponse(SubscribeResponse { scanout: SCANOUT, success: true })
}

/// A picture that is captured now.
pub fn picture(unit: &Bytes) -> Message {
    picture_at(unit, i64::try_from(Monotonic::now().as_nanos()).expect("not 292 years up"))
}

pub fn picture_at(unit: &Bytes, pts: i64) -> Message {
    let pts = Nanos::from_wire(pts);
    Message::FrameResponse(FrameResponse {
        pts,
        dts: pts,
        kind: kind(unit),
        kept: false,
        coarse: false,
        nals: unit.clone().into(),
    })
}

/// A message of a type that nobody knows.
pub fn unknown(payload: &[u8]) -> Vec<u8> {
    let payload_size = u32::try_from(payload.len()).expect("small");
    let header = Header { msg_type: 0x77, flags: 0, session: SessionId::NONE, payload_size };
    [&header.encode()[..], payload].concat()
}
