//! Scanouts that show a file of raw pictures again and again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lunette_frame::{Damage, FrameRate, PictureRef, PixelFormat, Pts, ScanoutId, Size};

use crate::gauge::Gauge;
use crate::{
    ControlError, Doorbell, Frame, Mode, Polled, Presence, ScanoutControl, ScanoutInfo, ScanoutStatus, Source,
    SourceError, connector_name,
};

/// What to show.
#[derive(Debug, Clone)]
pub struct ReplayConfig {
    /// A `.y4m` file (4:2:0, 8 bits), or raw four-byte pixels, blue first, without padding.
    pub path: PathBuf,
    /// Size of the pictures of a raw file; a y4m file says it itself.
    pub size: Size,
    /// Frames per second; 0 reads a frame whenever one is polled for. `None` takes the rate that a y4m file says, and
    /// [`ReplayScreen::FPS`] for raw pictures.
    pub fps: Option<u32>,
}

/// A display device with one scanout, 0, that shows a file.
#[derive(Debug)]
pub struct ReplayScreen {
    path: PathBuf,
    layout: Layout,
    interval: Duration,
    gauge: Arc<Gauge>,
}

/// Where a file's pictures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    size: Size,
    coding: Coding,
    first: u64,
    rate: Option<FrameRate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Bgrx,
    Y4m,
}

impl ReplayScreen {
    /// Rate of files that say none.
    pub const FPS: u32 = 60;

    /// Looks at the file: its kind, its size, and that it holds a picture.
    ///
    /// # Errors
    /// When it cannot be read or holds no whole picture of a kind that can be shown.
    pub fn new(config: &ReplayConfig) -> Result<Self, ControlError> {
        let failed = |source| ControlError::File { path: config.path.display().to_string(), source };
        let layout = look(&config.path, config.size).map_err(failed)?;
        let fps = config.fps.map(f64::from).or(layout.rate.map(FrameRate::as_f64)).unwrap_or(Self::FPS.into());
        let interval = if fps > 0.0 { Duration::from_secs_f64(1.0 / fps) } else { Duration::ZERO };
        let screen = Self { path: config.path.clone(), layout, interval, gauge: Arc::default() };
        let mut source = screen.source().map_err(failed)?;
        source.read_frame().map_err(failed)?;
        Ok(screen)
    }

    fn source(&self) -> io::Result<ReplaySource> {
        let Layout { size, .. } = self.layout;
        let pixels = usize::try_from(size.area()).map_err(|_| invalid("the pictures are too large"))?;
        let mut file = BufReader::with_capacity(1 << 20, File::open(&self.path)?);
        file.seek(SeekFrom::Start(self.layout.first))?;
        Ok(ReplaySource {
            file,
            layout: self.layout,
            interval: self.interval,
            gauge: Arc::clone(&self.gauge),
            coded: Vec::new(),
            pixels: vec![0; pixels * 4],
            damage: Damage::full(size),
            start: None,
            next: 0,
        })
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Says what a file lacks that ends inside a picture.
fn cut_short(error: io::Error, bytes: usize, size: Size) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => invalid(&format!("it ends inside a picture: one of {size} has {bytes} bytes")),
        _ => error,
    }
}

fn look(path: &Path, raw_size: Size) -> io::Result<Layout> {
    const MAX_HEADER: u64 = 4096;
    let mut file = BufReader::new(File::open(path)?);
    if !file.fill_buf()?.starts_with(b"YUV4MPEG2 ") {
        return checked(Layout { size: raw_size, coding: Coding::Bgrx, first: 0, rate: None });
    }
    let mut header = Vec::new();
    file.take(MAX_HEADER).read_until(b'\n', &mut header)?;
    let header = String::from_utf8(header).map_err(|_| invalid("the y4m header is not text"))?;
    let line = header.strip_suffix('\n').ok_or_else(|| invalid("the y4m header has no end"))?;
    let field = |name: char| line.split(' ').skip(1).find_map(|field| field.strip_prefix(name));
    let side = |name| field(name).and_then(|value| value.parse().ok()).unwrap_or(0);
    let rate = field('F')
        .and_then(|value| value.split_once(':'))
        .and_then(|(numerator, denominator)| FrameRate::new(numerator.parse().ok()?, denominator.parse().ok()?).ok());
    let eight_bit_420 = ["420", "420jpeg", "420mpeg2", "420paldv"];
    if field('C').is_some_and(|coding| !eight_bit_420.contains(&coding)) {
        return Err(invalid("only y4m files with 8-bit 4:2:0 pictures can be shown"));
    }
    checked(Layout { size: Size::new(side('W'), side('H')), coding: Coding::Y4m, first: header.len() as u64, rate })
}

