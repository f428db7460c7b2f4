//! How much a scanout has shown, readable without a lock.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use lunette_frame::{Pts, Size};

/// Whether a scanout can have pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There is no such scanout, or its machine cannot be reached.
    Absent,
    /// It is not enabled.
    Off,
    /// It is enabled.
    On,
}

/// How a scanout is doing. Its counts start anew when it is enabled after it was off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanoutStatus {
    /// Whether it can have pictures.
    pub presence: Presence,
    /// Size of its newest picture.
    pub size: Option<Size>,
    /// When that was captured, or told of where nobody captured it.
    pub newest: Option<Pts>,
    /// Pictures so far, also those that nobody took.
    pub pictures: u64,
    /// Times that its pointer moved or changed.
    pub cursor_changes: u64,
}

impl ScanoutStatus {
    /// Of a scanout that has shown nothing.
    #[must_use]
    pub const fn empty(presence: Presence) -> Self {
        Self { presence, size: None, newest: None, pictures: 0, cursor_changes: 0 }
    }
}

/// Counts what a scanout shows. Written by one thread, read by any: what is read may be of two neighbouring pictures.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    pictures: AtomicU64,
    cursor_changes: AtomicU64,
    /// Nanoseconds; 0 before the first picture.
    newest: AtomicU64,
    /// Width in the upper half, height in the lower; 0 before the first picture.
    size: AtomicU64,
}

impl Gauge {
    /// A picture that stands for `updates` updates of the machine.
    pub(crate) fn picture(&self, size: Size, captured: Pts, updates: u64) {
        self.size.store(u64::from(size.width) << 32 | u64::from(size.height), Relaxed);
        self.newest.store(captured.as_nanos(), Relaxed);
        self.pictures.fetch_add(updates, Relaxed);
    }

    /// The pointer moved or changed.
    pub(crate) fn cursor(&self) {
        self.cursor_changes.fetch_add(1, Relaxed);
    }

    /// What was counted, for a scanout that is as present as this.
    pub(crate) fn read(&self, presence: Presence) -> ScanoutStatus {
        let (size, newest) = (self.size.load(Relaxed), self.newest.load(Relaxed));
        let side = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        ScanoutStatus {
            presence,
            size: (size != 0).then(|| Size::new(side(size >> 32), side(size))),
            newest: (newest != 0).then(|| Pts::from_nanos(newest)),
            pictures: self.pictures.load(Relaxed),
            cursor_changes: self.cursor_changes.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_read() {
        let gauge = Gauge::default();
        assert_eq!(gauge.read(Presence::Off), ScanoutStatus::empty(Presence::Off));
        let size = Size::new(16_384, 9);
        gauge.picture(Size::new(1, 1), Pts::from_nanos(5), 2);
        gauge.picture(size, Pts::from_nanos(7), 1);
        gauge.cursor();
        let (size, newest) = (Some(size), Some(Pts::from_nanos(7)));
        let expected = ScanoutStatus { presence: Presence::On, size, newest, pictures: 3, cursor_changes: 1 };
        assert_eq!(gauge.read(Presence::On), expected);
    }
}
