//! A decoded picture, and what can be told from it.

use std::io::Write;
use std::process::{Command, Stdio};

use lunette_frame::Size;
use lunette_sys_openh264::Decoded;

/// Planes without padding, of the size that the stream has.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) size: Size,
    planes: [Vec<u8>; 3],
}

impl Picture {
    pub(crate) fn of(decoded: &Decoded<'_>) -> Self {
        let size = Size::new(decoded.width, decoded.height);
        let plane = |index: usize| {
            let (width, height) = plane_size(size, index);
            let rows = decoded.planes[index].chunks(decoded.strides[index]).take(height);
            rows.flat_map(|row| row[..width].to_vec()).collect()
        };
        Self { size, planes: [plane(0), plane(1), plane(2)] }
    }

    /// Red, green and blue of a pixel.
    pub(crate) fn colour_at(&self, x: u32, y: u32) -> [u8; 3] {
        let at = |index: usize| {
            let (width, _) = plane_size(self.size, index);
            let shift = u32::from(index > 0);
            f64::from(self.planes[index][(y >> shift) as usize * width + (x >> shift) as usize])
        };
        // BT.709, limited range.
        let (luma, blue, red) = ((at(0) - 16.0) * 1.164_4, at(1) - 128.0, at(2) - 128.0);
        let (r, g, b) = (luma + 1.792_7 * red, luma - 0.213_2 * blue - 0.532_9 * red, luma + 2.112_4 * blue);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
        [r, g, b].map(|value| value.round().clamp(0.0, 255.0) as u8)
    }

    /// How many of the luma samples differ by more than noise.
    pub(crate) fn differs_from(&self, other: &Self) -> usize {
        if self.size != other.size {
            return self.planes[0].len();
        }
        let pairs = self.planes[0].iter().zip(&other.planes[0]);
        pairs.filter(|(one, two)| one.abs_diff(**two) > 24).count()
    }

    /// Reads the text in it with a program that knows nothing of us; `None` where that is not installed.
    pub(crate) fn text(&self) -> Option<String> {
        let mut child = Command::new("tesseract")
            .args(["stdin", "stdout", "--psm", "11"])
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut input = child.stdin.take().expect("it is piped");
        let mut image = format!("P5\n{} {}\n255\n", self.size.width, self.size.height).into_bytes();
        image.extend_from_slice(&self.planes[0]);
        input.write_all(&image).expect("tesseract reads");
        drop(input);
        let output = child.wait_with_output().expect("tesseract ends");
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn plane_size(size: Size, index: usize) -> (usize, usize) {
    let (width, height) = (size.width as usize, size.height as usize);
    if index == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) }
}
