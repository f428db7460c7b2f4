//! Pictures that carry their number.

use std::os::fd::OwnedFd;

use gst_allocators::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use lunette_frame::marker::{Corner, Marker};
use lunette_frame::{Damage, Picture, PictureRef, PixelFormat, ScanoutId, Size};

/// Caps of one format and size, 30 pictures a second.
fn raw_caps(format: VideoFormat, size: Size) -> gst::Caps {
    gst_video::VideoCapsBuilder::new()
        .format(format)
        .width(i32::try_from(size.width).expect("small"))
        .height(i32::try_from(size.height).expect("small"))
        .framerate(gst::Fraction::new(30, 1))
        .build()
}

/// The buffer of a memory that a descriptor stands for, which is to have that many bytes.
pub(crate) fn of_descriptor(memory: OwnedFd, length: usize, pts: Option<gst::ClockTime>) -> gst::Buffer {
    // SAFETY: whoever gives the descriptor away says how long its memory is; the buffer owns it from now on.
    let memory = unsafe { gst_allocators::DmaBufAllocator::new().alloc_dmabuf(memory, length) };
    let mut buffer = gst::Buffer::new();
    let owned = buffer.get_mut().expect("just made");
    owned.append_memory(memory.expect("a descriptor"));
    owned.set_pts(pts);
    buffer
}

/// Makes numbered pictures of one format.
pub(crate) struct Painter {
    format: VideoFormat,
    size: Size,
    /// Bytes behind each row, and before the first.
    padding: usize,
}

impl Painter {
    pub(crate) fn new(format: VideoFormat, size: Size) -> Self {
        Self { format, size, padding: 0 }
    }

    /// Rows with gaps, said by a video meta.
    pub(crate) fn padded(self, padding: usize) -> Self {
        Self { padding, ..self }
    }

    pub(crate) fn caps(&self) -> gst::Caps {
        raw_caps(self.format, self.size)
    }

    /// The same in DMA-BUFs.
    pub(crate) fn dma_buf_caps(&self) -> gst::Caps {
        let mut caps = self.caps();
        caps.make_mut().set_features(0, Some(gst::CapsFeatures::new(["memory:DMABuf"])));
        caps
    }

    /// Picture `number`, shown at that many thirtieths of a second.
    pub(crate) fn picture(&self, number: u32) -> gst::Buffer {
        self.at(number, u64::from(number))
    }

    /// Picture `number` at another time.
    pub(crate) fn at(&self, number: u32, frame: u64) -> gst::Buffer {
        let (bytes, offsets, strides) = self.bytes(number);
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        let owned = buffer.get_mut().expect("just made");
        let info = VideoInfo::from_caps(&self.caps()).expect("ours");
        gst_video::VideoMeta::add_full(
            owned,
            gst_video::VideoFrameFlags::empty(),
            info.format(),
            info.width(),
            info.height(),
            &offsets,
            &strides,
        )
        .expect("it fits");
        owned.set_pts(gst::ClockTime::from_nseconds(frame * 33_333_333));
        owned.set_duration(gst::ClockTime::from_nseconds(33_333_333));
        buffer
    }

    /// The memory, and where its planes and rows begin.
    fn bytes(&self, number: u32) -> (Vec<u8>, Vec<usize>, Vec<i32>) {
        let packed = self.packed(number);
        let nv12 = self.format == VideoFormat::Nv12;
        let mut planar = Picture::new(PixelFormat::Nv12, self.size).expect("possible");
        let source = PictureRef::packed(PixelFormat::Bgrx, self.size, self.size.width as usize * 4, &packed);
        let source = source.expect("it fits");
        lunette_color::convert(&source, &Damage::full(self.size), &mut planar).expect("of one size");
        let planar = planar.as_ref();
        let from = if nv12 { planar } else { source };
        let (mut bytes, mut offsets, mut strides) = (vec![0xEE; self.padding], Vec::new(), Vec::new());
        for (index, plane) in from.planes().iter().enumerate() {
            let row = from.format().row_bytes(index, self.size.width);
            offsets.push(bytes.len());
            strides.push(i32::try_from(row + self.padding).expect("small"));
            for y in 0..from.format().rows(index, self.size.height) {
                bytes.extend_from_slice(plane.row(y, 0, row));
                bytes.extend(std::iter::repeat_n(0xEE, self.padding));
            }
        }
        (bytes, offsets, strides)
    }

    /// A desk in blue, a block that moves, and the number in the corner.
    fn packed(&self, number: u32) -> Vec<u8> {
        let Size { width, height } = self.size;
        let swap = matches!(self.format, VideoFormat::Rgbx | VideoFormat::Rgba);
        let mut pixels: Vec<u8> = (0..width * height)
            .flat_map(|at| {
                let (x, y) = (at % width, at / width);
                let block = x / 16 == number % (width / 16) && y / 16 == height / 32;
                let blue = if block { 40 } else { 180 };
                if swap { [30, 60, blue, 0xff] } else { [blue, 60, 30, 0xff] }
            })
            .collect();
        let marker = Marker { counter: number, scanout: ScanoutId::new(1) };
        marker.burn(&mut pixels, width as usize * 4, self.size, Corner::TopLeft);
        pixels
    }
}
