//! Between 4:2:0 formats no sample changes its value.

use lunette_frame::{PixelFormat, Size};

use crate::source::{PACKED, Source, TARGETS, samples, ycc};

const SIZES: [Size; 4] = [Size::new(64, 32), Size::new(65, 33), Size::new(1, 1), Size::new(3, 200)];

#[test]
fn i420_and_nv12_turn_into_each_other_and_back() {
    for size in SIZES {
        let source = Source::random(PixelFormat::I420, size, 5, 3);
        let nv12 = source.converted(PixelFormat::Nv12);
        let i420 = source.converted(PixelFormat::I420);
        for (x, y) in [(0, 0), (size.width as usize - 1, size.height as usize - 1)] {
            assert_eq!(ycc(&nv12, x, y), ycc(&i420, x, y));
        }
        let mut back = i420.clone();
        back.plane_mut(1).fill(0);
        lunette_color::convert(&nv12.as_ref(), &lunette_frame::Damage::full(size), &mut back).unwrap();
        assert_eq!(samples(&back.as_ref()), samples(&source.as_ref()));
    }
}

#[test]
fn one_format_is_copied_as_it_is() {
    for format in PACKED.into_iter().chain(TARGETS) {
        let source = Source::random(format, Size::new(65, 33), 7, 4);
        assert_eq!(samples(&source.converted(format).as_ref()), samples(&source.as_ref()));
    }
}
