//! Pictures that are ready to be encoded, one after another.

use std::str::FromStr;

use anyhow::{Context, Result};
use lunette_capture::pattern::Kind;
use lunette_capture::{Frame, Source, now};
use lunette_encode::Keyframe;
use lunette_frame::{Damage, Picture, PictureRef, PixelFormat, Rect, Size};

use crate::bench::screen::{self, Pace};
use crate::bench::stages::Stages;

/// What changes from picture to picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    /// One square on a page of text.
    Small,
    /// What a synthetic screen shows.
    Screen(Kind),
    /// A scrolling page with every picture an IDR.
    Idr,
}

impl Scene {
    const ALL: [Self; 6] = [
        Self::Small,
        Self::Screen(Kind::Typing),
        Self::Screen(Kind::Scroll),
        Self::Screen(Kind::Video),
        Self::Screen(Kind::Noise),
        Self::Idr,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Screen(kind) => kind.as_str(),
            Self::Idr => "idr",
        }
    }

    pub(crate) const fn keyframe(self) -> Keyframe {
        match self {
            Self::Idr => Keyframe::Force,
            Self::Small | Self::Screen(_) => Keyframe::Auto,
        }
    }

    const fn shows(self) -> Kind {
        match self {
            Self::Small => Kind::Still,
            Self::Screen(kind) => kind,
            Self::Idr => Kind::Scroll,
        }
    }
}

impl FromStr for Scene {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|scene| scene.as_str() == text);
        found.ok_or_else(|| format!("there is no kind `{text}` that could be encoded; known: {}", known()))
    }
}

/// The pictures of one scene.
pub(crate) struct Reel {
    stages: Stages,
    projector: Projector,
}

enum Projector {
    Screen(Box<dyn Source>),
    Square(Square),
}

/// A page on which one square changes.
struct Square {
    size: Size,
    page: Vec<u8>,
    pixels: Vec<u8>,
    damage: Damage,
    shown: u64,
}

impl Reel {
    pub(crate) fn open(scene: Scene, format: PixelFormat, size: Size) -> Result<Self> {
        let (mut source, _doorbell) = screen::open(scene.shows(), size, Pace(0))?;
        let projector = match scene {
            Scene::Small => Projector::Square(Square::copy(&mut *source, size)?),
            Scene::Screen(_) | Scene::Idr => Projector::Screen(source),
        };
        Ok(Self { stages: Stages::new(format, size)?, projector })
    }

    /// Makes the next picture; returns the counter in its marker.
    pub(crate) fn advance(&mut self) -> Result<u64> {
        match &mut self.projector {
            Projector::Screen(source) => {
                let frame = screen::next(&mut **source)?.context("the screen has no more pictures")?;
                self.stages.take(&frame)?;
                Ok(frame.number)
            }
            Projector::Square(square) => {
                self.stages.take(&square.next()?)?;
                Ok(0)
            }
        }
    }

    pub(crate) fn picture(&self) -> &Picture {
        self.stages.picture()
    }

    pub(crate) fn changed(&self) -> &Damage {
        self.stages.changed()
    }
}

impl Square {
    const SIDE: u32 = 64;
    /// Rows of the square that change in any case.
    const BAR: usize = 4;

    fn copy(source: &mut dyn Source, size: Size) -> Result<Self> {
        let frame = screen::next(source)?.context("the screen has no picture")?;
        let (plane, row) = (frame.picture.planes()[0], PixelFormat::Bgrx.row_bytes(0, size.width));
        let page: Vec<u8> = (0..size.height as usize).flat_map(|y| plane.row(y, 0, row).to_vec()).collect();
        Ok(Self { size, pixels: page.clone(), page, damage: Damage::full(size), shown: 0 })
    }

    /// On whole tiles in the middle, so that exactly one tile is dirty.
    fn place(&self) -> Option<Rect> {
        let aligned = |side: u32| side / 2 / Self::SIDE * Self::SIDE;
        Rect::new(aligned(self.size.width), aligned(self.size.height), Self::SIDE, Self::SIDE)
            .intersect(self.size.bounds())
    }

    /// Shows in the square what stands elsewhere on the page, each time from somewhere else.
    fn next(&mut self) -> Result<Frame<'_>> {
        let stride = self.size.width as usize * 4;
        if let Some(square) = self.place().filter(|_| self.shown > 0) {
            let top = usize::try_from(self.shown * 16 % u64::from(self.size.height)).unwrap_or(0);
            for y in 0..square.height as usize {
                let columns = square.x as usize * 4..square.right() as usize * 4;
                let from = (top + y) % self.size.height as usize * stride;
                let to = (square.y as usize + y) * stride;
                let line = &self.page[from + columns.start..from + columns.end];
                let shown = &mut self.pixels[to + columns.start..to + columns.end];
                shown.copy_from_slice(line);
                // A bar that comes and goes, since a page may repeat itself, in its margins for one.
                if y < Self::BAR && self.shown % 2 == 1 {
                    shown.iter_mut().for_each(|byte| *byte = !*byte);
                }
            }
        }
        let number = self.shown;
        self.shown += 1;
        let picture = PictureRef::packed(PixelFormat::Bgrx, self.size, stride, &self.pixels)?;
        Ok(Frame { picture, damage: &self.damage, captured: now(), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(320, 192);

    #[test]
    fn names_are_known_and_still_is_not_among_them() {
        for scene in Scene::ALL {
            assert_eq!(scene.as_str().parse(), Ok(scene));
        }
        assert!("still".parse::<Scene>().unwrap_err().contains("small"));
    }

    #[test]
    fn a_small_change_is_one_tile() {
        let mut reel = Reel::open(Scene::Small, PixelFormat::I420, SIZE).unwrap();
        reel.advance().unwrap();
        assert!(reel.changed().is_full());
        for _ in 0..20 {
            reel.advance().unwrap();
            assert_eq!(reel.changed().rects(), [Rect::new(128, 64, 64, 64)]);
        }
    }

    #[test]
    fn every_picture_of_every_scene_has_a_change() {
        for scene in Scene::ALL {
            let mut reel = Reel::open(scene, PixelFormat::I420, SIZE).unwrap();
            for _ in 0..5 {
                reel.advance().unwrap();
                assert!(!reel.changed().is_empty(), "{scene:?}");
            }
        }
    }

    #[test]
    fn a_picture_smaller_than_a_square_has_a_smaller_one() {
        let mut reel = Reel::open(Scene::Small, PixelFormat::I420, Size::new(130, 44)).unwrap();
        (0..5).for_each(|_| _ = reel.advance().unwrap());
        assert_eq!(reel.changed().rects(), [Rect::new(64, 0, 64, 44)]);
    }
}
