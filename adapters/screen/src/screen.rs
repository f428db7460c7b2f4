//! The questions.

use std::time::Duration;

use lunette_frame::{ScanoutId, Size};
use lunette_session::NotAllowed;
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, EnableScanout, ErrorReply, Message, ScanoutResponse, Standing, StatusRequest};

use crate::ScreenError;
use crate::socket::Socket;

const REFRESH_HZ: u32 = 60;
/// What a refusal starts with that is about the token (`docs/protocol.md`, ENABLE_SCANOUT).
const NOT_ALLOWED: &str = "not allowed:";

/// A connection to the host that shows the token of a lease.
#[derive(Debug)]
pub struct Screen {
    /// `None` once it has failed.
    socket: Option<Socket>,
}

impl Screen {
    /// Connects to `address`, such as `10.0.2.2:15937`, shows `token`, and makes sure that a host answers. No call takes
    /// longer than `limit`.
    ///
    /// # Errors
    /// When there is no host that answers in time. A token that is good for nothing is only noticed by asking.
    pub fn connect(address: &str, token: Token, limit: Duration) -> Result<Self, ScreenError> {
        let mut screen = Self { socket: Some(Socket::connect(address, limit)?) };
        let greeting = [Message::Authorize(Authorize { token }), Message::Ping];
        screen.ask(&greeting, |message| (message == Message::Pong).then_some(()))?;
        Ok(screen)
    }

    /// How the scanout is doing.
    ///
    /// # Errors
    /// When the host does not say.
    pub fn status(&mut self, scanout: ScanoutId) -> Result<Standing, ScreenError> {
        let question = Message::StatusRequest(StatusRequest { scanout });
        let standing = self.ask(&[question], |message| match message {
            Message::StatusResponse(response) if response.scanout == scanout => Some(response.standing),
            _ => None,
        })?;
        standing.ok_or(ScreenError::NotAllowed(scanout))
    }

    /// Has the scanout offer another size; its compositor must set it. Repeating it is harmless.
    ///
    /// # Errors
    /// When the host cannot, or does not answer.
    pub fn resize(&mut self, scanout: ScanoutId, size: Size) -> Result<(), ScreenError> {
        let order = Message::EnableScanout(EnableScanout { scanout, size, refresh_hz: REFRESH_HZ });
        let ScanoutResponse { success, connector: reason, .. } = self.ask(&[order], |message| match message {
            Message::ScanoutResponse(response) if response.scanout == scanout => Some(response),
            _ => None,
        })?;
        if success {
            Ok(())
        } else if reason == NotAllowed::Busy.to_string() {
            Err(ScreenError::Busy)
        } else if reason.starts_with(NOT_ALLOWED) {
            Err(ScreenError::NotAllowed(scanout))
        } else {
            Err(ScreenError::Refused { scanout, size, reason })
        }
    }

    fn ask<T>(&mut self, messages: &[Message], is_answer: impl Fn(Message) -> Option<T>) -> Result<T, ScreenError> {
        let socket = self.socket.as_mut().ok_or(ScreenError::Closed)?;
        let answer = socket.ask(messages, |message| match message {
            Message::Error(ErrorReply { code, message: reason }) => Some(Err(ScreenError::Unknown { code, reason })),
            other => is_answer(other).map(Ok),
        });
        match answer {
            Ok(answer) => answer,
            Err(error) => {
                if error.ends_connection() {
                    self.socket = None;
                }
                Err(error)
            }
        }
    }
}
