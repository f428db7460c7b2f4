//! The one connection to the host's frame-export, over which outputs are plugged and unplugged.
//!
//! ```text
//!          ┌────────────── pause, 100 ms to 2 s ◀─────────────┐
//!          ▼                                                  │ Lost
//!        dial ──▶ AUTHORIZE, PING ──PONG, Back──▶ orders ─────┘
//! ```
//!
//! Orders are carried out one by one, each answered or the connection lost. Those of an earlier connection are dropped:
//! who gave them knows that it was lost, and gives them again.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use lunette_frame::{ScanoutId, Size};
use lunette_lease::Ticket;
use lunette_wire::Token;
use lunette_wire::hxfr::{
    Authorize, DisableScanout, EnableScanout, FrameError, Framer, Grant, Message, Presence, Received, ScanoutResponse,
    SessionId, StatusRequest, StatusResponse,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::cause;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const DIAL: Duration = Duration::from_secs(2);
/// For one answer; less than a client waits, so that a host that hangs is noticed before.
const ANSWER: Duration = Duration::from_secs(3);
/// A host that vanished without a word is noticed after this and [`ANSWER`].
const SILENCE: Duration = Duration::from_secs(15);
const REFRESH_HZ: u32 = 60;

/// One thing that the host is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// On which connection.
    pub(crate) generation: u64,
    pub(crate) ticket: Ticket,
    pub(crate) scanout: ScanoutId,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Plug { size: Size, owner: Token, unless: Unless },
    Unplug,
}

/// When plugging can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unless {
    Never,
    /// The host shows it already, in what size its owner may have asked for since.
    Shown,
}

/// What the broker learns.
#[derive(Debug)]
pub(crate) enum News {
    Back { generation: u64 },
    Lost(String),
    Plugged(Ticket, Result<(), String>),
    Unplugged(Ticket, Result<(), String>),
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("{}", cause::short(.0))]
    Io(#[from] io::Error),
    #[error("no answer")]
    Silent,
    #[error("closed")]
    Closed,
    #[error("speaks no HXFR")]
    Stream(#[from] FrameError),
    /// The broker is gone.
    #[error("nobody asks any more")]
    Done,
}

/// Where the host is, and what to show it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) secret: Option<Token>,
}

