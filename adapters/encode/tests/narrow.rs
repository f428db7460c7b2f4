//! A terminal that scrolls over a narrow link: what the screen encoder is for.

use lunette_encode::{Choice, EncoderConfig, Job, Keyframe, open};
use lunette_frame::{BitRate, Damage, FrameRate, Picture, PixelFormat, Pts, Quality, Size};

const SIZE: Size = Size::new(1920, 1080);
const RATE: u32 = 2_000_000;
const FPS: u64 = 30;
/// Height of a line of text.
const LINE: usize = 18;

/// Lines of made-up letters, light on dark, from the line `first` on.
fn terminal(picture: &mut Picture, first: usize) {
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

#[test]
fn a_terminal_that_scrolls_stays_live_over_two_megabits() {
    let config = EncoderConfig {
        size: SIZE,
        fps: FrameRate::new(30, 1).unwrap(),
        quality: Quality::DEFAULT,
        max_bitrate: BitRate::from_bits_per_second(RATE),
        threads: 1,
    };
    let mut encoder = open(&Choice::Auto, &config).unwrap();
    let mut picture = Picture::new(PixelFormat::I420, SIZE).unwrap();
    let damage = Damage::full(SIZE);
    let (mut free_at, mut steps, mut late) = (0.0_f64, Vec::new(), 0.0_f64);
    for step in 0..90 {
        let time = step as f64 / FPS as f64;
        let pts = Pts::from_nanos(1 + step as u64 * 1_000_000_000 / FPS);
        if encoder.rests_until().is_some_and(|until| pts < until) {
            continue;
        }
        terminal(&mut picture, step);
        let job = Job { picture: picture.as_ref(), damage: &damage, pts, keyframe: Keyframe::Auto };
        let bytes = encoder.encode(&job).unwrap().unwrap().data.len();
        free_at = free_at.max(time) + bytes as f64 * 8.0 / f64::from(RATE);
        // The first picture takes as long as it takes.
        if time > 1.0 {
            steps.push(bytes);
            late = late.max(free_at - time);
        }
    }
    let mean = steps.iter().sum::<usize>() / steps.len();
    println!("{} pictures, {mean} bytes each, {late:.3} s behind at most", steps.len());
    assert!(steps.len() >= 55, "{} pictures", steps.len());
    assert!(mean < 8000, "{mean} bytes a step");
    assert!(late < 0.5, "{late:.3} s behind");
}
