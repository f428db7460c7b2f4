//! The one task that writes to a viewer's socket.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Messages that may wait: pictures are paced, so these are mostly small.
const QUEUE: usize = 1024;
/// For one message; a peer that takes nothing for so long is gone.
const WRITE: Duration = Duration::from_secs(30);
/// For what is queued when the connection ends.
const FAREWELL: Duration = Duration::from_secs(3);

pub(crate) struct Writer {
    /// Rung when everything is written.
    drained: Arc<Notify>,
    queue: Option<mpsc::Sender<Message>>,
    /// `None` once it has ended.
    task: Option<JoinHandle<()>>,
}

/// The queue is full, or the peer is gone.
pub(crate) struct CannotWrite;

impl Writer {
    pub(crate) fn new(sink: SplitSink<WebSocket, Message>) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        let drained = Arc::new(Notify::new());
        let task = tokio::spawn(write(sink, messages, Arc::clone(&drained)));
        Self { drained, queue: Some(queue), task: Some(task) }
    }

    /// Queues a message. Never waits.
    pub(crate) fn send(&self, message: Message) -> Result<(), CannotWrite> {
        let queue = self.queue.as_ref().ok_or(CannotWrite)?;
        queue.try_send(message).map_err(|_| CannotWrite)
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.as_ref().is_none_or(|queue| queue.capacity() == QUEUE)
    }

    /// What rings when nothing waits to be written any more.
    pub(crate) fn drained(&self) -> Arc<Notify> {
        Arc::clone(&self.drained)
    }

    /// Waits until the peer is gone: a write failed.
    pub(crate) async fn broken(&mut self) {
        match &mut self.task {
            Some(task) => {
                // It does not panic, and is not aborted before this is dropped.
                let _ = task.await;
                self.task = None;
            }
            None => std::future::pending().await,
        }
    }

    /// Lets what is queued be written, for a moment.
    pub(crate) async fn finish(mut self) {
        self.queue = None;
        if let Some(task) = &mut self.task
            && timeout(FAREWELL, task).await.is_ok()
        {
            self.task = None;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut messages: mpsc::Receiver<Message>, drained: Arc<Notify>) {
    while let Some(message) = messages.recv().await {
        let closing = matches!(message, Message::Close(_));
        match timeout(WRITE, sink.send(message)).await {
            Ok(Ok(())) if !closing => {
                if messages.is_empty() {
                    drained.notify_one();
                }
            }
            _ => return,
        }
    }
}