fn checked(layout: Layout) -> io::Result<Layout> {
    let sides = 1..=PictureRef::MAX_SIDE;
    if sides.contains(&layout.size.width) && sides.contains(&layout.size.height) {
        Ok(layout)
    } else {
        Err(invalid("the pictures have no size, or one beyond 16384x16384"))
    }
}

impl ScanoutControl for ReplayScreen {
    fn enable(&self, _id: ScanoutId, _mode: Mode) -> Result<String, ControlError> {
        Err(ControlError::Fixed { source_name: "a replayed file" })
    }

    fn disable(&self, _id: ScanoutId) -> Result<(), ControlError> {
        Err(ControlError::Fixed { source_name: "a replayed file" })
    }

    fn scanouts(&self) -> Vec<ScanoutInfo> {
        let id = ScanoutId::new(0);
        vec![ScanoutInfo { id, size: self.layout.size, connector: connector_name(id) }]
    }

    fn status(&self, id: ScanoutId) -> ScanoutStatus {
        if id.get() == 0 { self.gauge.read(Presence::On) } else { ScanoutStatus::empty(Presence::Absent) }
    }

    fn open(&self, id: ScanoutId, _doorbell: &Arc<Doorbell>) -> Result<Box<dyn Source>, ControlError> {
        if id.get() != 0 {
            return Err(ControlError::NoSuchScanout { id, count: 1 });
        }
        let failed = |source| ControlError::File { path: self.path.display().to_string(), source };
        Ok(Box::new(self.source().map_err(failed)?))
    }
}

/// Reads one frame per poll that is due; a late poll reads on without skipping, since a file has no newest frame.
#[derive(Debug)]
struct ReplaySource {
    file: BufReader<File>,
    layout: Layout,
    interval: Duration,
    gauge: Arc<Gauge>,
    coded: Vec<u8>,
    pixels: Vec<u8>,
    damage: Damage,
    start: Option<Pts>,
    next: u64,
}

impl ReplaySource {
    /// Reads the next frame, from the start again after the last.
    fn read_frame(&mut self) -> io::Result<()> {
        if self.file.fill_buf()?.is_empty() {
            self.file.seek(SeekFrom::Start(self.layout.first))?;
        }
        match self.layout.coding {
            Coding::Bgrx => {
                let whole = self.file.read_exact(&mut self.pixels);
                whole.map_err(|error| cut_short(error, self.pixels.len(), self.layout.size))
            }
            Coding::Y4m => self.read_y4m_frame(),
        }
    }

    fn read_y4m_frame(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        (&mut self.file).take(256).read_until(b'\n', &mut line)?;
        if !line.starts_with(b"FRAME") || !line.ends_with(b"\n") {
            return Err(invalid("a y4m frame does not start with FRAME"));
        }
        let Size { width, height } = self.layout.size;
        let (width, height) = (width as usize, height as usize);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        self.coded.resize(width * height + 2 * half_width * half_height, 0);
        let whole = self.file.read_exact(&mut self.coded);
        whole.map_err(|error| cut_short(error, self.coded.len(), self.layout.size))?;
        let (luma, chroma) = self.coded.split_at(width * height);
        let (blue, red) = chroma.split_at(half_width * half_height);
        for (at, (pixel, y)) in self.pixels.chunks_exact_mut(4).zip(luma).enumerate() {
            let chroma_at = at / width / 2 * half_width + at % width / 2;
            pixel.copy_from_slice(&bgrx(*y, blue[chroma_at], red[chroma_at]));
        }
        Ok(())
    }

    fn due_at(&mut self, now: Pts) -> Pts {
        let start = *self.start.get_or_insert(now);
        start.after(self.interval.saturating_mul(u32::try_from(self.next).unwrap_or(u32::MAX)))
    }
}

/// One pixel of BT.709 limited range, in 8-bit fixed point.
fn bgrx(y: u8, cb: u8, cr: u8) -> [u8; 4] {
    let (y, cb, cr) = ((i32::from(y) - 16) * 298, i32::from(cb) - 128, i32::from(cr) - 128);
    let clamp = |value: i32| u8::try_from(((value + 128) >> 8).clamp(0, 255)).unwrap_or(u8::MAX);
    [clamp(y + 541 * cb), clamp(y - 55 * cb - 136 * cr), clamp(y + 459 * cr), 0xFF]
}

