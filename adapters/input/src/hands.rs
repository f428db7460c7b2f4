//! What clients do with the devices of a desktop.

use lunette_frame::Size;
use lunette_sys_uinput::{Absolute, Event, Key, Relative};
use lunette_uevent::InputKind;

use crate::held::Held;
use crate::touches::Touches;
use crate::wheel::{Wheel, whole};
use crate::{Action, Refusal};

/// Highest position of the pointer and of fingers, whatever the screen's size is.
pub(crate) const FARTHEST: i32 = 65_535;

/// Somebody who uses the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// What one device says happened at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The device.
    pub device: InputKind,
    /// Without the frame's end.
    pub events: Vec<Event>,
}

/// The state of all devices of a desktop: what is down and who holds it.
///
/// Whatever clients do, a key is down exactly while at least one of them holds it.
#[derive(Debug)]
pub struct Hands {
    size: Size,
    keys: Held,
    buttons: Held,
    touches: Touches,
    vertical: Wheel,
    horizontal: Wheel,
    rest: (f64, f64),
}

impl Hands {
    /// Nothing is down; positions are on a screen of this size.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            size,
            keys: Held::default(),
            buttons: Held::default(),
            touches: Touches::new(),
            vertical: Wheel::vertical(),
            horizontal: Wheel::horizontal(),
            rest: (0.0, 0.0),
        }
    }

    /// The screen has another size from now on.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// What comes of an action; nothing where it changes nothing.
    ///
    /// # Errors
    /// When there is no finger left on the touch screen.
    pub fn act(&mut self, client: ClientId, action: Action) -> Result<Vec<Frame>, Refusal> {
        let frame = match action {
            Action::MoveTo { x, y } => {
                let (x, y) = self.position(x, y);
                Some((InputKind::Pointer, vec![Event::Absolute(Absolute::X, x), Event::Absolute(Absolute::Y, y)]))
            }
            Action::MoveBy { dx, dy } => Some((InputKind::Mouse, self.move_by(dx, dy))),
            Action::Scroll { dx, dy } => Some((InputKind::Pointer, self.scroll(dx, dy))),
            Action::Button { button, down } => {
                Some((InputKind::Pointer, change(&mut self.buttons, client, button, down)))
            }
            Action::Key { key, down } => Some((InputKind::Keyboard, change(&mut self.keys, client, key, down))),
            Action::Touch { slot, x, y, down } => {
                let (finger, at) = ((client, slot), self.position(x, y));
                let events = if down { self.touches.down(finger, at)? } else { self.touches.motion(finger, at) };
                Some((InputKind::Touch, events))
            }
            Action::TouchUp { slot } => Some((InputKind::Touch, self.touches.up((client, slot)))),
            Action::Release => return Ok(self.release(client)),
        };
        Ok(frames(frame))
    }

    /// All that a client holds goes up: it is gone, or does not look any more.
    pub fn release(&mut self, client: ClientId) -> Vec<Frame> {
        let up = |keys: Vec<Key>| keys.into_iter().map(|key| Event::Key(key, false)).collect();
        frames([
            (InputKind::Keyboard, up(self.keys.let_go_of_all(client))),
            (InputKind::Pointer, up(self.buttons.let_go_of_all(client))),
            (InputKind::Touch, self.touches.up_all(client)),
        ])
    }

    /// Whether a client holds anything.
    #[must_use]
    pub fn is_holding(&self, client: ClientId) -> bool {
        self.keys.is_holding(client) || self.buttons.is_holding(client) || self.touches.is_holding(client)
    }

    fn move_by(&mut self, dx: f64, dy: f64) -> Vec<Event> {
        let moved = [(Relative::X, whole(&mut self.rest.0, dx)), (Relative::Y, whole(&mut self.rest.1, dy))];
        moved.into_iter().filter(|(_, value)| *value != 0).map(|(axis, value)| Event::Relative(axis, value)).collect()
    }

    /// Down is positive for clients; for the kernel's wheel it is away from the user.
    fn scroll(&mut self, dx: f64, dy: f64) -> Vec<Event> {
        self.vertical.turn(-dy).into_iter().chain(self.horizontal.turn(dx)).collect()
    }

    fn position(&self, x: f64, y: f64) -> (i32, i32) {
        (unit(x, self.size.width), unit(y, self.size.height))
    }
}

