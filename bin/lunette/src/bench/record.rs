//! `lunette bench record`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use lunette_capture::pattern::Kind;
use lunette_frame::{PictureRef, PixelFormat, Size};

use super::screen::{self, Pace};

/// Arguments of `lunette bench record`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecordArgs {
    /// What the screen shows
    #[arg(long, value_name = "KIND", default_value = "scroll")]
    kind: Kind,

    /// Frames to write
    #[arg(long, value_name = "N", default_value = "120", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    frames: u64,

    /// Size of the pictures
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    size: Size,

    /// File to write: blue, green, red and an ignored byte for each pixel, frame after frame, without a header
    file: PathBuf,
}

/// Writes the frames; a still screen repeats its one picture.
pub(crate) fn run(args: &RecordArgs) -> Result<String> {
    let path = args.file.display();
    let file = File::create(&args.file).with_context(|| format!("cannot create {path}"))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let (mut source, _doorbell) = screen::open(args.kind, args.size, Pace(0))?;
    let mut last = Vec::new();
    for _ in 0..args.frames {
        if let Some(frame) = screen::next(&mut *source)? {
            last.clear();
            append(&mut last, &frame.picture);
        }
        file.write_all(&last).with_context(|| format!("cannot write {path}"))?;
    }
    file.flush().with_context(|| format!("cannot write {path}"))?;
    let (kind, bytes) = (args.kind.as_str(), u128::from(args.frames) * last.len() as u128);
    Ok(format!("{path}: {} frames of {kind}, {} BGRX, {bytes} bytes\n", args.frames, args.size))
}

/// Rows without padding.
fn append(out: &mut Vec<u8>, picture: &PictureRef<'_>) {
    let size = picture.size();
    let row = PixelFormat::Bgrx.row_bytes(0, size.width);
    for y in 0..size.height as usize {
        out.extend_from_slice(picture.planes()[0].row(y, 0, row));
    }
}
