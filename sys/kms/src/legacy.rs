//! Mode setting and flips one CRTC at a time.

#![allow(unsafe_code)]

use lunette_frame::Rect;

use crate::raw::{self, ClipRect, DirtyFramebuffer, PageFlip, SetCrtc};
use crate::{Card, ConnectorId, CrtcId, FramebufferId, KmsError, Mode, list};

impl Card {
    /// Lights a CRTC: shows a framebuffer's top-left corner on a connector.
    ///
    /// # Errors
    /// `ENOENT` or `EACCES` once a lease is revoked, `EINVAL` when the mode does not fit.
    pub fn set_crtc(
        &self,
        crtc: CrtcId,
        connector: ConnectorId,
        framebuffer: FramebufferId,
        mode: &Mode,
    ) -> Result<(), KmsError> {
        let connectors = [connector.get()];
        let mut command = SetCrtc {
            set_connectors_ptr: list::address(connectors.as_ptr()),
            count_connectors: 1,
            crtc_id: crtc.get(),
            fb_id: framebuffer.get(),
            mode_valid: 1,
            mode: mode.0,
            ..SetCrtc::default()
        };
        // SAFETY: one connector's id is readable, and the kernel only reads it.
        unsafe { self.call_with_pointers("set a CRTC's mode", &mut command) }
    }

    /// Turns a CRTC off.
    ///
    /// # Errors
    /// `ENOENT` or `EACCES` once a lease is revoked.
    pub fn turn_off(&self, crtc: CrtcId) -> Result<(), KmsError> {
        let mut command = SetCrtc { crtc_id: crtc.get(), ..SetCrtc::default() };
        // SAFETY: the number of connectors is 0.
        unsafe { self.call_with_pointers("turn a CRTC off", &mut command) }
    }

    /// Shows another framebuffer of the same size; an event with `user_data` says when that is done.
    ///
    /// # Errors
    /// `EBUSY` while an earlier flip is under way, `ENOENT` or `EACCES` once a lease is revoked.
    pub fn page_flip(&self, crtc: CrtcId, framebuffer: FramebufferId, user_data: u64) -> Result<(), KmsError> {
        let (crtc_id, fb_id) = (crtc.get(), framebuffer.get());
        let mut command = PageFlip { crtc_id, fb_id, flags: raw::PAGE_FLIP_EVENT, reserved: 0, user_data };
        self.call("flip a page", &mut command)
    }

    /// Tells which parts of a framebuffer were written since the kernel last looked; none means all of it.
    ///
    /// # Errors
    /// When there are more rectangles than one request holds (256), or the framebuffer is gone.
    pub fn dirty(&self, framebuffer: FramebufferId, damage: &[Rect]) -> Result<(), KmsError> {
        if damage.len() > raw::DIRTY_MAX_CLIPS {
            return Err(KmsError::TooMany { what: "rectangles", count: damage.len() });
        }
        let clips: Vec<ClipRect> = damage.iter().map(clip).collect();
        let mut command = DirtyFramebuffer {
            fb_id: framebuffer.get(),
            num_clips: list::count("rectangles", clips.len())?,
            clips_ptr: if clips.is_empty() { 0 } else { list::address(clips.as_ptr()) },
            ..DirtyFramebuffer::default()
        };
        // SAFETY: the rectangles are readable for their count, and the kernel only reads them.
        unsafe { self.call_with_pointers("take note of written pixels", &mut command) }
    }
}

fn clip(rect: &Rect) -> ClipRect {
    let edge = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
    ClipRect { x1: edge(rect.x), y1: edge(rect.y), x2: edge(rect.right()), y2: edge(rect.bottom()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_have_corners_instead_of_sizes() {
        assert_eq!(clip(&Rect::new(8, 16, 64, 32)), ClipRect { x1: 8, y1: 16, x2: 72, y2: 48 });
        assert_eq!(clip(&Rect::new(0, 0, 70_000, 1)).x2, u16::MAX);
    }
}
