//! A process in the guest that wants what is not its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::BytesMut;
use lunette_frame::{ScanoutId, Size};
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, DisableScanout, EnableScanout, Framer, Grant, Message, SessionId, Subscribe};
use lunette_wire::lease::Request;

const LIMIT: Duration = Duration::from_secs(10);
const VOLLEYS: u64 = 20;

/// Whom to molest.
#[derive(Debug)]
pub struct Plan {
    /// drm-manager's socket.
    pub socket: PathBuf,
    /// frame-export, as the guest reaches it.
    pub host: SocketAddr,
    /// Somebody else's scanout.
    pub victim: ScanoutId,
    /// The token of a lease of one's own.
    pub token: Token,
}

/// Tries everything; returns one line when all was refused.
///
/// # Errors
/// When anything was not.
pub fn run(plan: &Plan) -> anyhow::Result<String> {
    release(plan).context("release of somebody else's lease")?;
    let mut refused = 0;
    for shown in [None, Some(Token::new([7; Token::LEN])), Some(plan.token)] {
        for wish in wishes(plan) {
            let answer = ask(plan.host, shown, &wish).with_context(|| format!("{:?}", wish.kind()))?;
            ensure!(is_refusal(&answer), "{:?} with {shown:?} was answered with {answer:?}", wish.kind());
            refused += 1;
        }
    }
    noise_on_sockets(plan)?;
    Ok(format!("{refused} wishes refused, {VOLLEYS} volleys of noise on each socket"))
}

fn wishes(plan: &Plan) -> [Message; 4] {
    let scanout = plan.victim;
    [
        Message::Subscribe(Subscribe { scanout }),
        Message::EnableScanout(EnableScanout { scanout, size: Size::new(640, 480), refresh_hz: 60 }),
        Message::DisableScanout(DisableScanout { scanout }),
        Message::Grant(Grant { scanout, token: plan.token }),
    ]
}

/// Release has no reply: that it had no effect is seen from outside.
fn release(plan: &Plan) -> anyhow::Result<()> {
    let mut socket = connect(&plan.socket)?;
    socket.write_all(&Request::Release { scanout: plan.victim }.encode())?;
    end_of(&mut socket)
}

fn connect(path: &Path) -> anyhow::Result<UnixStream> {
    let socket = UnixStream::connect(path).with_context(|| format!("cannot connect to {}", path.display()))?;
    socket.set_read_timeout(Some(LIMIT))?;
    socket.set_write_timeout(Some(LIMIT))?;
    Ok(socket)
}

fn dial(host: SocketAddr) -> anyhow::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&host, LIMIT).with_context(|| format!("cannot connect to {host}"))?;
    socket.set_read_timeout(Some(LIMIT))?;
    socket.set_write_timeout(Some(LIMIT))?;
    Ok(socket)
}

/// The answer to `wish`, or to the PING behind it where a wish has none.
fn ask(host: SocketAddr, shown: Option<Token>, wish: &Message) -> anyhow::Result<Message> {
    let mut socket = dial(host)?;
    let mut bytes = BytesMut::new();
    if let Some(token) = shown {
        Message::Authorize(Authorize { token }).encode(SessionId::NONE, &mut bytes)?;
    }
    wish.encode(SessionId::NONE, &mut bytes)?;
    Message::Ping.encode(SessionId::NONE, &mut bytes)?;
    socket.write_all(&bytes)?;
    let mut framer = Framer::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(received) = framer.next_message()? {
            return received.body.map_err(Into::into);
        }
        match socket.read(&mut buffer)? {
            0 => bail!("closed without an answer"),
            count => framer.buffer().extend_from_slice(&buffer[..count]),
        }
    }
}

fn is_refusal(answer: &Message) -> bool {
    match answer {
        Message::SubscribeResponse(response) => !response.success,
        Message::ScanoutResponse(response) => !response.success,
        Message::Error(_) => true,
        _ => false,
    }
}

fn noise_on_sockets(plan: &Plan) -> anyhow::Result<()> {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for _ in 0..VOLLEYS {
        let mut socket = connect(&plan.socket)?;
        volley(&mut socket, &noise.bytes())?;
        let mut socket = connect(&plan.socket.with_file_name("status.sock"))?;
        volley(&mut socket, &noise.bytes())?;
        let mut socket = dial(plan.host)?;
        volley(&mut socket, &noise.bytes())?;
    }
    Ok(())
}

/// Sends what the peer takes, and waits until it has had enough.
fn volley(socket: &mut (impl Read + Write), bytes: &[u8]) -> anyhow::Result<()> {
    match socket.write_all(bytes) {
        Ok(()) => {}
        // It may close before all is sent.
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => return Ok(()),
        Err(error) => return Err(error).context("cannot send noise"),
    }
    end_of(socket)
}

fn end_of(socket: &mut impl Read) -> anyhow::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error).context("the peer did not close"),
        }
    }
}

/// Bytes that look random and are the same in every run.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 * 512);
        for _ in 0..512 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.extend(self.0.to_le_bytes());
        }
        bytes
    }
}
