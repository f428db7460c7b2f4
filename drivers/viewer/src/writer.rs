//! The one task that writes to a viewer's socket.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use futures_util::{Sink, SinkExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Messages that may wait: pictures are paced, so these are mostly small.
const QUEUE: usize = 1024;
/// Places that are kept for why the connection ends, and its end.
const LAST: usize = 2;
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

/// Why a message is not queued.
pub(crate) enum CannotWrite {
    /// The queue is full; this was not taken.
    Full(Message),
    /// The peer is gone.
    Gone,
}

impl Writer {
    pub(crate) fn new(sink: impl Sink<Message> + Send + Unpin + 'static) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE + LAST);
        let drained = Arc::new(Notify::new());
        let task = tokio::spawn(write(sink, messages, Arc::clone(&drained)));
        Self { drained, queue: Some(queue), task: Some(task) }
    }

    /// Queues a message. Never waits.
    pub(crate) fn send(&self, message: Message) -> Result<(), CannotWrite> {
        let queue = self.queue.as_ref().ok_or(CannotWrite::Gone)?;
        if queue.capacity() <= LAST && !queue.is_closed() {
            return Err(CannotWrite::Full(message));
        }
        queue.try_send(message).map_err(|_| CannotWrite::Gone)
    }

    /// Queues one of the last two messages, for which there is always a place.
    pub(crate) fn send_last(&self, message: Message) -> Result<(), CannotWrite> {
        let queue = self.queue.as_ref().ok_or(CannotWrite::Gone)?;
        queue.try_send(message).map_err(|_| CannotWrite::Gone)
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.as_ref().is_none_or(|queue| queue.capacity() == QUEUE + LAST)
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

async fn write(mut sink: impl Sink<Message> + Unpin, mut messages: mpsc::Receiver<Message>, drained: Arc<Notify>) {
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
