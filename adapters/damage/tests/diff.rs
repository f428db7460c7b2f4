//! The comparison through its public interface.

#![forbid(unsafe_code)]

use lunette_damage::{DiffError, TileDiff};
use lunette_frame::{Damage, Picture, PictureRef, PixelFormat, PlaneRef, Rect, Size};
use proptest::prelude::*;

const SIZE: Size = Size::new(300, 200);

/// Pixels as a source hands them out, with a stride of its own.
#[derive(Debug, Clone)]
struct Screen {
    size: Size,
    stride: usize,
    bytes: Vec<u8>,
}

impl Screen {
    fn new(size: Size) -> Self {
        let stride = size.width as usize * 4 + 12;
        let bytes = (0..=250).cycle().take(stride * size.height as usize).collect();
        Self { size, stride, bytes }
    }

    fn as_ref(&self) -> PictureRef<'_> {
        PictureRef::packed(PixelFormat::Bgrx, self.size, self.stride, &self.bytes).expect("a valid picture")
    }

    fn touch(&mut self, x: u32, y: u32) {
        let at = y as usize * self.stride + x as usize * 4 + 1;
        self.bytes[at] = self.bytes[at].wrapping_add(1);
    }
}

/// A comparison that has seen `screen`.
fn seen(screen: &Screen) -> TileDiff {
    let mut diff = TileDiff::new();
    diff.update(&screen.as_ref(), &Damage::none(screen.size)).expect("packed");
    diff
}

fn pixel(picture: &PictureRef<'_>, x: u32, y: u32) -> [u8; 4] {
    let bytes = picture.planes()[0].row(y as usize, x as usize * 4, 4);
    [bytes[0], bytes[1], bytes[2], bytes[3]]
}

fn pixels(rect: Rect) -> impl Iterator<Item = (u32, u32)> {
    (rect.y..rect.bottom()).flat_map(move |y| (rect.x..rect.right()).map(move |x| (x, y)))
}

fn covered(damage: &Damage, x: u32, y: u32) -> bool {
    damage.rects().iter().any(|rect| rect.contains(Rect::new(x, y, 1, 1)))
}

fn assert_kept(diff: &TileDiff, screen: &Screen) {
    let kept = diff.picture().map(Picture::as_ref).expect("a picture was given");
    assert!(pixels(screen.size.bounds()).all(|(x, y)| pixel(&kept, x, y) == pixel(&screen.as_ref(), x, y)));
}

#[test]
fn the_first_picture_changes_everything_and_is_kept() {
    let (mut diff, screen) = (TileDiff::new(), Screen::new(SIZE));
    assert!(diff.picture().is_none());
    assert!(diff.update(&screen.as_ref(), &Damage::none(SIZE)).unwrap().is_full());
    assert_kept(&diff, &screen);
}

#[test]
fn an_equal_picture_changes_nothing() {
    let screen = Screen::new(SIZE);
    assert!(seen(&screen).update(&screen.as_ref(), &Damage::full(SIZE)).unwrap().is_empty());
}

#[test]
fn one_pixel_dirties_its_tile() {
    let mut screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    screen.touch(130, 70);
    let changed = diff.update(&screen.as_ref(), &Damage::full(SIZE)).unwrap();
    assert_eq!(changed.rects(), [Rect::new(128, 64, 64, 64)]);
    assert_kept(&diff, &screen);
}

#[test]
fn tiles_at_the_edge_are_cut_to_the_picture() {
    let mut screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    screen.touch(299, 199);
    let changed = diff.update(&screen.as_ref(), &Damage::full(SIZE)).unwrap();
    assert_eq!(changed.rects(), [Rect::new(256, 192, 44, 8)]);
}

#[test]
fn neighbours_are_one_rectangle() {
    let mut screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    for (x, y) in [(63, 10), (64, 60), (0, 64), (127, 127)] {
        screen.touch(x, y);
    }
    let changed = diff.update(&screen.as_ref(), &Damage::full(SIZE)).unwrap();
    assert_eq!(changed.rects(), [Rect::new(0, 0, 128, 128)]);
}

#[test]
fn a_change_everywhere_is_full_damage() {
    let mut screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    screen.bytes.rotate_right(4);
    assert!(diff.update(&screen.as_ref(), &Damage::full(SIZE)).unwrap().is_full());
    assert_kept(&diff, &screen);
}

#[test]
fn what_was_not_reported_is_found_when_it_is() {
    let mut screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    screen.touch(10, 10);
    screen.touch(50, 10);
    let mut reported = Damage::none(SIZE);
    reported.add(Rect::new(40, 5, 100, 20));
    assert_eq!(diff.update(&screen.as_ref(), &reported).unwrap().rects(), [Rect::new(40, 5, 24, 20)]);
    let rest = diff.update(&screen.as_ref(), &Damage::full(SIZE)).unwrap();
    assert_eq!(rest.rects(), [Rect::new(0, 0, 64, 64)]);
}

