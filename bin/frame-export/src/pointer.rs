//! The pointer of a scanout, in the protocol's words.

use std::sync::Arc;

use lunette_capture::{CursorShape, Source};
use lunette_wire::hxfr::{self, CursorUpdate};

/// What is known of a source's pointer. A shape is converted once.
#[derive(Debug, Default)]
pub(crate) struct Pointer {
    followed: bool,
    changes: Option<u64>,
    shape: Option<(Arc<CursorShape>, hxfr::CursorShape)>,
}

impl Pointer {
    /// The pointer, when it has changed since the last look; rings the doorbell from now on when it changes again.
    pub(crate) fn look(&mut self, source: &mut dyn Source) -> Option<CursorUpdate> {
        if !std::mem::replace(&mut self.followed, true) {
            source.follow_cursor();
        }
        let cursor = source.cursor().filter(|cursor| cursor.changes > 0)?;
        if self.changes.replace(cursor.changes) == Some(cursor.changes) {
            return None;
        }
        let (visible, x, y) = (cursor.visible, cursor.x, cursor.y);
        Some(CursorUpdate { visible, x, y, shape: cursor.shape.and_then(|shape| self.convert(shape)) })
    }

    fn convert(&mut self, shape: Arc<CursorShape>) -> Option<hxfr::CursorShape> {
        if self.shape.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, &shape)) {
            self.shape = converted(&shape).map(|told| (shape, told));
        }
        self.shape.as_ref().map(|(_, told)| told.clone())
    }
}

/// The upper left part that can be told, its blue and red in each other's place.
fn converted(shape: &CursorShape) -> Option<hxfr::CursorShape> {
    const MAX: u16 = hxfr::CursorShape::MAX_SIDE;
    let told = |side: u32| u16::try_from(side).map_or(MAX, |side| side.min(MAX));
    let (width, height) = (told(shape.size.width), told(shape.size.height));
    let row = usize::try_from(shape.size.width).ok()?.checked_mul(4).filter(|row| *row > 0)?;
    let rows = shape.pixels.chunks_exact(row);
    let pixels = rows.take(usize::from(height)).flat_map(|row| row.chunks_exact(4).take(usize::from(width)));
    let bytes: Vec<u8> = pixels.flat_map(|bgra| [bgra[2], bgra[1], bgra[0], bgra[3]]).collect();
    hxfr::CursorShape::new(width, height, (shape.hot_x, shape.hot_y), bytes.into())
}

#[cfg(test)]
mod tests {
    use lunette_capture::{Cursor, Polled, SourceError};
    use lunette_frame::{Pts, Size};

    use super::*;

    struct Still(Option<Cursor>);

    impl Source for Still {
        fn poll(&mut self, _now: Pts) -> Result<Polled<'_>, SourceError> {
            Ok(Polled::Idle)
        }

        fn cursor(&self) -> Option<Cursor> {
            self.0.clone()
        }
    }

    fn shape(width: u32, height: u32, pixels: Vec<u8>) -> Arc<CursorShape> {
        Arc::new(CursorShape { size: Size::new(width, height), hot_x: 1, hot_y: -2, pixels })
    }

    #[test]
    fn a_pointer_is_told_when_it_changed_and_not_before_there_is_one() {
        let mut pointer = Pointer::default();
        assert_eq!(pointer.look(&mut Still(None)), None);
        assert_eq!(pointer.look(&mut Still(Some(Cursor::default()))), None, "nothing is known of it");
        let shape = Some(shape(1, 1, vec![1, 2, 3, 4]));
        let mut source = Still(Some(Cursor { shape, x: 5, y: 6, visible: true, changes: 1 }));
        let told = pointer.look(&mut source).unwrap();
        assert_eq!((told.visible, told.x, told.y), (true, 5, 6));
        assert_eq!(told.shape.map(|shape| shape.pixels().to_vec()), Some(vec![3, 2, 1, 4]));
        assert_eq!(pointer.look(&mut source), None);
    }

    #[test]
    fn a_shape_that_is_too_large_keeps_its_upper_left_part() {
        let pixels = (0..300).flat_map(|y| (0..300).flat_map(move |x| [u8::from(x == 255), 0, 0, u8::from(y == 255)]));
        let told = converted(&shape(300, 300, pixels.collect())).unwrap();
        assert_eq!((told.width(), told.height(), told.hot_spot()), (256, 256, (1, -2)));
        assert_eq!(told.pixels()[256 * 256 * 4 - 4..], [0, 0, 1, 1]);
        assert!(converted(&shape(0, 0, Vec::new())).is_none());
    }
}
