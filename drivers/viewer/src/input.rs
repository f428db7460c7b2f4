//! `/ws/input`: input alone, without a picture, for clients that send it so.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use lunette_auth::{Identity, Scope};
use lunette_input_events::{Event, Kind, Permission};
use lunette_session::{Joining, Viewer};
use lunette_wire::stream::{CloseCode, InputMessage};
use tokio::time::{sleep_until, timeout};

use crate::farewell::{close_frame, see_off};
use crate::throttle::Throttle;
use crate::{Desk, Seat};

/// A client that says nothing for so long, not even pong, is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// What it holds down comes up before.
const HANDS: Duration = Duration::from_secs(10);
/// Between two pings.
const PING: Duration = Duration::from_secs(5);

/// Takes input until the connection ends; what was held down then comes up.
pub async fn serve_input(mut socket: WebSocket, mut desk: Desk, identity: Identity) {
    let end = match desk.lounge.join(joining(&identity)) {
        Ok(seat) => Hand::new(seat, desk.lounge.now()).take(&mut socket, &mut desk).await,
        Err(refusal) => {
            tracing::debug!(%refusal, "input refused");
            Some(CloseCode::GoingAway)
        }
    };
    let Some(code) = end else { return };
    let close = Message::Close(Some(close_frame(code)));
    let told = timeout(PING, socket.send(close)).await;
    // A server that ends waits no longer.
    drop(desk);
    if matches!(told, Ok(Ok(()))) {
        see_off(&mut socket).await;
    }
}

fn joining(identity: &Identity) -> Joining {
    let may_control = identity.has(Scope::Control);
    let kind = if identity.is_agent() { Kind::Agent } else { Kind::Person };
    let permission = if may_control { Permission::MayControl } else { Permission::ViewOnly };
    Joining::new(kind, identity.name().unwrap_or_default(), permission)
}

/// What one connection does to the desktop.
struct Hand {
    seat: Seat,
    throttle: Throttle,
    heard: Duration,
    pinged: Duration,
    has_let_go: bool,
}

impl Hand {
    fn new(seat: Seat, now: Duration) -> Self {
        Self { seat, throttle: Throttle::default(), heard: now, pinged: now, has_let_go: true }
    }

    /// Returns why it ends; `None` when the client is gone.
    async fn take(mut self, socket: &mut WebSocket, desk: &mut Desk) -> Option<CloseCode> {
        loop {
            let due = desk.lounge.at(self.due());
            let message = tokio::select! {
                message = socket.recv() => Some(message),
                () = sleep_until(due) => None,
                closing = desk.closing.wait_for(|closing| *closing) => {
                    drop(closing);
                    return Some(CloseCode::Stopping);
                }
            };
            let now = desk.lounge.now();
            let end = match message {
                Some(Some(Ok(Message::Close(_)) | Err(_)) | None) => return None,
                Some(Some(Ok(message))) => self.hear(now, &message),
                None => self.look(now),
            };
            if end.is_some() {
                return end;
            }
            if now >= self.pinged + PING {
                self.pinged = now;
                let ping = socket.send(Message::Ping(Vec::new().into()));
                if timeout(PING, ping).await.is_err() {
                    return None;
                }
            }
        }
    }

    fn due(&self) -> Duration {
        let hands = (!self.has_let_go).then_some(self.heard + HANDS);
        let others = [self.throttle.next_timeout(), hands];
        others.into_iter().flatten().fold((self.heard + SILENCE).min(self.pinged + PING), Duration::min)
    }

    fn hear(&mut self, now: Duration, message: &Message) -> Option<CloseCode> {
        self.heard = now;
        let bytes = if let Message::Binary(bytes) = message { &**bytes } else { &[] };
        if !InputMessage::is_move(bytes) && self.throttle.message(now).is_err() {
            return Some(CloseCode::Violation);
        }
        if let Some(event) = Viewer::read_input_message(bytes) {
            self.throttle.input(now, event);
            self.give();
        }
        None
    }

    fn look(&mut self, now: Duration) -> Option<CloseCode> {
        if now >= self.heard + SILENCE {
            return Some(CloseCode::GoingAway);
        }
        if now >= self.heard + HANDS && !self.has_let_go {
            self.has_let_go = true;
            self.seat.release_keys();
        }
        self.throttle.handle_timeout(now);
        self.give();
        None
    }

    fn give(&mut self) {
        while let Some(event) = self.throttle.poll() {
            self.has_let_go &= is_passing(&event);
            if let Err(refusal) = self.seat.input(event) {
                tracing::debug!(%refusal, "input refused");
            }
        }
    }
}

/// Whether nothing stays down by it.
const fn is_passing(event: &Event) -> bool {
    matches!(event, Event::MoveTo { .. } | Event::MoveBy { .. } | Event::Scroll(_) | Event::Text(_) | Event::Tap { .. })
}
