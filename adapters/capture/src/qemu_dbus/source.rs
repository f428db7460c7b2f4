//! The pictures of one scanout, as a pipeline polls them.

use std::sync::Arc;

use lunette_frame::{Damage, Pts, ScanoutId, Size};
use tokio::sync::mpsc;

use super::machine::Command;
use super::pixels::Pixels;
use super::store::{ReaderKey, Store, Taken};
use crate::{Cursor, Doorbell, Frame, Polled, Source, SourceError};

/// Looks at a store's newest picture. The picture that it handed out stays as it is until the next poll.
#[derive(Debug)]
pub(super) struct QemuSource {
    id: ScanoutId,
    store: Arc<Store>,
    key: ReaderKey,
    held: Option<Arc<Pixels>>,
    damage: Damage,
    /// Number of the first picture that it took, from which it counts.
    first: Option<u64>,
    commands: mpsc::WeakSender<Command>,
}

impl QemuSource {
    pub(super) fn new(
        id: ScanoutId,
        store: Arc<Store>,
        doorbell: &Arc<Doorbell>,
        commands: mpsc::WeakSender<Command>,
    ) -> Self {
        let key = store.attach(doorbell);
        Self { id, store, key, held: None, damage: Damage::none(Size::new(0, 0)), first: None, commands }
    }
}

impl Source for QemuSource {
    fn poll(&mut self, _now: Pts) -> Result<Polled<'_>, SourceError> {
        let (pixels, captured, number) = match self.store.take(self.key, &mut self.damage) {
            Taken::Picture(pixels, captured, number) => (pixels, captured, number),
            Taken::Nothing => return Ok(Polled::Idle),
            Taken::Ended => return Ok(Polled::Ended),
            Taken::Fault(fault) => return Err(fault.into()),
        };
        let number = number - *self.first.get_or_insert(number);
        let picture = self.held.insert(pixels).picture()?;
        Ok(Polled::Frame(Frame { picture, damage: &self.damage, captured, number }))
    }

    fn cursor(&self) -> Option<Cursor> {
        Some(self.store.cursor())
    }

    fn follow_cursor(&mut self) {
        self.store.follow_cursor(self.key);
    }
}

impl Drop for QemuSource {
    fn drop(&mut self) {
        if !self.store.detach(self.key) {
            return;
        }
        if let Some(commands) = self.commands.upgrade() {
            // A full queue costs no more than a listener that nobody needs.
            let _ = commands.try_send(Command::Unwatched(self.id));
        }
    }
}