impl Source for ReplaySource {
    fn poll(&mut self, now: Pts) -> Result<Polled<'_>, SourceError> {
        let due = self.due_at(now);
        if now < due {
            return Ok(Polled::NotBefore(due));
        }
        let number = self.next;
        self.read_frame().map_err(|source| SourceError::Replay { frame: number, source })?;
        self.next += 1;
        let stride = self.layout.size.width as usize * 4;
        let picture = PictureRef::packed(PixelFormat::Bgrx, self.layout.size, stride, &self.pixels)?;
        let captured = crate::now();
        self.gauge.picture(self.layout.size, captured, 1);
        Ok(Polled::Frame(Frame { picture, damage: &self.damage, captured, number }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn screen(file: &tempfile::NamedTempFile, size: Size) -> Result<ReplayScreen, ControlError> {
        ReplayScreen::new(&ReplayConfig { path: file.path().into(), size, fps: Some(0) })
    }

    fn first_pixel(source: &mut dyn Source) -> [u8; 4] {
        let Polled::Frame(frame) = source.poll(Pts::from_nanos(1)).unwrap() else { panic!("no frame") };
        frame.picture.planes()[0].row(0, 0, 4).try_into().unwrap()
    }

    #[test]
    fn a_raw_file_is_shown_again_and_again() {
        let file = file(&[[1; 16], [2; 16]].concat());
        let screen = screen(&file, Size::new(2, 2)).unwrap();
        let mut source = screen.open(ScanoutId::new(0), &Arc::default()).unwrap();
        let pixels = [(); 3].map(|()| first_pixel(&mut *source));
        assert_eq!(pixels, [[1; 4], [2; 4], [1; 4]]);
    }

    #[test]
    fn a_y4m_file_says_its_size_and_shows_white_as_white() {
        let content =
            [b"YUV4MPEG2 W3 H1 F30:1 C420jpeg\nFRAME\n".as_slice(), &[235, 16, 81, 128, 90, 128, 240]].concat();
        let file = file(&content);
        let screen = screen(&file, Size::new(9, 9)).unwrap();
        assert_eq!(screen.scanouts()[0].size, Size::new(3, 1));
        let mut source = screen.open(ScanoutId::new(0), &Arc::default()).unwrap();
        assert_eq!(first_pixel(&mut *source), [255; 4]);
    }

    #[test]
    fn a_y4m_file_says_its_rate_unless_somebody_else_does() {
        let content = [b"YUV4MPEG2 W2 H2 F25:1\nFRAME\n".as_slice(), &[128; 6]].concat();
        let file = file(&content);
        let interval = |fps| {
            let config = ReplayConfig { path: file.path().into(), size: Size::new(2, 2), fps };
            ReplayScreen::new(&config).unwrap().interval
        };
        assert_eq!(interval(None), Duration::from_millis(40));
        assert_eq!(interval(Some(50)), Duration::from_millis(20));
    }

    #[test]
    fn a_file_that_ends_inside_a_picture_says_so() {
        let error = screen(&file(&[0; 15]), Size::new(2, 2)).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "it ends inside a picture: one of 2x2 has 16 bytes");
    }

    #[test]
    fn files_that_hold_no_picture_are_refused() {
        let small = Size::new(2, 2);
        let refused = |content: &[u8], size| screen(&file(content), size).is_err();
        assert!(refused(&[0; 15], small));
        assert!(refused(&[0; 16], Size::new(0, 2)));
        assert!(refused(b"YUV4MPEG2 W2 H2 C444\nFRAME\n", small));
        assert!(refused(b"YUV4MPEG2 W2 H2 C420p10\nFRAME\n", small));
        assert!(refused(b"YUV4MPEG2 W2 H2", small));
        assert!(refused(b"YUV4MPEG2 W2 H2\nFRAME\n1", small));
        assert!(refused(b"YUV4MPEG2 W99999 H99999\nFRAME\n1", small));
    }

    #[test]
    fn a_missing_file_is_named() {
        let config = ReplayConfig { path: "no/such/file".into(), size: Size::new(2, 2), fps: None };
        assert!(ReplayScreen::new(&config).unwrap_err().to_string().contains("no/such/file"));
    }
}
