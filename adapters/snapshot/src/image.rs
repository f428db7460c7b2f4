//! Pixels in RGB, and files of them.

use image_webp::{ColorType as WebpColor, WebPEncoder};
use jpeg_encoder::ColorType as JpegColor;
use lunette_frame::{Rect, Size};

use crate::SnapshotError;

/// A picture in RGB, three bytes a pixel, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    size: Size,
    pixels: Vec<u8>,
}

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lossless, fast, large.
    Png,
    /// Small; quality 1 to 100.
    Jpeg(u8),
    /// Lossless and smaller than PNG.
    Webp,
}

impl Encoding {
    /// The file's media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg(_) => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// Its name, as a URL has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg(_) => "jpeg",
            Self::Webp => "webp",
        }
    }
}

impl Image {
    pub(crate) const PIXEL: usize = 3;

    pub(crate) fn new(size: Size, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(pixels.len(), size.width as usize * size.height as usize * Self::PIXEL, "three bytes a pixel");
        Self { size, pixels }
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Red, green, blue, row by row.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The part in `rect`, which lies inside.
    pub(crate) fn crop(self, rect: Rect) -> Self {
        if rect == self.size.bounds() {
            return self;
        }
        let stride = self.size.width as usize * Self::PIXEL;
        let (start, len) = (rect.x as usize * Self::PIXEL, rect.width as usize * Self::PIXEL);
        let rows = self.pixels.chunks_exact(stride).skip(rect.y as usize).take(rect.height as usize);
        let pixels = rows.flat_map(|row| &row[start..start + len]).copied().collect();
        Self::new(Size::new(rect.width, rect.height), pixels)
    }

    /// The pixel at a place, if there is one.
    pub(crate) fn pixel_mut(&mut self, x: i64, y: i64) -> Option<&mut [u8]> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        if x >= self.size.width || y >= self.size.height {
            return None;
        }
        let start = (y as usize * self.size.width as usize + x as usize) * Self::PIXEL;
        self.pixels.get_mut(start..start + Self::PIXEL)
    }

    /// As a file. Takes tens of milliseconds of processor time for a whole screen.
    ///
    /// # Errors
    /// When the encoder refuses, as for a picture that is too large for the format.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>, SnapshotError> {
        let file = match encoding {
            Encoding::Png => self.png(),
            Encoding::Jpeg(quality) => self.jpeg(quality),
            Encoding::Webp => self.webp(),
        };
        file.map_err(|source| SnapshotError::Encode { format: encoding.name(), size: self.size, source })
    }

    fn png(&self) -> Result<Vec<u8>, BoxError> {
        let mut file = Vec::with_capacity(self.pixels.len() / 8);
        let mut encoder = png::Encoder::new(&mut file, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(file)
    }

    fn jpeg(&self, quality: u8) -> Result<Vec<u8>, BoxError> {
        let mut file = Vec::with_capacity(self.pixels.len() / 16);
        let encoder = jpeg_encoder::Encoder::new(&mut file, quality.clamp(1, 100));
        let (width, height) = (u16::try_from(self.size.width)?, u16::try_from(self.size.height)?);
        encoder.encode(&self.pixels, width, height, JpegColor::Rgb)?;
        Ok(file)
    }

    fn webp(&self) -> Result<Vec<u8>, BoxError> {
        let mut file = Vec::with_capacity(self.pixels.len() / 8);
        let encoder = WebPEncoder::new(&mut file);
        encoder.encode(&self.pixels, self.size.width, self.size.height, WebpColor::Rgb8)?;
        Ok(file)
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
