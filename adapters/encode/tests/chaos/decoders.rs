//! Two decoders that were not written by us: ffmpeg's, as a process, and OpenH264's, linked in.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use lunette_frame::{Picture, PixelFormat};
use lunette_sys_openh264::Decoder;

/// The samples of a picture, plane after plane, without padding.
pub(crate) fn samples(picture: &Picture) -> Vec<u8> {
    let size = picture.size();
    let borrowed = picture.as_ref();
    let mut out = Vec::new();
    for (index, plane) in borrowed.planes().iter().enumerate() {
        for y in 0..PixelFormat::I420.rows(index, size.height) {
            out.extend_from_slice(plane.row(y, 0, PixelFormat::I420.row_bytes(index, size.width)));
        }
    }
    out
}

/// Where two pictures of the same size differ first.
fn first_difference(a: &[u8], b: &[u8], width: usize, height: usize) -> String {
    let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
    if at < width * height {
        return format!("luma at {}, {}: {} and {}", at % width, at / width, a[at], b[at]);
    }
    format!("chroma, sample {} of {}", at - width * height, width * height / 2)
}

/// Checks that ffmpeg makes these pictures of the stream, and nothing else.
pub(crate) fn check_ffmpeg(stream: &[u8], expected: &[Picture]) {
    let arguments = "-hide_banner -loglevel warning -xerror -err_detect explode -threads 1 -f h264 -i - \
                     -fps_mode passthrough -f rawvideo -pix_fmt yuv420p -";
    let mut child = Command::new("ffmpeg")
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start ffmpeg: {error}; `./test` installs it"));
    let (mut input, mut output, mut errors) =
        (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(stream));
        let complaints = scope.spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        for (number, picture) in expected.iter().enumerate() {
            let (size, wanted) = (picture.size(), samples(picture));
            let mut frame = vec![0; wanted.len()];
            output.read_exact(&mut frame).unwrap_or_else(|error| panic!("picture {number}: {error}"));
            let difference = || first_difference(&frame, &wanted, size.width as usize, size.height as usize);
            assert!(frame == wanted, "ffmpeg shows another picture {number}: {}", difference());
        }
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).expect("ffmpeg ends");
        assert!(rest.is_empty(), "ffmpeg shows {} bytes more", rest.len());
        let complaints = complaints.join().expect("no panic").expect("text");
        assert!(complaints.is_empty(), "{complaints}");
    });
    assert!(child.wait().expect("ends").success());
}

/// OpenH264, which must give a picture for every unit.
pub(crate) struct Player(Decoder);

impl Player {
    pub(crate) fn new() -> Self {
        Self(Decoder::new().expect("a decoder"))
    }

    pub(crate) fn check(&mut self, number: usize, unit: &[u8], expected: &Picture) {
        let decoded = self.0.decode(unit).unwrap_or_else(|error| panic!("picture {number}: {error:?}"));
        let decoded = decoded.unwrap_or_else(|| panic!("no picture {number}"));
        let size = expected.size();
        assert_eq!((decoded.width, decoded.height), (size.width, size.height));
        let mut frame = Vec::new();
        for index in 0..3 {
            let row = PixelFormat::I420.row_bytes(index, size.width);
            for y in 0..PixelFormat::I420.rows(index, size.height) {
                frame.extend_from_slice(&decoded.planes[index][y * decoded.strides[index]..][..row]);
            }
        }
        let wanted = samples(expected);
        let difference = || first_difference(&frame, &wanted, size.width as usize, size.height as usize);
        assert!(frame == wanted, "OpenH264 shows another picture {number}: {}", difference());
    }
}
