//! The server's side of one HXFR connection: what each message asks for in the role that the connection has.
//!
//! ```text
//!            SUBSCRIBE granted
//!   Fresh ───────────────────────▶ Subscribed    (frames only; an ERROR ends it)
//!     │
//!     └── FRAME_REQUEST ─────────▶ Requests      (one reply per request, in order)
//! ```
//! The token that a connection shows is kept here; [`Access`](crate::Access) says what it is good for.
//!
//! A message that does not fit the role is answered and costs nothing else. The legacy subscriber treats anything
//! but a FRAME_RESPONSE as the end of its stream, so a subscribed connection gets an answer only to what that
//! client never sends.

use lunette_frame::{PictureRef, ScanoutId};
use lunette_wire::Token;
use lunette_wire::hxfr::{
    ConfigRequest, EnableScanout, ErrorCode, ErrorReply, FrameRequest, Grant, Message, Received, Refusal, SessionId,
};

/// Whether a subscriber takes pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It cannot take any now.
    Held,
    /// It does.
    Going,
}

/// What a connection is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing yet, or only questions and scanout control.
    Fresh,
    /// Receives the stream of this scanout.
    Subscribed(ScanoutId),
    /// Sends pictures and receives them encoded.
    Requests,
}

/// What the driver does about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Ignore,
    /// Send this.
    Reply(SessionId, Message),
    /// Send this, then close.
    Refuse(SessionId, Message),
    /// Subscribe, tell [`Connection::subscribed`] when that succeeds, answer with SUBSCRIBE_RESP.
    Subscribe(ScanoutId),
    /// Enable a scanout, answer with SCANOUT_RESP.
    Enable(SessionId, EnableScanout),
    /// Disable a scanout, answer with SCANOUT_RESP.
    Disable(SessionId, ScanoutId),
    /// Nothing but to take note: the connection shows another token from now on.
    Authorized(Token),
    /// Answer with STATUS_RESP at once.
    Status(SessionId, ScanoutId),
    /// Say who owns a scanout; answer only when that is not allowed.
    Grant(SessionId, Grant),
    /// Ask the subscribed stream for an IDR.
    RequestIdr,
    /// Let the subscribed stream wait for this subscriber, or go on.
    Hold(Flow),
    /// Send the pointer of the subscribed scanout too.
    WatchCursor,
    /// Retune the subscribed stream.
    ConfigureStream(ConfigRequest),
    /// Retune this connection's own encoder.
    ConfigureRequests(ConfigRequest),
    /// Make the next requested picture an IDR.
    ForceKeyframe,
    /// Encode a picture with this connection's own encoder; its thread replies.
    Encode(SessionId, FrameRequest),
}

impl Action {
    /// Whether the message was not accepted.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refuse(..) | Self::Reply(_, Message::Error(_)))
    }
}

/// The state of one connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    /// What was configured before the first request: no encoder is opened for who sends no picture.
    early_config: Option<ConfigRequest>,
    /// The last that it showed.
    token: Option<Token>,
    wants_cursor: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self::new()
    }
}

impl Connection {
    /// Highest rate that CONFIG_REQ may ask for.
    pub const MAX_FRAMES_PER_SECOND: f64 = 1000.0;
    /// Lowest ceiling that CONFIG_REQ may ask for, in bits per second: below it no picture ever gets through.
    pub const MIN_BIT_RATE: u32 = 10_000;

    /// A connection that was just accepted.
    #[must_use]
    pub const fn new() -> Self {
        Self { role: Role::Fresh, early_config: None, token: None, wants_cursor: false }
    }

    /// What the connection is used for.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The token that the connection shows.
    #[must_use]
    pub const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The subscription that [`Action::Subscribe`] asked for exists.
    pub fn subscribed(&mut self, scanout: ScanoutId) {
        self.role = Role::Subscribed(scanout);
    }

    /// Whether it has asked for the pointer.
    #[must_use]
    pub const fn wants_cursor(&self) -> bool {
        self.wants_cursor
    }

    /// What this connection's encoder is to be configured with before its first picture.
    pub fn take_early_config(&mut self) -> Option<ConfigRequest> {
        self.early_config.take()
    }

