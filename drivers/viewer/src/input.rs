//! `/ws/input`: input alone, without a picture, for clients that send it so.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use lunette_auth::{Identity, Scope};
use lunette_input_events::{Kind, Permission};
use lunette_session::{Hears, Joining, Viewer};
use tokio::time::timeout;

use crate::Desk;

/// A client that says nothing for so long, not even pong, is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// Between two pings.
const PING: Duration = Duration::from_secs(10);

/// Takes input until the connection ends; what was held down then comes up.
pub async fn serve_input(mut socket: WebSocket, mut desk: Desk, identity: Identity) {
    let may_control = identity.has(Scope::Control);
    let joining = Joining {
        kind: if identity.is_agent() { Kind::Agent } else { Kind::Person },
        name: identity.name().unwrap_or_default().to_owned(),
        permission: if may_control { Permission::MayControl } else { Permission::ViewOnly },
        unique_id: None,
        user_id: String::new(),
        avatar_url: String::new(),
        hears: Hears::Nothing,
    };
    let Ok(seat) = desk.lounge.join(joining) else { return };
    let mut heard = desk.lounge.now();
    loop {
        let message = tokio::select! {
            message = timeout(PING, socket.recv()) => message,
            closing = desk.closing.wait_for(|closing| *closing) => {
                drop(closing);
                return;
            }
        };
        match message {
            Ok(Some(Ok(Message::Binary(bytes)))) => {
                if let Some(event) = Viewer::read_input_message(&bytes)
                    && let Err(refusal) = seat.input(event)
                {
                    tracing::debug!(%refusal, "input refused");
                }
            }
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
            Ok(Some(Ok(_))) => {}
            Err(_) if desk.lounge.now().saturating_sub(heard) > SILENCE => return,
            Err(_) => {
                if timeout(PING, socket.send(Message::Ping(Vec::new().into()))).await.is_err() {
                    return;
                }
                continue;
            }
        }
        heard = desk.lounge.now();
    }
}
