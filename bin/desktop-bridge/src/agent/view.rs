//! Pictures as files, made where they hold nobody up.

use std::fmt::Write;
use std::str::FromStr;
use std::time::Duration;

use axum::http::StatusCode;
use lunette_frame::{Rect, Size};
use lunette_snapshot::{Encoding, Shot, SnapshotError, View};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::problem::Problem;

/// Pictures that are made at one time; each takes a core for some tens of milliseconds.
static MAKING: Semaphore = Semaphore::const_new(2);
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// A part of the picture, in its pixels. In a query `X,Y,W,H`, in JSON an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl From<Region> for Rect {
    fn from(region: Region) -> Self {
        Self::new(region.x, region.y, region.width, region.height)
    }
}

impl From<Rect> for Region {
    fn from(Rect { x, y, width, height }: Rect) -> Self {
        Self { x, y, width, height }
    }
}

impl FromStr for Region {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers: Vec<u32> = text.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| ())?;
        let [x, y, width, height] = numbers.try_into().map_err(|_| ())?;
        Some(Self { x, y, width, height }).filter(|_| width > 0 && height > 0).ok_or(())
    }
}

/// What a query says a region is.
pub(crate) const REGION: &str = "a region X,Y,WIDTH,HEIGHT in pixels, such as 0,0,640,480";

/// A kind of file, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lossless.
    Png,
    /// Small.
    Jpeg,
    /// Lossless and small.
    Webp,
}

impl Format {
    /// With this quality, where the format has any.
    #[must_use]
    pub fn encoding(self, quality: u8) -> Encoding {
        match self {
            Self::Png => Encoding::Png,
            Self::Jpeg => Encoding::Jpeg(quality),
            Self::Webp => Encoding::Webp,
        }
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "png" => Ok(Self::Png),
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "webp" => Ok(Self::Webp),
            _ => Err(()),
        }
    }
}

/// A file, and the size of the picture in it.
#[derive(Debug)]
pub struct Picture {
    /// The file.
    pub file: Vec<u8>,
    /// The picture's size.
    pub size: Size,
    /// Its kind.
    pub encoding: Encoding,
}

/// Makes files of several views of a picture, on another thread.
///
/// # Errors
/// 400 for a region outside of the picture, 503 when too many pictures are being made.
pub(crate) async fn pictures(shot: Shot, views: Vec<View>, encoding: Encoding) -> Result<Vec<Picture>, Problem> {
    let turn = timeout(TURN, MAKING.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many screenshots are being made at once"));
    };
    let make = move |view: &View| -> Result<Picture, SnapshotError> {
        let image = shot.render(view)?;
        Ok(Picture { file: image.encode(encoding)?, size: image.size(), encoding })
    };
    let made = tokio::task::spawn_blocking(move || views.iter().map(make).collect::<Result<_, _>>()).await;
    match made {
        Ok(made) => Ok(made?),
        Err(error) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no picture was made: {error}"))),
    }
}

/// Makes a file of one view of a picture, on another thread.
///
/// # Errors
/// 400 for a region outside of the picture, 503 when too many pictures are being made.
pub async fn picture(shot: Shot, view: View, encoding: Encoding) -> Result<Picture, Problem> {
    let made = pictures(shot, vec![view], encoding).await?.pop();
    made.ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no picture was made"))
}

/// Rectangles in words, the first few of them.
pub(crate) fn in_words(rects: &[Rect]) -> String {
    let mut words = String::new();
    for Rect { x, y, width, height } in rects.iter().take(8) {
        // Writing to a String does not fail.
        _ = write!(words, "{}{width}x{height} at {x},{y}", if words.is_empty() { "" } else { ", " });
    }
    if rects.len() > 8 {
        words.push_str(", …");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_four_numbers_with_pixels_between() {
        assert_eq!("1,2,30,40".parse(), Ok(Region { x: 1, y: 2, width: 30, height: 40 }));
        for bad in
            ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,3,0", "-1,2,3,4", "1.5,2,3,4", "99999999999,0,1,1", "a,b,c,d"]
        {
            assert_eq!(bad.parse::<Region>(), Err(()), "{bad}");
        }
    }
}
