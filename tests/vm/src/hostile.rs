//! A process in the guest that wants what is not its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::BytesMut;
use drm_flipper::{Stop, Terms, take};
use lunette_frame::{ScanoutId, Size};

use lunette_sys_kms::{FramebufferId, Probe};
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, DisableScanout, EnableScanout, Framer, Grant, Message, SessionId, Subscribe};
use lunette_wire::lease::Request;
use rustix::io::Errno;

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
    let pictures = pictures_of_others(&plan.socket).context("pictures of others")?;
    noise_on_sockets(plan)?;
    Ok(format!("{refused} wishes and {pictures} pictures refused, {VOLLEYS} volleys of noise on each socket"))
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

/// Shows every picture whose number can be guessed on an output of its own. Leases do not keep pictures of one card apart,
/// so that the only one that shows must be its own.
fn pictures_of_others(socket: &Path) -> anyhow::Result<u32> {
    const GUESSES: u32 = 4000;
    let size = Size::new(640, 480);
    let (stop, _going_on) = Stop::when_dropped()?;
    let lease = take(socket, &Terms { size, light_crtc: false, limit: LIMIT }, &stop)?;
    lease.card.enable_universal_planes()?;
    let outputs = lease.card.outputs()?;
    let output = outputs.first().context("a lease without an output")?;
    let connector = lease.card.connector_probed(output.connector, Probe::Forced)?;
    let mode = connector.mode(size).context("no mode of the size")?;
    let own = lease.card.create_framebuffer(size)?;
    let show = |picture| lease.card.set_crtc(output.crtc, output.connector, picture, mode);
    show(own.id()).context("its own picture")?;
    for picture in (1..=GUESSES).map(FramebufferId::new).filter(|picture| *picture != own.id()) {
        let refused = show(picture).err().with_context(|| format!("picture {picture} is shown"))?;
        ensure!(refused.errno() == Some(Errno::NOENT), "picture {picture}: {refused}");
    }
    Ok(GUESSES - 1)
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
