//! What is refused, and that the message says why.

use lunette_color::{ColorError, convert};
use lunette_frame::{Damage, Picture, PixelFormat, Size};

use crate::source::Source;

const SIZE: Size = Size::new(8, 8);

fn attempt(to: PixelFormat, target: Size, damage: Size) -> Result<(), ColorError> {
    let source = Source::random(PixelFormat::Bgra, SIZE, 0, 5);
    let mut target = Picture::new(to, target).expect("a valid size");
    convert(&source.as_ref(), &Damage::full(damage), &mut target)
}

#[test]
fn pictures_of_different_sizes_are_refused() {
    let refused = attempt(PixelFormat::I420, Size::new(8, 6), SIZE).unwrap_err();
    assert_eq!(refused.to_string(), "a 8x8 picture does not convert into one of 8x6");
}

#[test]
fn damage_of_another_size_is_refused() {
    let refused = attempt(PixelFormat::I420, SIZE, Size::new(4, 4)).unwrap_err();
    assert_eq!(refused.to_string(), "damage of a 4x4 picture does not describe one of 8x8");
}

#[test]
fn packed_formats_are_not_turned_into_each_other() {
    let refused = attempt(PixelFormat::Rgba, SIZE, SIZE).unwrap_err();
    assert_eq!(refused.to_string(), "no conversion from BGRA to RGBA");
}
