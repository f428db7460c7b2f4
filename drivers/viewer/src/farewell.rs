//! Ends of connections that the peer gets to read.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{Stream, StreamExt};
use lunette_wire::stream::{CloseCode, ServerMessage, StreamError};
use tokio::time::timeout;

/// For a peer to close when it was told to.
const FAREWELL: Duration = Duration::from_secs(3);

/// Says why, and closes.
pub async fn farewell(mut socket: WebSocket, code: CloseCode, error: StreamError) {
    let told = async {
        socket.send(Message::Binary(ServerMessage::StreamError(error).encode())).await?;
        socket.send(Message::Close(Some(close_frame(code)))).await
    };
    // Who takes not even that is gone.
    if matches!(timeout(FAREWELL, told).await, Ok(Ok(()))) {
        see_off(&mut socket).await;
    }
}

pub(crate) fn close_frame(code: CloseCode) -> CloseFrame {
    CloseFrame { code: code.code(), reason: code.reason().into() }
}

/// Reads on until the peer has closed too: a socket that is dropped with something unread is reset, and what was sent last
/// may never be read. It also sends the answer to a close of the peer's.
pub(crate) async fn see_off<E>(stream: &mut (impl Stream<Item = Result<Message, E>> + Unpin)) {
    // Who does not close is not waited for.
    let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}
