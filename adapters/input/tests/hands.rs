//! Whatever clients do: what is down is held, what is held is down.

use std::collections::{BTreeMap, BTreeSet};

use lunette_frame::Size;
use lunette_input::{Action, ClientId, Frame, Hands, line};
use lunette_sys_uinput::{Absolute, Event, Key};
use lunette_uevent::InputKind;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Act(ClientId, Action),
    Leave(ClientId),
}

fn actions() -> impl Strategy<Value = Action> {
    let key = (1_u16..6, any::<bool>());
    let place = (-10.0..2000.0, -10.0..2000.0);
    prop_oneof![
        key.clone().prop_map(|(code, down)| Action::Key { key: Key(code), down }),
        key.prop_map(|(code, down)| Action::Button { button: Key(Key::LEFT.0 + code), down }),
        (0_u32..6, place, any::<bool>()).prop_map(|(slot, (x, y), down)| Action::Touch { slot, x, y, down }),
        (0_u32..6).prop_map(|slot| Action::TouchUp { slot }),
        place_actions(),
        Just(Action::Release),
    ]
}

fn place_actions() -> impl Strategy<Value = Action> {
    (-1e6..1e6, -1e6..1e6, 0..3).prop_map(|(x, y, which)| match which {
        0 => Action::MoveTo { x, y },
        1 => Action::MoveBy { dx: x, dy: y },
        _ => Action::Scroll { dx: x, dy: y },
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = (1_u64..4).prop_map(ClientId);
    let step = prop_oneof![
        9 => (client.clone(), actions()).prop_map(|(client, action)| Step::Act(client, action)),
        1 => client.prop_map(Step::Leave),
    ];
    proptest::collection::vec(step, 0..200)
}

/// A kernel that believes the frames.
#[derive(Debug, Default)]
struct Kernel {
    down: BTreeSet<(InputKind, Key)>,
    slot: i32,
    fingers: BTreeMap<i32, i32>,
}

impl Kernel {
    fn hear(&mut self, frames: &[Frame]) {
        for Frame { device, events } in frames {
            assert!(!events.is_empty());
            for event in events {
                self.hear_event(*device, *event);
            }
            let touching = self.down.contains(&(InputKind::Touch, Key::TOUCH));
            assert_eq!(touching, !self.fingers.is_empty());
        }
    }

    fn hear_event(&mut self, device: InputKind, event: Event) {
        match event {
            Event::Key(key, true) => assert!(self.down.insert((device, key)), "{key:?} is down already"),
            Event::Key(key, false) => assert!(self.down.remove(&(device, key)), "{key:?} is up already"),
            Event::Absolute(Absolute::MT_SLOT, slot) => self.slot = slot,
            Event::Absolute(Absolute::MT_TRACKING_ID, -1) => assert!(self.fingers.remove(&self.slot).is_some()),
            Event::Absolute(Absolute::MT_TRACKING_ID, id) => {
                assert_eq!(self.fingers.insert(self.slot, id), None, "a finger in a slot that has one");
            }
            Event::Absolute(_, value) => assert!((0..=65_535).contains(&value)),
            Event::Relative(_, value) => assert_ne!(value, 0),
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_down_when_everybody_is_gone(steps in steps()) {
        let mut hands = Hands::new(Size::new(1920, 1080));
        let mut kernel = Kernel::default();
        for step in steps {
            match step {
                Step::Act(client, action) => kernel.hear(&hands.act(client, action).unwrap_or_default()),
                Step::Leave(client) => {
                    kernel.hear(&hands.release(client));
                    assert!(!hands.is_holding(client));
                }
            }
            let anybody = (1..4).any(|client| hands.is_holding(ClientId(client)));
            prop_assert_eq!(anybody, !kernel.down.is_empty());
        }
        (1..4).for_each(|client| kernel.hear(&hands.release(ClientId(client))));
        prop_assert!(kernel.down.is_empty() && kernel.fingers.is_empty());
    }

    #[test]
    fn arbitrary_lines_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = line::parse(&bytes);
    }

    #[test]
    fn arbitrary_fields_never_panic(
        kind in "mouse_move_abs|mouse_move_rel|button|scroll|scroll_smooth|key|touch_down|touch_motion|touch_up",
        numbers in proptest::array::uniform8(any::<f64>()),
    ) {
        let [x, y, dx, dy, button, state, keycode, slot] = numbers;
        let line = format!(
            r#"{{"type":"{kind}","x":{x:e},"y":{y:e},"dx":{dx:e},"dy":{dy:e},"button":{button:.0},"state":{state:.0},"keycode":{keycode:.0},"slot":{slot:.0}}}"#
        );
        if let Ok(action) = line::parse(line.as_bytes()) {
            let _ = Hands::new(Size::new(1, 1)).act(ClientId(1), action);
        }
    }
}
