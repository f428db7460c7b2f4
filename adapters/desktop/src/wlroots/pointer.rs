//! zwlr_virtual_pointer_v1.

use std::collections::BTreeSet;
use std::time::Instant;

use lunette_input_events::{Fraction, PointerButton, Scroll, ScrollKind};
use wayland_client::Proxy;
use wayland_client::protocol::wl_output::WlOutput;
use wayland_client::protocol::wl_pointer::{Axis, AxisSource, ButtonState};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_manager_v1::{
    REQ_CREATE_VIRTUAL_POINTER_WITH_OUTPUT_SINCE, ZwlrVirtualPointerManagerV1,
};
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

use super::hands::Hands;
use crate::wayland::{Handle, Link};

/// Positions are fractions of this, whatever the scale and the size of the output.
const EXTENT: u32 = 1 << 20;
/// What libinput says that a notch of a wheel is.
const PIXELS_PER_NOTCH: f64 = 15.0;

/// A virtual pointer.
#[derive(Debug)]
pub(super) struct VirtualPointer {
    proxy: ZwlrVirtualPointerV1,
    since: Instant,
    held: BTreeSet<u16>,
    /// Parts of a notch that were not told as one yet, to the right and down.
    rest: [f64; 2],
}

impl VirtualPointer {
    pub(super) fn new(
        manager: &ZwlrVirtualPointerManagerV1,
        seat: &WlSeat,
        output: Option<&WlOutput>,
        handle: &Handle<Hands>,
    ) -> Self {
        let proxy = match output {
            Some(_) if manager.version() >= REQ_CREATE_VIRTUAL_POINTER_WITH_OUTPUT_SINCE => {
                manager.create_virtual_pointer_with_output(Some(seat), output, handle, ())
            }
            _ => manager.create_virtual_pointer(Some(seat), handle, ()),
        };
        Self { proxy, since: Instant::now(), held: BTreeSet::new(), rest: [0.0; 2] }
    }

    fn now(&self) -> u32 {
        now(self.since)
    }

    pub(super) fn move_to(&self, x: Fraction, y: Fraction) {
        self.proxy.motion_absolute(self.now(), extent(x), extent(y), EXTENT, EXTENT);
        self.proxy.frame();
    }

    pub(super) fn move_by(&self, dx: f64, dy: f64) {
        self.proxy.motion(self.now(), dx, dy);
        self.proxy.frame();
    }

    pub(super) fn button(&mut self, button: PointerButton, down: bool) {
        let changed = if down { self.held.insert(button.0) } else { self.held.remove(&button.0) };
        // A button that went down twice would need to go up twice.
        if changed {
            let state = if down { ButtonState::Pressed } else { ButtonState::Released };
            self.proxy.button(self.now(), button.0.into(), state);
            self.proxy.frame();
        }
    }

    /// Never says that a scroll has finished: sway 1.7 crashes at it, and wheels do not finish.
    pub(super) fn scroll(&mut self, scroll: Scroll) {
        let source = match scroll.kind {
            ScrollKind::Wheel => AxisSource::Wheel,
            ScrollKind::Finger => AxisSource::Finger,
        };
        self.proxy.axis_source(source);
        for (index, axis, notches) in [(0, Axis::HorizontalScroll, scroll.dx), (1, Axis::VerticalScroll, scroll.dy)] {
            if notches == 0.0 {
                continue;
            }
            let steps = match scroll.kind {
                ScrollKind::Wheel => whole(&mut self.rest[index], notches),
                ScrollKind::Finger => 0,
            };
            let value = notches * PIXELS_PER_NOTCH;
            if steps == 0 {
                self.proxy.axis(self.now(), axis, value);
            } else {
                self.proxy.axis_discrete(self.now(), axis, value, steps);
            }
        }
        self.proxy.frame();
    }

    pub(super) fn release(&mut self) {
        for button in std::mem::take(&mut self.held) {
            self.proxy.button(self.now(), button.into(), ButtonState::Released);
            self.proxy.frame();
        }
    }
}

/// Whole notches that are due after these.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn whole(rest: &mut f64, notches: f64) -> i32 {
    // The other way round starts anew, or the first notch back would be lost in the rest.
    if *rest * notches < 0.0 {
        *rest = 0.0;
    }
    *rest += notches;
    // Thirds of a notch add up to one although their sum is a little less.
    let whole = (*rest + 1e-6 * rest.signum()).trunc();
    *rest -= whole;
    whole as i32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and EXTENT")]
fn extent(fraction: Fraction) -> u32 {
    // The far edge is outside of the output.
    ((fraction.get() * f64::from(EXTENT)).round() as u32).min(EXTENT - 1)
}

/// Milliseconds, as Wayland counts them: they start anywhere and wrap.
#[expect(clippy::cast_possible_truncation, reason = "they wrap")]
pub(super) fn now(since: Instant) -> u32 {
    since.elapsed().as_millis() as u32
}

wayland_client::delegate_noop!(Link<Hands>: ZwlrVirtualPointerManagerV1);
wayland_client::delegate_noop!(Link<Hands>: ZwlrVirtualPointerV1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_notches_add_up() {
        let mut rest = 0.0;
        let steps: Vec<i32> = [0.25, 0.25, 0.5, 1.75, -0.5, -0.5].map(|notches| whole(&mut rest, notches)).into();
        assert_eq!(steps, [0, 0, 1, 1, 0, -1]);
        let mut rest = 0.0;
        assert_eq!((0..30).map(|_| whole(&mut rest, 0.1)).sum::<i32>(), 3);
    }

    #[test]
    fn the_far_edge_is_inside() {
        assert_eq!(extent(Fraction::new(1.0).unwrap()), EXTENT - 1);
        assert_eq!(extent(Fraction::new(0.5).unwrap()), EXTENT / 2);
    }
}
