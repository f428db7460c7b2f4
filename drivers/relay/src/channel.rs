//! A data channel: bytes of a connection as binary messages of a WebSocket.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use lunette_dial::timing::{LINGER, PING, SILENCE, STALL};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::socket::Socket;
use crate::target::Io;

/// Bytes in one message.
const CHUNK: usize = 32 << 10;

/// Carries bytes both ways until either side has ended, and what it sent has arrived.
///
/// There is no half of an end: when the connection behind `io` has no more to say, the WebSocket is closed. When the
/// WebSocket is closed, `io` is.
pub(crate) async fn pump(socket: Socket, io: impl Io) {
    let (sink, stream) = socket.split();
    let (read, write) = tokio::io::split(io);
    let (up, down) = (send_all(sink, read), receive_all(stream, write));
    tokio::pin!(up, down);
    tokio::select! {
        // Nothing more will be sent: what the peer still says is read, or its end would be a reset of ours.
        () = &mut up => drop(timeout(LINGER, down).await),
        () = &mut down => {}
    }
}

/// From the connection into the WebSocket, with pings in between.
async fn send_all(mut sink: SplitSink<Socket, Message>, mut read: ReadHalf<impl Io>) {
    let mut buffer = vec![0; CHUNK];
    let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
    loop {
        let message = tokio::select! {
            count = read.read(&mut buffer) => match count {
                Ok(count) if count > 0 => Message::Binary(Bytes::copy_from_slice(&buffer[..count])),
                _ => break,
            },
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
        if !is_done(STALL, sink.send(message)).await {
            return;
        }
    }
    is_done(LINGER, sink.send(Message::Close(None))).await;
}

/// From the WebSocket into the connection.
async fn receive_all(mut stream: SplitStream<Socket>, mut write: WriteHalf<impl Io>) {
    while let Ok(Some(Ok(message))) = timeout(SILENCE, stream.next()).await {
        match message {
            Message::Binary(bytes) => {
                if !is_done(STALL, write.write_all(&bytes)).await {
                    return;
                }
            }
            Message::Close(_) => break,
            // The peer is no data channel.
            Message::Text(_) => return,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
    is_done(LINGER, write.shutdown()).await;
}

async fn is_done<E>(limit: Duration, doing: impl Future<Output = Result<(), E>>) -> bool {
    matches!(timeout(limit, doing).await, Ok(Ok(())))
}