    /// What to do about a message.
    pub fn handle(&mut self, received: Received) -> Action {
        let session = received.session;
        match (self.role, received.body) {
            (_, Ok(Message::Ping)) => Action::Reply(session, Message::Pong),
            (_, Ok(Message::Pong)) => Action::Ignore,
            (_, Ok(Message::ConfigRequest(config))) => self.configure(session, config),
            (role, Ok(Message::WatchCursor)) => {
                let repeated = std::mem::replace(&mut self.wants_cursor, true);
                let subscribed = matches!(role, Role::Subscribed(_));
                if subscribed && !repeated { Action::WatchCursor } else { Action::Ignore }
            }
            (Role::Subscribed(_), Ok(Message::Hold)) => Action::Hold(Flow::Held),
            (Role::Subscribed(_), Ok(Message::Go)) => Action::Hold(Flow::Going),
            (_, Ok(Message::Hold | Message::Go)) => Action::Ignore,
            (Role::Subscribed(scanout), Ok(Message::StatusRequest(asked))) if asked.scanout == scanout => {
                Action::Status(session, scanout)
            }
            (Role::Subscribed(_), body) => Self::handle_subscribed(session, body),
            (_, Ok(Message::FrameRequest(request))) => {
                self.role = Role::Requests;
                Action::Encode(session, request)
            }
            (Role::Requests, Ok(Message::KeyframeRequest)) => Action::ForceKeyframe,
            // The first picture is an IDR anyway.
            (_, Ok(Message::KeyframeRequest)) => Action::Ignore,
            (_, Ok(Message::EnableScanout(enable))) => Action::Enable(session, enable),
            (_, Ok(Message::DisableScanout(disable))) => Action::Disable(session, disable.scanout),
            (_, Ok(Message::Authorize(authorize))) => {
                self.token = Some(authorize.token);
                Action::Authorized(authorize.token)
            }
            (_, Ok(Message::Grant(grant))) => Action::Grant(session, grant),
            (_, Ok(Message::StatusRequest(asked))) => Action::Status(session, asked.scanout),
            (Role::Fresh, Ok(Message::Subscribe(subscribe))) => Action::Subscribe(subscribe.scanout),
            (_, Ok(other)) => invalid(session, format_args!("a server does not expect {} here", other.kind())),
            (_, Err(refusal)) => invalid(session, refusal),
        }
    }

    fn handle_subscribed(session: SessionId, body: Result<Message, Refusal>) -> Action {
        match body {
            Ok(Message::KeyframeRequest) => Action::RequestIdr,
            Ok(
                message @ (Message::Subscribe(_)
                | Message::FrameRequest(_)
                | Message::EnableScanout(_)
                | Message::DisableScanout(_)
                | Message::Authorize(_)
                | Message::Grant(_)
                | Message::StatusRequest(_)),
            ) => {
                let text = format_args!("this connection is subscribed: send {} on another", message.kind());
                Action::Refuse(session, error(ErrorCode::InvalidMessage, text))
            }
            Err(refusal @ Refusal::FrameRate { .. }) => invalid(session, refusal),
            Ok(_) | Err(_) => Action::Ignore,
        }
    }

    fn configure(&mut self, session: SessionId, config: ConfigRequest) -> Action {
        if let Err(text) = check(&config) {
            return invalid(session, text);
        }
        match self.role {
            Role::Subscribed(_) => Action::ConfigureStream(config),
            Role::Requests => Action::ConfigureRequests(config),
            Role::Fresh => {
                self.early_config = Some(self.early_config.map_or(config, |earlier| config.over(earlier)));
                Action::Ignore
            }
        }
    }
}

fn check(config: &ConfigRequest) -> Result<(), String> {
    let max_side = PictureRef::MAX_SIDE;
    if let Some(side) = [config.width, config.height].into_iter().flatten().find(|side| side.get() > max_side) {
        return Err(format!("CONFIG_REQ asks for {side} pixels on a side, {max_side} are possible"));
    }
    if let Some(rate) = config.frame_rate.filter(|rate| rate.as_f64() > Connection::MAX_FRAMES_PER_SECOND) {
        return Err(format!("CONFIG_REQ asks for {} frames per second", rate.as_f64()));
    }
    if let Some(rate) = config.bit_rate.filter(|rate| rate.bits_per_second() < Connection::MIN_BIT_RATE) {
        return Err(format!("CONFIG_REQ asks for {} bits per second: too few for a picture", rate.bits_per_second()));
    }
    Ok(())
}

fn invalid(session: SessionId, text: impl std::fmt::Display) -> Action {
    Action::Reply(session, error(ErrorCode::InvalidMessage, text))
}

fn error(code: ErrorCode, text: impl std::fmt::Display) -> Message {
    Message::Error(ErrorReply::new(code, text))
}
