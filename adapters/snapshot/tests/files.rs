//! Files, read by programs that others wrote.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use lunette_color::convert;
use lunette_frame::{Damage, Picture, PictureRef, PixelFormat, Rect, Size};
use lunette_snapshot::{Encoding, Image, Scale, Shot, SnapshotError, View};

const SIZE: Size = Size::new(203, 101);

/// Blocks of colour of 20×20 pixels, so that each chroma sample has one colour only, and their colours.
fn blocks() -> (Shot, Vec<[u8; 3]>) {
    let color = |x: u32, y: u32| [x * 23, y * 47, x * y * 11 + 40].map(|sum| sum.to_le_bytes()[0]);
    let (mut packed, mut colors) = (Vec::new(), Vec::new());
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            let color = color(x / 20, y / 20);
            packed.extend([color[0], color[1], color[2], 255]);
            colors.push(color);
        }
    }
    let source = PictureRef::packed(PixelFormat::Rgbx, SIZE, SIZE.width as usize * 4, &packed).expect("fits");
    let mut picture = Picture::new(PixelFormat::I420, SIZE).expect("a size");
    convert(&source, &Damage::full(SIZE), &mut picture).expect("converts");
    (Shot::new(1, Arc::new(picture)), colors)
}

/// What ffmpeg makes of a file.
fn decoded(file: &[u8], size: Size) -> Vec<u8> {
    let arguments = "-hide_banner -loglevel warning -xerror -i - -f rawvideo -pix_fmt rgb24 -";
    let mut command = Command::new("ffmpeg");
    command.args(arguments.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ffmpeg; `./test` installs it");
    let (mut input, file) = (child.stdin.take().expect("piped"), file.to_vec());
    let writer = std::thread::spawn(move || input.write_all(&file));
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writer.join().expect("no panic").expect("ffmpeg read everything");
    assert_eq!(output.stdout.len() as u64, size.area() * 3);
    output.stdout
}

fn mean_error(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

#[test]
fn colours_come_back() {
    let (shot, colors) = blocks();
    let image = shot.render(&View::default()).expect("renders");
    for (at, (pixel, color)) in image.pixels().as_chunks::<3>().0.iter().zip(&colors).enumerate() {
        let (x, y) = (at % SIZE.width as usize, at / SIZE.width as usize);
        let distance = pixel.iter().zip(color).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(distance <= Some(3), "{x},{y}: {pixel:?}, drawn {color:?}");
    }
}

#[test]
fn lossless_files_are_exactly_what_was_rendered() {
    let (shot, _) = blocks();
    for region in [None, Some(Rect::new(33, 21, 101, 55)), Some(Rect::new(202, 100, 1, 1))] {
        let image = shot.render(&View { region, ..View::default() }).expect("renders");
        for encoding in [Encoding::Png, Encoding::Webp] {
            let file = image.encode(encoding).expect("encodes");
            assert_eq!(decoded(&file, image.size()), image.pixels(), "{encoding:?} {region:?}");
        }
    }
}

#[test]
fn a_jpeg_is_close_and_quality_makes_it_closer() {
    let (shot, _) = blocks();
    let image = shot.render(&View::default()).expect("renders");
    let of = |quality| {
        let file = image.encode(Encoding::Jpeg(quality)).expect("encodes");
        (mean_error(&decoded(&file, SIZE), image.pixels()), file.len())
    };
    let ((poor, small), (fair, _), (good, large)) = (of(5), of(70), of(100));
    assert!(good < 1.0 && fair < 4.0 && good < poor && small < large, "{good} {fair} {poor} {small} {large}");
}

#[test]
fn a_region_is_that_part_of_the_picture() {
    let (shot, _) = blocks();
    let whole = shot.render(&View::default()).expect("renders");
    let part = Rect::new(41, 13, 60, 31);
    let image = shot.render(&View { region: Some(part), ..View::default() }).expect("renders");
    for y in 0..part.height {
        let row = |image: &Image, x: u32, y: u32| {
            let start = (y * image.size().width + x) as usize * 3;
            image.pixels()[start..start + part.width as usize * 3].to_vec()
        };
        assert_eq!(row(&image, 0, y), row(&whole, part.x, part.y + y));
    }
}

#[test]
fn a_region_is_cut_to_the_picture_and_one_outside_is_refused() {
    let (shot, _) = blocks();
    let render = |region| shot.render(&View { region: Some(region), ..View::default() });
    assert_eq!(render(Rect::new(200, 90, 50, 50)).expect("renders").size(), Size::new(3, 11));
    for region in [Rect::new(203, 0, 1, 1), Rect::new(0, 0, 0, 5), Rect::new(u32::MAX, u32::MAX, u32::MAX, 1)] {
        assert!(matches!(render(region), Err(SnapshotError::Region { .. })), "{region:?}");
    }
}

#[test]
fn a_smaller_picture_has_the_same_colours() {
    let (shot, _) = blocks();
    let scale = Scale::new(0.05).expect("a share");
    let small = shot.render(&View { scale, ..View::default() }).expect("renders");
    assert_eq!(small.size(), Size::new(10, 5));
    let whole = shot.render(&View::default()).expect("renders");
    let mean = |image: &Image| image.pixels().iter().map(|c| f64::from(*c)).sum::<f64>() / image.pixels().len() as f64;
    assert!((mean(&small) - mean(&whole)).abs() < 2.0);
}
