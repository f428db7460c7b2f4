//! A guest: sends and receives messages, and waits with a deadline for each.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use lunette_frame::ScanoutId;
use lunette_wire::hxfr::{
    ErrorCode, FrameResponse, Framer, Header, Message, ScanoutResponse, SessionId, Standing, StatusRequest, Subscribe,
    SubscribeResponse,
};

use super::{SOON, Server};

trait Socket: Read + Write + AsFd + Send {
    fn set_deadline(&self, within: Duration) -> io::Result<()>;
    fn close_writing(&self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn set_deadline(&self, within: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(within))
    }

    fn close_writing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Socket for UnixStream {
    fn set_deadline(&self, within: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(within))
    }

    fn close_writing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// One connection.
pub(crate) struct Client {
    socket: Box<dyn Socket>,
    framer: Framer,
}

/// What came in time.
#[derive(Debug)]
pub(crate) enum Arrival {
    Message(SessionId, Message),
    Closed,
    Nothing,
}

/// One picture and when it came.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) session: SessionId,
    pub(crate) response: FrameResponse,
    pub(crate) at: Instant,
}

impl Client {
    pub(crate) fn connect(server: &Server) -> Self {
        Self::connect_to(server.tcp())
    }

    pub(crate) fn connect_to(address: SocketAddr) -> Self {
        Self::over_tcp(TcpStream::connect_timeout(&address, SOON).expect("the server accepts"))
    }

    pub(crate) fn over_tcp(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("TCP");
        Self { socket: Box::new(stream), framer: Framer::new() }
    }

    pub(crate) fn connect_unix(path: &Path) -> Self {
        Self { socket: Box::new(UnixStream::connect(path).expect("the server accepts")), framer: Framer::new() }
    }

    /// Connected and subscribed.
    pub(crate) fn subscribed(server: &Server, scanout: u16) -> Self {
        let mut client = Self::connect(server);
        assert!(client.subscribe(scanout), "scanout {scanout} is there");
        client
    }

    /// Leaves as little room as the system allows for what it does not read.
    pub(crate) fn narrow(self) -> Self {
        rustix::net::sockopt::set_socket_recv_buffer_size(self.socket.as_fd(), 32 << 10).expect("a socket");
        self
    }

    /// Sends SUBSCRIBE and takes the answer, which must come first.
    #[track_caller]
    pub(crate) fn subscribe(&mut self, scanout: u16) -> bool {
        let scanout = ScanoutId::new(scanout);
        self.send(&Message::Subscribe(Subscribe { scanout }));
        let (session, message) = self.message();
        assert_eq!(session, SessionId::from(scanout));
        let Message::SubscribeResponse(SubscribeResponse { scanout: named, success }) = message else {
            panic!("{message:?} came before SUBSCRIBE_RESP");
        };
        assert_eq!(named, scanout);
        success
    }

    pub(crate) fn send(&mut self, message: &Message) {
        self.send_as(SessionId::NONE, message);
    }

    pub(crate) fn send_as(&mut self, session: SessionId, message: &Message) {
        self.send_bytes(&bytes_of(session, message));
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the connection is open");
    }