/// A pixel as a position of the device. Compositors round down when they turn it into a pixel again, so this rounds up.
#[expect(clippy::cast_possible_truncation, reason = "clamped to the device's range")]
fn unit(pixel: f64, pixels: u32) -> i32 {
    let place = (pixel * f64::from(FARTHEST + 1) / f64::from(pixels.max(1))).ceil();
    place.clamp(0.0, f64::from(FARTHEST)) as i32
}

fn change(held: &mut Held, client: ClientId, key: Key, down: bool) -> Vec<Event> {
    let changes = if down { held.press(client, key) } else { held.let_go(client, key) };
    changes.then_some(Event::Key(key, down)).into_iter().collect()
}

fn frames(parts: impl IntoIterator<Item = (InputKind, Vec<Event>)>) -> Vec<Frame> {
    let frame = |(device, events): (InputKind, Vec<Event>)| Frame { device, events };
    parts.into_iter().map(frame).filter(|frame| !frame.events.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: ClientId = ClientId(1);
    const BEN: ClientId = ClientId(2);
    const CTRL: Key = Key(29);
    const SCREEN: Size = Size::new(1920, 1080);

    fn key(key: Key, down: bool) -> Vec<Frame> {
        vec![Frame { device: InputKind::Keyboard, events: vec![Event::Key(key, down)] }]
    }

    fn press(hands: &mut Hands, client: ClientId, down: bool) -> Vec<Frame> {
        hands.act(client, Action::Key { key: CTRL, down }).unwrap()
    }

    #[test]
    fn a_key_that_two_hold_is_down_until_both_let_go() {
        let mut hands = Hands::new(SCREEN);
        assert_eq!(press(&mut hands, ANN, true), key(CTRL, true));
        assert_eq!(press(&mut hands, BEN, true), []);
        assert_eq!(press(&mut hands, ANN, false), []);
        assert_eq!(press(&mut hands, ANN, false), []);
        assert_eq!(press(&mut hands, BEN, false), key(CTRL, false));
    }

    #[test]
    fn what_a_client_held_goes_up_when_it_goes() {
        let mut hands = Hands::new(SCREEN);
        press(&mut hands, ANN, true);
        hands.act(ANN, Action::Button { button: Key::LEFT, down: true }).unwrap();
        hands.act(ANN, Action::Touch { slot: 7, x: 0.0, y: 0.0, down: true }).unwrap();
        assert!(hands.is_holding(ANN) && !hands.is_holding(BEN));
        let devices: Vec<InputKind> = hands.release(ANN).into_iter().map(|frame| frame.device).collect();
        assert_eq!(devices, [InputKind::Keyboard, InputKind::Pointer, InputKind::Touch]);
        assert_eq!(hands.release(ANN), []);
        assert!(!hands.is_holding(ANN));
    }

    #[test]
    fn repeats_and_strange_releases_say_nothing() {
        let mut hands = Hands::new(SCREEN);
        press(&mut hands, ANN, true);
        assert_eq!(press(&mut hands, ANN, true), []);
        assert_eq!(press(&mut hands, BEN, false), []);
        assert_eq!(hands.act(BEN, Action::TouchUp { slot: 0 }), Ok(vec![]));
        assert_eq!(hands.act(BEN, Action::Touch { slot: 0, x: 1.0, y: 1.0, down: false }), Ok(vec![]));
        assert_eq!(hands.act(BEN, Action::MoveBy { dx: 0.2, dy: 0.0 }), Ok(vec![]));
    }

    #[test]
    fn two_fingers_have_slots_and_the_first_moves_the_pointer_of_old_programs() {
        let mut hands = Hands::new(Size::new(65_536, 65_536));
        let touch = |hands: &mut Hands, client, down| {
            let action = Action::Touch { slot: 0, x: 5.0, y: 6.0, down };
            let frames = hands.act(client, action).unwrap();
            frames.into_iter().flat_map(|frame| frame.events).collect::<Vec<_>>()
        };
        let absolute = |axis, value| Event::Absolute(axis, value);
        let (slot, id) = (Absolute::MT_SLOT, Absolute::MT_TRACKING_ID);
        let place = [absolute(Absolute::MT_POSITION_X, 5), absolute(Absolute::MT_POSITION_Y, 6)];
        let old = [absolute(Absolute::X, 5), absolute(Absolute::Y, 6)];
        let first = [absolute(slot, 0), absolute(id, 0), Event::Key(Key::TOUCH, true)];
        assert_eq!(touch(&mut hands, ANN, true), [&first[..], &place, &old].concat());
        assert_eq!(touch(&mut hands, BEN, true), [&[absolute(slot, 1), absolute(id, 1)][..], &place].concat());
        assert_eq!(touch(&mut hands, BEN, false), [&[absolute(slot, 1)][..], &place].concat());
        let up = hands.release(ANN);
        assert_eq!(up[0].events, [absolute(slot, 0), absolute(id, -1)]);
        let up = hands.release(BEN);
        assert_eq!(up[0].events, [absolute(slot, 1), absolute(id, -1), Event::Key(Key::TOUCH, false)]);
    }

    #[test]
    fn an_eleventh_finger_is_refused() {
        let mut hands = Hands::new(SCREEN);
        let down = |slot| Action::Touch { slot, x: 1.0, y: 1.0, down: true };
        assert!((0..10).all(|slot| hands.act(ANN, down(slot)).is_ok()));
        assert_eq!(hands.act(BEN, down(0)), Err(Refusal::TooManyFingers(10)));
        hands.release(ANN);
        assert!(hands.act(BEN, down(0)).is_ok());
    }

    #[test]
    fn scrolling_down_turns_the_wheel_towards_the_user() {
        let frames = Hands::new(SCREEN).act(ANN, Action::Scroll { dx: 1.0, dy: 1.0 }).unwrap();
        let turned = [
            (Relative::WHEEL, -1),
            (Relative::WHEEL_HI_RES, -120),
            (Relative::HWHEEL, 1),
            (Relative::HWHEEL_HI_RES, 120),
        ];
        assert_eq!(frames[0].device, InputKind::Pointer);
        assert_eq!(frames[0].events, turned.map(|(axis, value)| Event::Relative(axis, value)));
    }

    #[test]
    fn every_pixel_is_hit_on_every_size() {
        for pixels in [1, 2, 640, 1080, 1366, 1920, 2160, 3840, 8192] {
            for pixel in 0..pixels {
                let unit = u64::try_from(unit(pixel.into(), pixels)).unwrap();
                // What libinput does with it.
                assert_eq!(unit * u64::from(pixels) / 65_536, u64::from(pixel), "of {pixels}");
            }
        }
    }

    #[test]
    fn outside_is_the_edge() {
        let mut hands = Hands::new(SCREEN);
        let mut at = |x, y| hands.act(ANN, Action::MoveTo { x, y }).unwrap().remove(0).events;
        let place = |x, y| [Event::Absolute(Absolute::X, x), Event::Absolute(Absolute::Y, y)];
        assert_eq!(at(-5.0, -0.1), place(0, 0));
        assert_eq!(at(1920.0, 1e6), place(65_535, 65_535));
        hands.resize(Size::new(100, 0));
        assert_eq!(hands.act(ANN, Action::MoveTo { x: 50.0, y: 1.0 }).unwrap()[0].events, place(32_768, 65_535));
    }
}
