//! The input socket of one desktop.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use lunette_frame::Size;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{self, JoinSet};
use tokio::time::{sleep, timeout};

use crate::lines::{Line, Lines};
use crate::{Action, ClientId, Frame, Hands, InputError, Refusal, Sink, line};

/// Clients at once; further ones wait until one leaves.
pub const MOST_CLIENTS: usize = 64;
/// A client that holds something and says nothing for so long has lost it: its window is gone, or it hangs.
pub const IDLE: Duration = Duration::from_secs(60);
/// A client that takes no answer for so long gets no more.
const ANSWER: Duration = Duration::from_secs(5);
/// Before clients are accepted again, after descriptors ran out.
const PAUSE: Duration = Duration::from_millis(100);
/// Actions that wait for the owner of the devices; a client whose action waits is not read.
const WAITING: usize = 64;

/// An action, and where its outcome goes.
struct Asked {
    client: ClientId,
    action: Action,
    answer: oneshot::Sender<Result<(), Refusal>>,
}

/// Serves clients until `cancel` is done. What they hold then goes up.
///
/// `size` tells the size of the screen, of which positions are pixels.
///
/// # Errors
/// When a device is gone.
pub async fn serve<S: Sink>(
    listener: UnixListener,
    sink: S,
    mut size: watch::Receiver<Size>,
    cancel: impl Future<Output = ()>,
) -> Result<(), InputError> {
    let hands = Hands::new(*size.borrow_and_update());
    let (asking, mut asked) = mpsc::channel(WAITING);
    let mut desk = Desk { hands, sink, clients: JoinSet::new(), served: HashMap::new(), last_client: 0 };
    let mut cancel = pin!(cancel);
    loop {
        tokio::select! {
            () = &mut cancel => return desk.close(),
            stream = accept(&listener), if desk.clients.len() < MOST_CLIENTS => desk.welcome(stream, asking.clone()),
            Some(asked) = asked.recv() => desk.act(asked)?,
            Some(ended) = desk.clients.join_next_with_id() => {
                desk.part(ended.map_or_else(|error| error.id(), |(id, ())| id))?;
            }
            Ok(()) = size.changed() => desk.hands.resize(*size.borrow_and_update()),
        }
    }
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a client of the input socket");
                sleep(PAUSE).await;
            }
        }
    }
}

/// The one owner of the devices.
struct Desk<S> {
    hands: Hands,
    sink: S,
    clients: JoinSet<()>,
    /// Which client a task serves: also one that panicked lets go.
    served: HashMap<task::Id, ClientId>,
    last_client: u64,
}

impl<S: Sink> Desk<S> {
    fn welcome(&mut self, stream: UnixStream, asking: mpsc::Sender<Asked>) {
        self.last_client += 1;
        let client = ClientId(self.last_client);
        let task = self.clients.spawn(attend(client, stream, asking)).id();
        self.served.insert(task, client);
    }

    fn act(&mut self, asked: Asked) -> Result<(), InputError> {
        let outcome = self.hands.act(asked.client, asked.action);
        let emitted = outcome.as_deref().map_or(Ok(()), |frames| self.emit(frames));
        let answer = if emitted.is_err() { Err(Refusal::Broken) } else { outcome.map(|_| ()) };
        // A client that left does not wait for it.
        let _ = asked.answer.send(answer);
        emitted
    }

    fn part(&mut self, task: task::Id) -> Result<(), InputError> {
        let Some(client) = self.served.remove(&task) else { return Ok(()) };
        let frames = self.hands.release(client);
        self.emit(&frames)
    }

    fn close(mut self) -> Result<(), InputError> {
        let tasks: Vec<task::Id> = self.served.keys().copied().collect();
        tasks.into_iter().try_for_each(|task| self.part(task))
    }

    fn emit(&mut self, frames: &[Frame]) -> Result<(), InputError> {
        frames.iter().try_for_each(|frame| Ok(self.sink.emit(frame.device, &frame.events)?))
    }
}

/// Serves one client until it leaves.
async fn attend(client: ClientId, stream: UnixStream, asking: mpsc::Sender<Asked>) {
    let (reader, writer) = stream.into_split();
    let (mut lines, mut writer) = (Lines::new(reader), BufWriter::new(writer));
    loop {
        let outcome = match timeout(IDLE, lines.next()).await {
            Ok(Ok(Line::Whole(bytes))) => match line::parse(&bytes) {
                Ok(action) => ask(&asking, client, action).await,
                Err(refusal) => Err(refusal),
            },
            Ok(Ok(Line::TooLong)) => Err(Refusal::TooLong),
            Ok(Ok(Line::End) | Err(_)) => return,
            Err(_) => ask(&asking, client, Action::Release).await,
        };
        let Err(refusal) = outcome else { continue };
        let answered = matches!(timeout(ANSWER, answer(&mut writer, &refusal)).await, Ok(Ok(())));
        if !answered || matches!(refusal, Refusal::TooLong | Refusal::Broken) {
            return;
        }
    }
}

async fn ask(asking: &mpsc::Sender<Asked>, client: ClientId, action: Action) -> Result<(), Refusal> {
    let (answer, outcome) = oneshot::channel();
    asking.send(Asked { client, action, answer }).await.map_err(|_| Refusal::Broken)?;
    outcome.await.unwrap_or(Err(Refusal::Broken))
}

async fn answer(writer: &mut BufWriter<OwnedWriteHalf>, refusal: &Refusal) -> std::io::Result<()> {
    let line = serde_json::json!({ "error": refusal.to_string() }).to_string() + "\n";
    writer.write_all(line.as_bytes()).await?;
    writer.flush().await
}
