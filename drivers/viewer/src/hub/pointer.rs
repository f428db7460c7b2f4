//! The desktop's own pointer, as viewers are told of it.

use bytes::Bytes;
use lunette_input_events::ParticipantId;
use lunette_wire::hxfr::CursorUpdate;
use lunette_wire::stream::{CursorBitmap, CursorImage, CursorName, ServerMessage};

/// What is known of it. The host names a shape only when it is another one.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    shape: Option<Shape>,
}

#[derive(Debug, Clone)]
struct Shape {
    bitmap: CursorBitmap,
    hot_x: i32,
    hot_y: i32,
}

impl Pointer {
    /// How it is after a change: with its pixels, always, since without them there is none to see.
    pub(super) fn update(&mut self, cursor: &CursorUpdate) -> Option<ServerMessage> {
        let last_mover = ParticipantId(0);
        let renewed = cursor.shape.as_ref().and_then(|shape| {
            let bitmap = CursorBitmap::rgba(shape.width().into(), shape.height().into(), straight(shape.pixels()))?;
            let (hot_x, hot_y) = shape.hot_spot();
            Some(Shape { bitmap, hot_x, hot_y })
        });
        self.shape = renewed.or(self.shape.take());
        if !cursor.visible {
            let name = "none".to_owned();
            return Some(ServerMessage::CursorName(CursorName { last_mover, hot_x: 0, hot_y: 0, name }));
        }
        let Shape { bitmap, hot_x, hot_y } = self.shape.clone()?;
        let bitmap = Some(bitmap);
        Some(ServerMessage::CursorImage(CursorImage { last_mover, x: cursor.x, y: cursor.y, hot_x, hot_y, bitmap }))
    }
}

/// Browsers want colours that are not multiplied by alpha.
fn straight(pixels: &[u8]) -> Bytes {
    let mut straight = pixels.to_vec();
    for pixel in straight.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        for colour in &mut pixel[..3] {
            // What cannot be seen has no other colour either.
            let share = (u32::from(*colour) * 255 + alpha / 2).checked_div(alpha);
            *colour = share.map_or(*colour, |share| u8::try_from(share).unwrap_or(u8::MAX));
        }
    }
    straight.into()
}

#[cfg(test)]
mod tests {
    use lunette_wire::hxfr::CursorShape;

    use super::*;

    #[test]
    fn a_pointer_that_moves_or_is_shown_again_has_its_pixels() {
        let shape = CursorShape::new(1, 1, (0, 0), vec![255; 4].into());
        let update = |visible, shape| CursorUpdate { visible, x: 1, y: 2, shape };
        let has_pixels = |message| match message {
            Some(ServerMessage::CursorImage(image)) => Some(image.bitmap.is_some()),
            _ => None,
        };
        let mut pointer = Pointer::default();
        assert_eq!(has_pixels(pointer.update(&update(true, shape))), Some(true));
        assert_eq!(has_pixels(pointer.update(&update(true, None))), Some(true), "it only moved");
        assert_eq!(has_pixels(pointer.update(&update(false, None))), None);
        assert_eq!(has_pixels(pointer.update(&update(true, None))), Some(true));
    }

    #[test]
    fn colours_come_back_as_they_were_before_alpha() {
        assert_eq!(*straight(&[128, 64, 0, 128]), [255, 128, 0, 128]);
        assert_eq!(*straight(&[7, 7, 7, 0, 9, 9, 9, 255]), [7, 7, 7, 0, 9, 9, 9, 255]);
    }
}
