//! Two decoders that were not written by us: OpenH264's, linked in, and ffmpeg's, as a process.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use lunette_frame::{Picture, PictureRef, PixelFormat, PlaneRef, Size};
use lunette_sys_openh264::Decoder;

/// Decodes one unit after another; every unit must give its picture at once.
pub(crate) struct Player {
    decoder: Decoder,
}

impl Player {
    pub(crate) fn new() -> Self {
        Self { decoder: Decoder::new().expect("a decoder") }
    }

    pub(crate) fn play(&mut self, unit: &[u8]) -> Picture {
        let decoded = self.decoder.decode(unit).expect("decodes").expect("one unit in, one picture out");
        let planes = [0, 1, 2].map(|index| PlaneRef { data: decoded.planes[index], stride: decoded.strides[index] });
        let size = Size::new(decoded.width, decoded.height);
        copy(&PictureRef::new(PixelFormat::I420, size, &planes).expect("planes that fit"))
    }
}

fn copy(source: &PictureRef<'_>) -> Picture {
    let size = source.size();
    let mut picture = Picture::new(PixelFormat::I420, size).expect("a decoded size");
    for (index, ((target, stride), plane)) in picture.planes_mut().into_iter().zip(source.planes()).enumerate() {
        let row = PixelFormat::I420.row_bytes(index, size.width);
        for (y, line) in target.chunks_mut(stride).take(PixelFormat::I420.rows(index, size.height)).enumerate() {
            line[..row].copy_from_slice(plane.row(y, 0, row));
        }
    }
    picture
}

/// Luma signal-to-noise ratio in dB over the part that both pictures have.
pub(crate) fn psnr(a: &PictureRef<'_>, b: &PictureRef<'_>) -> f64 {
    let width = a.size().width.min(b.size().width) as usize;
    let height = a.size().height.min(b.size().height) as usize;
    let mut sum = 0_u64;
    for y in 0..height {
        let rows = a.planes()[0].row(y, 0, width).iter().zip(b.planes()[0].row(y, 0, width));
        sum += rows.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
    }
    let mean = sum as f64 / (width * height) as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

/// Has ffmpeg decode the stream and gives each picture to `see`; returns how many came.
///
/// # Panics
/// When ffmpeg is missing, fails, or complains about anything.
pub(crate) fn ffmpeg(stream: Vec<u8>, size: Size, mut see: impl FnMut(usize, &PictureRef<'_>)) -> usize {
    let mut child = start_ffmpeg();
    let mut input = child.stdin.take().expect("piped");
    let mut output = child.stdout.take().expect("piped");
    let mut errors = child.stderr.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(&stream));
    let listener = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let luma = size.width as usize * size.height as usize;
    let mut frame = vec![0; luma + luma / 2];
    let mut count = 0;
    while output.read_exact(&mut frame).is_ok() {
        see(count, &frame_of(&frame, size));
        count += 1;
    }
    let complaints = listener.join().expect("no panic").expect("text");
    let status = child.wait().expect("ends");
    assert!(status.success() && complaints.is_empty(), "ffmpeg, {status}: {complaints}");
    writer.join().expect("no panic").expect("ffmpeg read everything");
    count
}

fn start_ffmpeg() -> Child {
    let arguments = "-hide_banner -loglevel warning -xerror -err_detect explode -f h264 -i - \
                     -fps_mode passthrough -f rawvideo -pix_fmt yuv420p -";
    let mut command = Command::new("ffmpeg");
    command.args(arguments.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("cannot start ffmpeg: {error}; `./test` installs it"))
}

/// A frame of even size as ffmpeg writes it: plane after plane, without padding.
fn frame_of(frame: &[u8], size: Size) -> PictureRef<'_> {
    let width = size.width as usize;
    let (luma, chroma) = frame.split_at(width * size.height as usize);
    let (cb, cr) = chroma.split_at(chroma.len() / 2);
    let planes = [(luma, width), (cb, width / 2), (cr, width / 2)].map(|(data, stride)| PlaneRef { data, stride });
    PictureRef::new(PixelFormat::I420, size, &planes).expect("a whole frame")
}