    /// As [`Client::send_bytes`] when the server may have closed the connection.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    pub(crate) fn close_writing(&self) {
        self.socket.close_writing().expect("the connection is open");
    }

    /// The next thing that happens within a time.
    #[track_caller]
    pub(crate) fn receive(&mut self, within: Duration) -> Arrival {
        let deadline = Instant::now() + within;
        loop {
            match self.framer.next_message() {
                Ok(Some(received)) => {
                    return Arrival::Message(received.session, received.body.expect("servers send valid messages"));
                }
                Ok(None) => {}
                Err(error) => panic!("the server sent what is no message: {error}"),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Arrival::Nothing;
            }
            if self.read(left) == Some(0) {
                return Arrival::Closed;
            }
        }
    }

    /// Reads what there is; 0 at the end of the stream, `None` when nothing came in time.
    fn read(&mut self, within: Duration) -> Option<usize> {
        let mut buffer = [0; 64 << 10];
        self.socket.set_deadline(within).expect("above zero");
        match self.socket.read(&mut buffer) {
            Ok(read) => {
                self.framer.push(&buffer[..read]);
                Some(read)
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Some(0),
            Err(error) => {
                let kind = error.kind();
                assert!(
                    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted),
                    "{error}"
                );
                None
            }
        }
    }

    /// The next message, which must come soon.
    #[track_caller]
    pub(crate) fn message(&mut self) -> (SessionId, Message) {
        match self.receive(SOON) {
            Arrival::Message(session, message) => (session, message),
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// The next message, which must be a picture.
    #[track_caller]
    pub(crate) fn frame(&mut self) -> Frame {
        self.frame_within(SOON).expect("a picture in time")
    }

    /// The next message, which must be a picture; `None` when none comes in time.
    #[track_caller]
    pub(crate) fn frame_within(&mut self, within: Duration) -> Option<Frame> {
        match self.receive(within) {
            Arrival::Message(session, Message::FrameResponse(response)) => {
                Some(Frame { session, response, at: Instant::now() })
            }
            Arrival::Nothing => None,
            other => panic!("{other:?} instead of a picture"),
        }
    }

    pub(crate) fn frames(&mut self, count: usize) -> Vec<Frame> {
        (0..count).map(|_| self.frame()).collect()
    }

    /// Every picture that comes within a time.
    #[track_caller]
    pub(crate) fn frames_for(&mut self, time: Duration) -> Vec<Frame> {
        let deadline = Instant::now() + time;
        let left = || deadline.saturating_duration_since(Instant::now());
        std::iter::from_fn(|| self.frame_within(left())).collect()
    }

    /// The pictures in which a still screen becomes finer, to the last one.
    #[track_caller]
    pub(crate) fn settle(&mut self) -> Vec<Frame> {
        let frames: Vec<_> = std::iter::from_fn(|| self.frame_within(Duration::from_millis(700))).collect();
        assert!(frames.len() < 10 && frames.iter().all(|frame| !frame.is_idr()), "{} pictures", frames.len());
        frames
    }

    /// The next message, which must be an ERROR.
    #[track_caller]
    pub(crate) fn error(&mut self) -> (SessionId, ErrorCode) {
        match self.message() {
            (session, Message::Error(error)) => (session, error.code),
            other => panic!("{other:?} instead of an ERROR"),
        }
    }

    /// The next message, which must be a SCANOUT_RESP.
    #[track_caller]
    pub(crate) fn scanout_response(&mut self) -> ScanoutResponse {
        match self.message() {
            (_, Message::ScanoutResponse(response)) => response,
            other => panic!("{other:?} instead of a SCANOUT_RESP"),
        }
    }

    /// Asks how a scanout is doing; `None` when it may not know.
    #[track_caller]
    pub(crate) fn standing(&mut self, scanout: u16) -> Option<Standing> {
        let scanout = ScanoutId::new(scanout);
        self.send(&Message::StatusRequest(StatusRequest { scanout }));
        match self.message() {
            (_, Message::StatusResponse(response)) => {
                assert_eq!(response.scanout, scanout);
                response.standing
            }
            other => panic!("{other:?} instead of a STATUS_RESP"),
        }
    }

    /// Takes what is left until the server closes the connection, which it must do soon.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> Vec<Message> {
        let mut left = Vec::new();
        loop {
            match self.receive(SOON) {
                Arrival::Message(_, message) => left.push(message),
                Arrival::Closed => return left,
                Arrival::Nothing => panic!("the connection is still open; it brought {} messages", left.len()),
            }
        }
    }

    /// Whether a subscribed connection still answers.
    #[track_caller]
    pub(crate) fn answers_between_frames(&mut self) {
        self.send(&Message::Ping);
        loop {
            match self.message() {
                (_, Message::FrameResponse(_)) => {}
                (_, message) => return assert_eq!(message, Message::Pong),
            }
        }
    }

    /// Whether the connection still answers.
    #[track_caller]
    pub(crate) fn answers(&mut self) {
        self.send_as(SessionId::new(77), &Message::Ping);
        let (session, message) = self.message();
        assert_eq!((session.get(), message), (77, Message::Pong));
    }
}

impl Frame {
    pub(crate) fn is_idr(&self) -> bool {
        super::is_idr(&self.response)
    }

    /// Capture time in seconds.
    #[expect(clippy::cast_precision_loss, reason = "compared with a tolerance of milliseconds")]
    pub(crate) fn seconds(&self) -> f64 {
        self.response.pts.expect("a scanout's pictures have a capture time").get() as f64 / 1e9
    }

    pub(crate) fn unit(&self) -> bytes::Bytes {
        self.response.nals.access_unit()
    }
}

/// Kilobits per second of what comes after the first of these pictures.
#[expect(clippy::cast_precision_loss, reason = "a rate for a comparison")]
pub(crate) fn kilobits(frames: &[Frame]) -> f64 {
    let bytes: usize = frames[1..].iter().map(|frame| frame.unit().len()).sum();
    bytes as f64 * 0.008 / (frames[frames.len() - 1].seconds() - frames[0].seconds())
}

/// A message as bytes.
pub(crate) fn bytes_of(session: SessionId, message: &Message) -> BytesMut {
    let mut bytes = BytesMut::new();
    message.encode(session, &mut bytes).expect("small enough");
    bytes
}

/// A message of any type with any payload.
pub(crate) fn raw(msg_type: u8, session: u16, payload: &[u8]) -> Vec<u8> {
    let payload_size = u32::try_from(payload.len()).expect("small");
    let header = Header { msg_type, flags: 0, session: SessionId::new(session), payload_size };
    [header.encode().as_slice(), payload].concat()
}