impl Link {
    /// Keeps a connection until nobody gives orders or reads news any more.
    pub(crate) async fn run(self, mut orders: mpsc::Receiver<Order>, news: mpsc::Sender<News>) {
        let (mut pause, mut generation) = (FIRST_PAUSE, 0);
        loop {
            let error = match Session::open(&self).await {
                Ok(mut session) => {
                    (pause, generation) = (FIRST_PAUSE, generation + 1);
                    session.serve(generation, &mut orders, &news).await
                }
                Err(error) => error,
            };
            let lost = News::Lost(format!("{}: {error}", self.address));
            if matches!(error, LinkError::Done) || news.send(lost).await.is_err() {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

struct Session {
    socket: TcpStream,
    framer: Framer,
    /// Only with it the host takes a GRANT.
    authorized: bool,
}

impl Session {
    /// Connects, shows the secret, and makes sure that somebody answers.
    async fn open(link: &Link) -> Result<Self, LinkError> {
        let socket = timeout(DIAL, TcpStream::connect(&link.address)).await.map_err(|_| LinkError::Silent)??;
        socket.set_nodelay(true)?;
        let mut session = Self { socket, framer: Framer::new(), authorized: link.secret.is_some() };
        let secret = link.secret.map(|token| Message::Authorize(Authorize { token }));
        session.ping(secret).await?;
        Ok(session)
    }

    async fn serve(
        &mut self,
        generation: u64,
        orders: &mut mpsc::Receiver<Order>,
        news: &mpsc::Sender<News>,
    ) -> LinkError {
        if news.send(News::Back { generation }).await.is_err() {
            return LinkError::Done;
        }
        loop {
            let done = tokio::select! {
                order = orders.recv() => match order {
                    Some(order) if order.generation == generation => self.carry_out(&order, news).await,
                    Some(_) => Ok(()),
                    None => Err(LinkError::Done),
                },
                message = self.receive() => message.map(|message| note(&message)),
                () = sleep(SILENCE) => self.ping(None).await,
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    async fn carry_out(&mut self, order: &Order, news: &mpsc::Sender<News>) -> Result<(), LinkError> {
        let Order { ticket, scanout, .. } = *order;
        let answered = match order.what {
            What::Plug { size, owner, unless } => {
                let grant = self.authorized.then_some(Message::Grant(Grant { scanout, token: owner }));
                self.send(grant).await?;
                let shown = unless == Unless::Shown && self.is_shown(scanout).await?;
                News::Plugged(ticket, if shown { Ok(()) } else { self.enable(scanout, size).await? })
            }
            What::Unplug => {
                self.send([Message::DisableScanout(DisableScanout { scanout })]).await?;
                News::Unplugged(ticket, self.answer(scanout).await?)
            }
        };
        news.send(answered).await.map_err(|_| LinkError::Done)
    }

    async fn enable(&mut self, scanout: ScanoutId, size: Size) -> Result<Result<(), String>, LinkError> {
        self.send([Message::EnableScanout(EnableScanout { scanout, size, refresh_hz: REFRESH_HZ })]).await?;
        self.answer(scanout).await
    }

    /// Whether the host shows the scanout. One that does not say does not.
    async fn is_shown(&mut self, asked: ScanoutId) -> Result<bool, LinkError> {
        self.send([Message::StatusRequest(StatusRequest { scanout: asked })]).await?;
        let found = async {
            loop {
                match self.receive().await? {
                    Message::StatusResponse(StatusResponse { scanout, standing }) if scanout == asked => {
                        return Ok(standing.is_some_and(|standing| standing.presence == Presence::On));
                    }
                    // An older host knows no STATUS.
                    Message::Error(_) => return Ok(false),
                    other => note(&other),
                }
            }
        };
        timeout(ANSWER, found).await.map_err(|_| LinkError::Silent)?
    }

    async fn answer(&mut self, asked: ScanoutId) -> Result<Result<(), String>, LinkError> {
        let found = async {
            loop {
                match self.receive().await? {
                    Message::ScanoutResponse(ScanoutResponse { scanout, success, connector }) if scanout == asked => {
                        return Ok(if success { Ok(()) } else { Err(connector) });
                    }
                    other => note(&other),
                }
            }
        };
        timeout(ANSWER, found).await.map_err(|_| LinkError::Silent)?
    }

    async fn ping(&mut self, first: Option<Message>) -> Result<(), LinkError> {
        self.send(first.into_iter().chain([Message::Ping])).await?;
        let pong = async {
            loop {
                match self.receive().await? {
                    Message::Pong => return Ok(()),
                    other => note(&other),
                }
            }
        };
        timeout(ANSWER, pong).await.map_err(|_| LinkError::Silent)?
    }

    async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), LinkError> {
        let mut bytes = BytesMut::new();
        for message in messages {
            // Only pictures can be too large.
            let _ = message.encode(SessionId::NONE, &mut bytes);
        }
        timeout(ANSWER, self.socket.write_all(&bytes)).await.map_err(|_| LinkError::Silent)??;
        Ok(())
    }

    /// The next message. Dropping the future loses nothing.
    async fn receive(&mut self) -> Result<Message, LinkError> {
        loop {
            match self.framer.next_message()? {
                Some(Received { body: Ok(message), .. }) => return Ok(message),
                Some(Received { body: Err(refusal), .. }) => tracing::debug!(%refusal, "skipped what the host sent"),
                None if self.socket.read_buf(self.framer.buffer()).await? == 0 => return Err(LinkError::Closed),
                None => {}
            }
        }
    }
}

/// What nobody waits for.
fn note(message: &Message) {
    match message {
        Message::Error(error) => tracing::warn!(code = %error.code, "the host says: {}", error.message),
        other => tracing::debug!(kind = %other.kind(), "unexpected from the host"),
    }
}
