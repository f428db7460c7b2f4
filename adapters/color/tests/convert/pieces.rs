//! Rectangles: together they make the whole picture, and alone they leave the rest as it was.

use lunette_color::convert;
use lunette_frame::{Damage, Picture, PixelFormat, Rect, Size};
use proptest::prelude::*;

use crate::source::{PACKED, Source, TARGETS, samples, ycc};

const FROM: [PixelFormat; 6] = [PACKED[0], PACKED[1], PACKED[2], PACKED[3], TARGETS[0], TARGETS[1]];

/// A picture, the format to make of it, and where to cut it.
fn case() -> impl Strategy<Value = (Source, PixelFormat, Rect)> {
    let picture = (0..FROM.len(), 0..TARGETS.len(), 1..400u32, 1..40u32, 0..70usize, any::<u64>());
    picture.prop_flat_map(|(from, to, width, height, padding, seed)| {
        let cut = (0..width, 0..height, 1..=width, 1..=height);
        cut.prop_map(move |(x, y, w, h)| {
            let source = Source::random(FROM[from], Size::new(width, height), padding, seed);
            (source, TARGETS[to], Rect::new(x, y, w, h))
        })
    })
}

/// The nine parts into which the edges of `rect` cut the picture.
fn parts(rect: Rect, size: Size) -> impl Iterator<Item = Rect> {
    let columns = [(0, rect.x), (rect.x, rect.width), (rect.right(), size.width)];
    let rows = [(0, rect.y), (rect.y, rect.height), (rect.bottom(), size.height)];
    rows.into_iter().flat_map(move |(y, h)| columns.map(move |(x, w)| Rect::new(x, y, w, h)))
}

fn only(rect: Rect, size: Size) -> Damage {
    let mut damage = Damage::none(size);
    damage.add(rect);
    damage
}

proptest! {
    #[test]
    fn pieces_make_the_whole((source, to, rect) in case()) {
        let mut target = Picture::new(to, source.size).unwrap();
        for part in parts(rect, source.size) {
            convert(&source.as_ref(), &only(part, source.size), &mut target).unwrap();
        }
        prop_assert_eq!(samples(&target.as_ref()), samples(&source.converted(to).as_ref()));
    }

    #[test]
    fn a_rectangle_changes_itself_and_nothing_else((source, to, rect) in case()) {
        let before = Source::random(PixelFormat::Bgra, source.size, 0, 99).converted(to);
        let (mut target, whole) = (before.clone(), source.converted(to));
        convert(&source.as_ref(), &only(rect, source.size), &mut target).unwrap();
        let grown = rect.align_out(2, source.size);
        for y in 0..source.size.height {
            for x in 0..source.size.width {
                let wanted = if grown.contains(Rect::new(x, y, 1, 1)) { &whole } else { &before };
                let (x, y) = (x as usize, y as usize);
                prop_assert_eq!(ycc(&target, x, y), ycc(wanted, x, y), "at {}, {}", x, y);
            }
        }
    }
}

#[test]
fn a_picture_whose_memory_ends_with_its_last_pixel_is_converted_to_the_end() {
    for height in [1, 2, 3, 4] {
        let source = Source::new(PixelFormat::Bgrx, Size::new(600, height), 400, |_, _, _| 255);
        for to in TARGETS {
            assert_eq!(ycc(&source.converted(to), 599, height as usize - 1), [235, 128, 128]);
        }
    }
}

#[test]
fn no_damage_changes_nothing() {
    let source = Source::random(PixelFormat::Bgra, Size::new(64, 64), 0, 1);
    let mut target = Picture::new(PixelFormat::Nv12, source.size).unwrap();
    convert(&source.as_ref(), &Damage::none(source.size), &mut target).unwrap();
    assert!(samples(&target.as_ref()).iter().flatten().all(|sample| *sample == 0));
}
