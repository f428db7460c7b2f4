//! A viewer's place at a hub.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::BitRate;
use lunette_input_events::ParticipantId;
use lunette_session::SubscriberId;
use lunette_wire::hxfr::CursorUpdate;
use lunette_wire::stream::{CursorBitmap, CursorImage, CursorName, ServerMessage};
use tokio::sync::watch;

use super::shared::Shared;
use crate::{NoVideo, Unit, Waiting, Watching};

pub(super) struct HubSeat {
    shared: Arc<Shared>,
    id: SubscriberId,
    progress: watch::Receiver<u64>,
}

impl HubSeat {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let progress = shared.progress.subscribe();
        let id = shared.with(|fanout, now| fanout.join(now));
        Self { shared, id, progress }
    }
}

impl Drop for HubSeat {
    fn drop(&mut self) {
        self.shared.with(|fanout, _| fanout.leave(self.id));
    }
}

impl Watching for HubSeat {
    fn next(&mut self) -> Waiting<'_, Result<Unit, NoVideo>> {
        Box::pin(async move {
            loop {
                self.progress.borrow_and_update();
                if let Some(unit) = self.shared.pop(self.id) {
                    let passage = self.shared.look(|fanout, _| fanout.passage(self.id));
                    let replay = passage.is_some_and(|passage| passage.replay);
                    return Ok(Unit { unit, replay, encoded: None });
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

    fn set_rate(&mut self, rate: Option<BitRate>) {
        self.shared.with(|fanout, _| fanout.set_rate(self.id, rate));
    }

    fn request_idr(&mut self) {
        self.shared.with(|fanout, _| fanout.request_idr(self.id));
    }
}

/// A pointer as viewers are told of it.
pub(super) fn pointer_messages(cursor: &CursorUpdate) -> Option<ServerMessage> {
    let last_mover = ParticipantId(0);
    if !cursor.visible {
        return Some(ServerMessage::CursorName(CursorName { last_mover, hot_x: 0, hot_y: 0, name: "none".to_owned() }));
    }
    let shape = cursor.shape.as_ref()?;
    let bitmap = CursorBitmap::rgba(shape.width().into(), shape.height().into(), straight(shape.pixels()))?;
    let (hot_x, hot_y) = shape.hot_spot();
    Some(ServerMessage::CursorImage(CursorImage {
        last_mover,
        x: cursor.x,
        y: cursor.y,
        hot_x,
        hot_y,
        bitmap: Some(bitmap),
    }))
}

/// Browsers want colours that are not multiplied by alpha.
fn straight(pixels: &[u8]) -> Bytes {
    let mut straight = pixels.to_vec();
    for pixel in straight.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        if alpha > 0 {
            for colour in &mut pixel[..3] {
                *colour = u8::try_from((u32::from(*colour) * 255 + alpha / 2) / alpha).unwrap_or(u8::MAX);
            }
        }
    }
    straight.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_back_as_they_were_before_alpha() {
        assert_eq!(*straight(&[128, 64, 0, 128]), [255, 128, 0, 128]);
        assert_eq!(*straight(&[7, 7, 7, 0, 9, 9, 9, 255]), [7, 7, 7, 0, 9, 9, 9, 255]);
    }
}
