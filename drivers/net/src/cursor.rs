//! The pointer of a followed scanout, as one peer gets it.

use std::time::Duration;

use lunette_wire::hxfr::{CursorShape, CursorUpdate};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Least time between two updates: screens show no more, and units get their turn.
const SPACING: Duration = Duration::from_millis(8);

/// What one peer is to be told next. Whatever changes before it can be told is one change.
#[derive(Debug, Default)]
pub(crate) struct CursorFeed {
    feed: Option<watch::Receiver<Option<CursorUpdate>>>,
    /// The shape that the peer has.
    sent: Option<CursorShape>,
    not_before: Option<Instant>,
}

impl CursorFeed {
    /// Begins with what is known now.
    pub(crate) fn follow(&mut self, mut feed: watch::Receiver<Option<CursorUpdate>>) {
        feed.mark_changed();
        self.feed = Some(feed);
    }

    /// Waits for the next update; its shape is there only when the peer does not have it. Dropping the future loses
    /// nothing.
    pub(crate) async fn next(&mut self) -> CursorUpdate {
        let Some(feed) = &mut self.feed else { return std::future::pending().await };
        if let Some(at) = self.not_before {
            sleep_until(at).await;
        }
        let newest = loop {
            if feed.changed().await.is_err() {
                // The stream is gone, which the units say.
                return std::future::pending().await;
            }
            if let Some(newest) = feed.borrow_and_update().clone() {
                break newest;
            }
        };
        self.not_before = Some(Instant::now() + SPACING);
        let CursorUpdate { visible, x, y, shape } = newest;
        let shape = shape.filter(|shape| self.sent.as_ref() != Some(shape));
        if shape.is_some() {
            self.sent.clone_from(&shape);
        }
        CursorUpdate { visible, x, y, shape }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: i32, shade: Option<u8>) -> CursorUpdate {
        let shape = shade.and_then(|shade| CursorShape::new(1, 1, (0, 0), vec![shade; 4].into()));
        CursorUpdate { visible: true, x, y: 0, shape }
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_newest_place_is_told_and_a_shape_once() {
        let (sender, receiver) = watch::channel(None);
        let mut feed = CursorFeed::default();
        feed.follow(receiver);
        sender.send_replace(Some(at(1, Some(7))));
        assert_eq!(feed.next().await, at(1, Some(7)));
        for x in 2..9 {
            sender.send_replace(Some(at(x, Some(7))));
        }
        assert_eq!(feed.next().await, at(8, None));
        sender.send_replace(Some(at(8, Some(9))));
        assert_eq!(feed.next().await, at(8, Some(9)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_known_before_is_told_first() {
        let (_sender, mut receiver) = watch::channel(Some(at(5, None)));
        receiver.borrow_and_update();
        let mut feed = CursorFeed::default();
        feed.follow(receiver);
        assert_eq!(feed.next().await, at(5, None));
    }

    #[tokio::test(start_paused = true)]
    async fn updates_keep_their_distance() {
        let (sender, receiver) = watch::channel(Some(at(1, None)));
        let mut feed = CursorFeed::default();
        feed.follow(receiver);
        feed.next().await;
        let since = Instant::now();
        sender.send_replace(Some(at(2, None)));
        feed.next().await;
        assert!(since.elapsed() >= SPACING);
    }
}
