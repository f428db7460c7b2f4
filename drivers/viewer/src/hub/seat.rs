//! A viewer's place at a hub.

use std::sync::Arc;
use std::time::Duration;

use lunette_frame::BitRate;
use lunette_session::{Entry, Flow, SubscriberId};
use tokio::sync::watch;

use super::shared::Shared;
use crate::{NoVideo, Unit, Waiting, Watching};

pub(super) struct HubSeat {
    shared: Arc<Shared>,
    id: SubscriberId,
    progress: watch::Receiver<u64>,
}

impl HubSeat {
    pub(super) fn new(shared: Arc<Shared>, entry: Entry) -> Self {
        let progress = shared.progress.subscribe();
        let id = shared.with(|fanout, now| fanout.join_as(entry, now));
        Self { shared, id, progress }
    }
}

impl Drop for HubSeat {
    fn drop(&mut self) {
        self.shared.with(|fanout, _| fanout.leave(self.id));
    }
}

impl Watching for HubSeat {
    fn subscriber(&self) -> SubscriberId {
        self.id
    }

    fn next(&mut self) -> Waiting<'_, Result<Unit, NoVideo>> {
        Box::pin(async move {
            loop {
                self.progress.borrow_and_update();
                if let Some(unit) = self.shared.pop(self.id) {
                    let passage = self.shared.look(|fanout, _| fanout.passage(self.id));
                    let replay = passage.is_some_and(|passage| passage.replay);
                    // The time that a replayed one was encoded at is not kept.
                    let latency = if replay { None } else { self.shared.encode_latency() };
                    let encoded = latency.map(|latency| unit.pts.after(latency));
                    return Ok(Unit { unit, replay, encoded });
                }
                if self.progress.changed().await.is_err() {
                    let reason = "This desktop's picture has ended.".to_owned();
                    return Err(NoVideo { reason, detail: String::new() });
                }
            }
        })
    }

    fn queued_for(&self) -> Duration {
        self.shared.look(|fanout, now| fanout.queued_age(self.id, now)).unwrap_or_default()
    }

    fn fall_behind(&mut self) {
        self.shared.with(|fanout, _| fanout.fall_behind(self.id));
    }

    fn hold(&mut self, flow: Flow) {
        self.shared.with(|fanout, _| fanout.hold(self.id, flow));
    }

    fn set_rate(&mut self, rate: Option<BitRate>) {
        self.shared.with(|fanout, _| fanout.set_rate(self.id, rate));
    }
}
