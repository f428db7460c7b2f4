//! The task that carries a stream to the decoding thread.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::SnapshotError;
use crate::decode::{Order, Reader};
use crate::feed::Feed;
use crate::state::{Failure, Shared};

/// Units between the task and the thread. When it is full the stream waits, and takes us to a later IDR.
const QUEUE: usize = 8;
/// Subscriptions in a row that gave not one picture.
const ATTEMPTS: u32 = 3;

/// What the task asks its owner.
pub(crate) trait Owner: Send + Sync {
    /// A new subscription.
    fn subscribe(&self) -> Result<Box<dyn Feed>, String>;

    /// When to ask again, as long as somebody may look; `None` when nobody looks any more, and then it ends.
    fn wanted_until(&self, now: Instant) -> Option<Instant>;
}

/// Why a subscription was left.
enum End {
    Unwanted,
    Feed(String),
    Decode(String),
}

/// Carries the stream until nobody looks any more. What goes wrong is told to who waits, and ends it.
pub(crate) async fn run(owner: Arc<dyn Owner>, shared: Arc<Shared>) {
    let mut barren = 0;
    while barren < ATTEMPTS {
        let (pictures, end) = match owner.subscribe() {
            Ok(feed) => subscription(feed, &*owner, &shared).await,
            Err(cause) => (0, End::Feed(cause)),
        };
        match end {
            End::Unwanted => return,
            End::Feed(cause) => return fail(&shared, Failure::Feed(cause)),
            End::Decode(cause) if barren + 1 == ATTEMPTS && pictures == 0 => {
                return fail(&shared, Failure::Decode(cause));
            }
            End::Decode(cause) => {
                tracing::warn!(cause, "the stream does not decode; starting again at an IDR");
                barren = if pictures == 0 { barren + 1 } else { 0 };
                shared.change(|state| (state.live, state.waiting) = (false, 0));
            }
        }
    }
}

fn fail(shared: &Shared, failure: Failure) {
    shared.change(|state| (state.live, state.failure) = (false, Some(failure)));
}

/// One subscription; how many pictures it gave, and why it was left.
async fn subscription(mut feed: Box<dyn Feed>, owner: &dyn Owner, shared: &Arc<Shared>) -> (u64, End) {
    let (orders, received) = mpsc::channel(QUEUE);
    let decoded = match start(Arc::clone(shared), received) {
        Ok(decoded) => decoded,
        Err(error) => return (0, End::Feed(lunette_cause::chain(&error))),
    };
    let end = carry(&mut *feed, owner, shared, &orders).await;
    drop(orders);
    match (decoded.await, end) {
        (Ok((pictures, Err(cause))), None) => (pictures, End::Decode(cause)),
        (Ok((pictures, _)), Some(end)) => (pictures, end),
        (_, end) => (0, end.unwrap_or_else(|| End::Decode("the decoder panicked".to_owned()))),
    }
}

/// `None` when the thread takes no more.
async fn carry(feed: &mut dyn Feed, owner: &dyn Owner, shared: &Shared, orders: &mpsc::Sender<Order>) -> Option<End> {
    let mut caught_up = false;
    let mut wake = Instant::now();
    loop {
        let order = tokio::select! {
            biased;
            unit = feed.next() => match unit {
                Ok((frame, unit)) => {
                    shared.change(|state| state.waiting += 1);
                    Order::Unit(frame, unit, Instant::now())
                }
                Err(cause) => return Some(End::Feed(cause)),
            },
            () = std::future::ready(()), if !caught_up => {
                caught_up = true;
                Order::CaughtUp(Instant::now())
            }
            () = orders.closed() => return None,
            () = sleep_until(wake) => match owner.wanted_until(Instant::now()) {
                Some(until) => {
                    wake = until;
                    continue;
                }
                None => return Some(End::Unwanted),
            },
        };
        // A unit after the thread was told is newer than what it knew: it tells again when that is decoded.
        caught_up &= !matches!(order, Order::Unit(..)) || shared.state().live;
        orders.send(order).await.ok()?;
    }
}

type Decoded = oneshot::Receiver<(u64, Result<(), String>)>;

fn start(shared: Arc<Shared>, orders: mpsc::Receiver<Order>) -> Result<Decoded, SnapshotError> {
    let (done, decoded) = oneshot::channel();
    let work = move || {
        let result = match Reader::new(shared) {
            Ok(reader) => reader.run(orders),
            Err(cause) => (0, Err(cause)),
        };
        // Nobody waits when the task was ended.
        _ = done.send(result);
    };
    std::thread::Builder::new().name("snapshot".to_owned()).spawn(work).map_err(SnapshotError::Thread)?;
    Ok(decoded)
}
