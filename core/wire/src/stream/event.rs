//! What the wire says about keys, pointers and fingers, as events that a desktop takes.
//!
//! One table for all wheels, whichever endpoint and whichever client they turn on:
//!
//! | Message | Unit | Notches |
//! |---|---|---|
//! | 0x11 sub 3 | pixel | 3 / 200 |
//! | 0x11 sub 4 | notch | 1 |
//! | `/ws/input` 0x05 | pixel | 3 / 200 |
//! | | line: 40 pixels | 3 / 5 |
//! | | page: 800 pixels wide, 600 high | 12, 9 |

use lunette_input_events::{Event, Fraction, PointerButton, Scroll, ScrollKind};

use super::{ClientMessage, Input, InputMessage, PageScroll, ScrollUnit};

/// More than any hand turns between two messages.
const MAX_NOTCHES: f64 = 100.0;
const LINE: f64 = 40.0;
const PAGE_WIDTH: f64 = 800.0;
const PAGE_HEIGHT: f64 = 600.0;

impl Input {
    /// The event; [`None`] for what [`ClientMessage::decode`] would refuse.
    #[must_use]
    pub fn into_event(self) -> Option<Event> {
        Some(match self {
            Self::Key { down, code, .. } => Event::Key { code, down },
            Self::Text(text) => Event::Text(text),
            Self::Keysym { down, keysym, .. } => Event::Keysym { keysym, down },
            Self::KeysymTap { modifiers, keysym } => Event::Tap { keysym, modifiers },
            Self::Button { down, button } => Event::Button { button: pointer_button(button)?, down },
            Self::Wheel { dx, dy } => turn(notches(dx.into())?, notches(dy.into())?, ScrollKind::Wheel),
            Self::LegacyWheel { dx, dy } => turn(within(dx.into()), within(dy.into()), ScrollKind::Wheel),
            Self::MoveTo { x, y, width, height } => Event::MoveTo { x: part(x, width)?, y: part(y, height)? },
            Self::MoveBy { dx, dy } => Event::MoveBy { dx: dx.into(), dy: dy.into() },
            Self::Touch { phase, slot, x, y } => {
                Event::Touch { slot: slot.into(), phase, x: Fraction::new(x.into())?, y: Fraction::new(y.into())? }
            }
        })
    }
}

impl PageScroll {
    /// The event; [`None`] for what [`InputMessage::decode`] would refuse.
    #[must_use]
    pub fn into_event(self) -> Option<Event> {
        let (across, down) = match self.unit {
            ScrollUnit::Pixel => (1.0, 1.0),
            ScrollUnit::Line => (LINE, LINE),
            ScrollUnit::Page => (PAGE_WIDTH, PAGE_HEIGHT),
        };
        let kind = if self.trackpad { ScrollKind::Finger } else { ScrollKind::Wheel };
        Some(turn(notches(f64::from(self.dx) * across)?, notches(f64::from(self.dy) * down)?, kind))
    }
}

impl ClientMessage {
    /// The event; [`None`] when the message is no input, or one that [`ClientMessage::decode`] would refuse.
    #[must_use]
    pub fn into_event(self) -> Option<Event> {
        match self {
            Self::Input(input) => input.into_event(),
            Self::Reserved(_) | Self::Control(_) | Self::Ping(_) | Self::Feedback(_) => None,
        }
    }
}

impl InputMessage {
    /// The event; [`None`] for what [`InputMessage::decode`] would refuse.
    #[must_use]
    pub fn into_event(self) -> Option<Event> {
        match self {
            Self::Input(input) => input.into_event(),
            Self::Scroll(scroll) => scroll.into_event(),
        }
    }
}

const fn turn(dx: f64, dy: f64, kind: ScrollKind) -> Event {
    Event::Scroll(Scroll { dx, dy, kind })
}

fn notches(pixels: f64) -> Option<f64> {
    pixels.is_finite().then(|| within(pixels * 3.0 / 200.0))
}

const fn within(notches: f64) -> f64 {
    notches.clamp(-MAX_NOTCHES, MAX_NOTCHES)
}

fn part(value: i16, whole: i16) -> Option<Fraction> {
    if whole > 0 { Fraction::new(f64::from(value) / f64::from(whole)) } else { None }
}

fn pointer_button(button: u8) -> Option<PointerButton> {
    Some(match button {
        1 => PointerButton::LEFT,
        2 => PointerButton::MIDDLE,
        3 => PointerButton::RIGHT,
        4..=Input::MAX_BUTTON => PointerButton(PointerButton::SIDE.0 + u16::from(button) - 4),
        _ => return None,
    })
}