#[test]
fn another_size_starts_over() {
    let mut diff = seen(&Screen::new(SIZE));
    let wide = Screen::new(Size::new(400, 100));
    assert!(diff.update(&wide.as_ref(), &Damage::none(wide.size)).unwrap().is_full());
    assert_kept(&diff, &wide);
}

#[test]
fn another_format_starts_over() {
    let screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    let other = PictureRef::packed(PixelFormat::Rgba, SIZE, screen.stride, &screen.bytes).unwrap();
    assert!(diff.update(&other, &Damage::none(SIZE)).unwrap().is_full());
    assert_eq!(diff.picture().map(Picture::format), Some(PixelFormat::Rgba));
}

#[test]
fn damage_of_another_size_counts_as_everything() {
    let screen = Screen::new(SIZE);
    let stale = Damage::none(Size::new(10, 10));
    assert!(seen(&screen).update(&screen.as_ref(), &stale).unwrap().is_full());
}

#[test]
fn planar_pictures_are_refused_and_the_kept_one_stays() {
    let screen = Screen::new(SIZE);
    let mut diff = seen(&screen);
    let planes = [PlaneRef { data: &[0; 64], stride: 8 }; 2];
    let planar = PictureRef::new(PixelFormat::Nv12, Size::new(8, 8), &planes).unwrap();
    let refused = diff.update(&planar, &Damage::full(planar.size())).unwrap_err();
    assert!(matches!(refused, DiffError::Format(PixelFormat::Nv12)));
    assert_kept(&diff, &screen);
}

/// Before, after, what was reported and what came out.
#[derive(Debug)]
struct Outcome {
    old: Screen,
    new: Screen,
    reported: Damage,
    changed: Damage,
    diff: TileDiff,
}

impl Outcome {
    fn of(rects: &[Rect], touched: &[(u32, u32)]) -> Self {
        let old = Screen::new(Size::new(420, 240));
        let (mut new, mut diff) = (old.clone(), seen(&old));
        let mut reported = Damage::none(old.size);
        rects.iter().for_each(|rect| reported.add(*rect));
        touched.iter().for_each(|(x, y)| new.touch(*x, *y));
        let changed = diff.update(&new.as_ref(), &reported).expect("packed").clone();
        Self { old, new, reported, changed, diff }
    }

    /// Whether a pixel that was reported differs.
    fn differs(&self, (x, y): (u32, u32)) -> bool {
        covered(&self.reported, x, y) && pixel(&self.old.as_ref(), x, y) != pixel(&self.new.as_ref(), x, y)
    }
}

/// Touches fewer pixels than damage holds rectangles, which keeps it exact.
fn outcome() -> impl Strategy<Value = Outcome> {
    let rect = (0..420u32, 0..240u32, 1..300u32, 1..240u32).prop_map(|(x, y, w, h)| Rect::new(x, y, w, h));
    let touched = prop::collection::vec((0..420u32, 0..240u32), 0..Damage::MAX_RECTS);
    (prop::collection::vec(rect, 1..4), touched).prop_map(|(rects, touched)| Outcome::of(&rects, &touched))
}

proptest! {
    #[test]
    fn every_reported_change_is_returned_and_nothing_unreported(outcome in outcome()) {
        for (x, y) in pixels(outcome.new.size.bounds()) {
            let changed = covered(&outcome.changed, x, y);
            prop_assert!(changed || !outcome.differs((x, y)), "lost {}, {}", x, y);
            prop_assert!(!changed || covered(&outcome.reported, x, y), "unreported {}, {}", x, y);
        }
    }

    #[test]
    fn every_returned_tile_has_a_change(outcome in outcome()) {
        let bounds = outcome.new.size.bounds();
        for (x, y) in pixels(Rect::new(0, 0, 7, 4)) {
            let Some(tile) = Rect::new(x * 64, y * 64, 64, 64).intersect(bounds) else { continue };
            let returned = outcome.changed.rects().iter().any(|rect| rect.intersect(tile).is_some());
            prop_assert_eq!(returned, pixels(tile).any(|at| outcome.differs(at)), "{:?}", tile);
        }
    }

    #[test]
    fn the_kept_picture_is_the_new_one_where_reported(outcome in outcome()) {
        let kept = outcome.diff.picture().map(Picture::as_ref).unwrap();
        for (x, y) in pixels(outcome.new.size.bounds()) {
            let wanted = if covered(&outcome.reported, x, y) { &outcome.new } else { &outcome.old };
            prop_assert_eq!(pixel(&kept, x, y), pixel(&wanted.as_ref(), x, y));
        }
    }
}
