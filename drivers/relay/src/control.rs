//! One control channel on a socket, at either end: orders go out, what comes in is told.

use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use lunette_dial::timing::{LINGER, STALL};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::socket::Socket;

/// Orders that wait for a socket. One that has not taken so many is lost.
pub(crate) const MAX_ORDERS: usize = 512;

/// What a control channel's socket is to do.
#[derive(Debug)]
pub(crate) enum Say {
    Bytes(Vec<u8>),
    Ping,
    Close(u16, &'static str),
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum Heard {
    Bytes(Bytes),
    /// A ping or a pong.
    Life,
    /// The last that comes, with the code of the close frame.
    Lost(Option<u16>),
}

/// Runs a control channel until it ends, or nobody gives orders any more. `tell` is asked to tell; `false` ends it.
pub(crate) async fn run<F>(socket: Socket, mut orders: mpsc::Receiver<Say>, mut tell: impl FnMut(Heard) -> F)
where
    F: Future<Output = bool>,
{
    let (mut sink, mut stream) = socket.split();
    let code = loop {
        tokio::select! {
            message = stream.next() => {
                let heard = match message {
                    Some(Ok(Message::Binary(bytes))) => Heard::Bytes(bytes),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Heard::Life,
                    Some(Ok(Message::Close(frame))) => break frame.map(|frame| frame.code.into()),
                    Some(Ok(Message::Text(_) | Message::Frame(_)) | Err(_)) | None => break None,
                };
                if !tell(heard).await {
                    break None;
                }
            }
            order = orders.recv() => match order {
                Some(Say::Bytes(bytes)) => if !send(&mut sink, Message::Binary(bytes.into())).await { break None },
                Some(Say::Ping) => if !send(&mut sink, Message::Ping(Bytes::new())).await { break None },
                Some(Say::Close(code, reason)) => {
                    let frame = CloseFrame { code: code.into(), reason: reason.into() };
                    send(&mut sink, Message::Close(Some(frame))).await;
                    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
                    drop(timeout(LINGER, rest).await);
                    return;
                }
                None => break None,
            },
        }
    };
    tell(Heard::Lost(code)).await;
}

async fn send(sink: &mut SplitSink<Socket, Message>, message: Message) -> bool {
    matches!(timeout(STALL, sink.send(message)).await, Ok(Ok(())))
}
