//! A terminal full of text, as a picture.

use lunette_frame::{Picture, Size};

pub(crate) const SIZE: Size = Size::new(1920, 1080);
/// Height of a line of text.
const LINE: usize = 18;

/// Lines of made-up letters, light on dark, from the line `first` on.
pub(crate) fn terminal(picture: &mut Picture, first: usize) {
    for (plane, (samples, _)) in picture.planes_mut().into_iter().enumerate() {
        samples.fill(if plane == 0 { 30 } else { 128 });
    }
    let (stride, rows) = (picture.stride(0), SIZE.height as usize / LINE);
    let luma = picture.plane_mut(0);
    for row in 0..rows {
        let line = first + row;
        // As long as lines of a build's log are: some short, some across the screen.
        for column in 0..20 + line * 37 % 180 {
            // One of 64 letters with a stem, or a space.
            let letter = ((line * 7919 + column * 104_729) ^ (line * column)) >> 3 & 63;
            for y in 3..LINE - 4 {
                let strokes = [9, 17].map(|shift| (letter + 1).wrapping_mul(0x9E37_79B9 + y * 0x85EB) >> shift);
                let bits = (strokes[0] & strokes[1] | 0x10) & 0x7E;
                for x in (0..8).filter(|x| bits >> x & 1 == 1 && !letter.is_multiple_of(6)) {
                    luma[(row * LINE + y) * stride + column * 9 + x] = 200;
                }
            }
        }
    }
}
