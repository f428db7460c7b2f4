//! A buffer of GStreamer as a picture.

use std::os::fd::BorrowedFd;

use gst_allocators::DmaBufMemory;
use gst_video::VideoFormat;
use lunette_frame::{PictureError, PictureRef, PixelFormat, PlaneRef, Size};

/// Why a buffer holds no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{0} pictures cannot be encoded")]
    Format(VideoFormat),
    #[error("plane {0} lies outside its buffer, or upside down")]
    Plane(usize),
    #[error("the buffer does not hold what its caps say")]
    Layout(#[from] PictureError),
}

/// The picture in the mapped bytes of a buffer: where its video meta says, else where its caps do.
pub(crate) fn picture<'a>(
    info: &gst_video::VideoInfo,
    buffer: &gst::BufferRef,
    bytes: &'a [u8],
) -> Result<PictureRef<'a>, InputError> {
    let format = format(info.format()).ok_or(InputError::Format(info.format()))?;
    let meta = buffer.meta::<gst_video::VideoMeta>();
    let (offsets, strides) = match &meta {
        Some(meta) => (meta.offset(), meta.stride()),
        None => (info.offset(), info.stride()),
    };
    let mut planes = [PlaneRef { data: &[], stride: 0 }; 3];
    let planes = &mut planes[..format.plane_count()];
    for (index, plane) in planes.iter_mut().enumerate() {
        let place = offsets.get(index).zip(strides.get(index));
        let place = place.and_then(|(at, stride)| bytes.get(*at..).zip(usize::try_from(*stride).ok()));
        let (data, stride) = place.ok_or(InputError::Plane(index))?;
        *plane = PlaneRef { data, stride };
    }
    Ok(PictureRef::new(format, Size::new(info.width(), info.height()), planes)?)
}

fn format(format: VideoFormat) -> Option<PixelFormat> {
    match format {
        VideoFormat::Bgrx => Some(PixelFormat::Bgrx),
        VideoFormat::Bgra => Some(PixelFormat::Bgra),
        VideoFormat::Rgbx => Some(PixelFormat::Rgbx),
        VideoFormat::Rgba => Some(PixelFormat::Rgba),
        VideoFormat::Nv12 => Some(PixelFormat::Nv12),
        _ => None,
    }
}

/// What `ask` says to the descriptor of a buffer that is one DMA-BUF.
pub(crate) fn dma_buf<T>(buffer: &gst::BufferRef, ask: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
    if buffer.n_memory() != 1 {
        return None;
    }
    let memory = buffer.peek_memory(0).downcast_memory_ref::<DmaBufMemory>()?;
    // SAFETY: the memory owns the descriptor, and is borrowed for as long as the descriptor is.
    Some(ask(unsafe { BorrowedFd::borrow_raw(memory.fd()) }))
}
