use super::*;

const CTRL: KeyCode = KeyCode(29);
const C: KeyCode = KeyCode(46);
const ANNA: ParticipantId = ParticipantId(1);
const BERND: ParticipantId = ParticipantId(2);

fn key(code: KeyCode, down: bool) -> Event {
    Event::Key { code, down }
}

fn left(down: bool) -> Event {
    Event::Button { button: PointerButton::LEFT, down }
}

fn finger(slot: u32, phase: TouchPhase, x: f64) -> Event {
    Event::Touch { slot, phase, x: Fraction::new(x).unwrap(), y: Fraction::new(0.5).unwrap() }
}

#[test]
fn what_is_down_comes_up_in_reverse() {
    let mut held = Held::default();
    for event in [key(CTRL, true), key(C, true), left(true), finger(3, TouchPhase::Down, 0.1)] {
        held.apply(&event).unwrap();
    }
    held.apply(&finger(3, TouchPhase::Move, 0.2)).unwrap();
    let expected = [finger(3, TouchPhase::Cancel, 0.2), left(false), key(C, false), key(CTRL, false)];
    assert_eq!(held.release_all(), expected);
    assert!(held.is_empty());
    assert!(held.release_all().is_empty());
}

#[test]
fn an_up_without_its_down_is_dropped() {
    let mut held = Held::default();
    for event in [key(C, false), left(false), finger(0, TouchPhase::Up, 0.0), finger(0, TouchPhase::Move, 0.0)] {
        assert_eq!(held.apply(&event), Err(Dropped::NotDown), "{event:?}");
    }
}

#[test]
fn keys_repeat_and_come_up_once() {
    let mut held = Held::default();
    for _ in 0..3 {
        assert_eq!(held.apply(&key(C, true)), Ok(()));
    }
    assert_eq!(held.apply(&key(C, false)), Ok(()));
    assert_eq!(held.apply(&key(C, false)), Err(Dropped::NotDown));
}

#[test]
fn buttons_and_fingers_do_not_repeat() {
    let mut held = Held::default();
    for event in [left(true), finger(1, TouchPhase::Down, 0.0)] {
        assert_eq!(held.apply(&event), Ok(()));
        assert_eq!(held.apply(&event), Err(Dropped::AlreadyDown));
    }
}

#[test]
fn so_many_keys_and_no_more() {
    let mut held = Held::default();
    assert!((0..64).all(|code| held.apply(&key(KeyCode(code), true)).is_ok()));
    assert_eq!(held.apply(&key(KeyCode(64), true)), Err(Dropped::TooMany(64)));
    assert_eq!(held.apply(&left(true)), Ok(()), "buttons count apart");
    assert_eq!(held.apply(&key(KeyCode(64), false)), Err(Dropped::NotDown));
}

#[test]
fn what_holds_nothing_passes() {
    let mut held = Held::default();
    let tap = Event::Tap { keysym: Keysym(0x61), modifiers: crate::Modifiers::default() };
    for event in [Event::Text("a".to_owned()), tap, Event::MoveBy { dx: 1.0, dy: 0.0 }] {
        assert_eq!(held.apply(&event), Ok(()));
    }
    assert!(held.is_empty());
}

#[test]
fn a_key_that_two_hold_is_down_until_both_let_go() {
    let mut held = Combined::default();
    assert_eq!(held.apply(ANNA, &key(C, true)), Ok(()));
    assert_eq!(held.apply(BERND, &key(C, true)), Err(Dropped::HeldByAnother));
    assert_eq!(held.apply(BERND, &key(C, true)), Ok(()), "a repetition");
    assert_eq!(held.apply(ANNA, &key(C, false)), Err(Dropped::HeldByAnother));
    assert_eq!(held.apply(BERND, &key(C, false)), Ok(()));
    assert!(held.is_empty());
}

#[test]
fn who_goes_releases_what_nobody_else_holds() {
    let mut held = Combined::default();
    for code in [CTRL, C] {
        held.apply(ANNA, &key(code, true)).unwrap();
    }
    held.apply(BERND, &key(CTRL, true)).unwrap_err();
    assert_eq!(held.release_all(ANNA), [key(C, false)]);
    assert_eq!(held.release_all(BERND), [key(CTRL, false)]);
    assert!(held.release_all(ANNA).is_empty());
}

#[test]
fn a_finger_that_another_has_down_is_dropped() {
    let mut held = Combined::default();
    held.apply(ANNA, &finger(0, TouchPhase::Down, 0.0)).unwrap();
    for phase in [TouchPhase::Down, TouchPhase::Move, TouchPhase::Up] {
        assert_eq!(held.apply(BERND, &finger(0, phase, 0.5)), Err(Dropped::HeldByAnother));
    }
    assert_eq!(held.apply(ANNA, &finger(0, TouchPhase::Up, 0.0)), Ok(()));
}
