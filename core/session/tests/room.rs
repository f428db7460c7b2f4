//! Everybody at one desktop.

use std::collections::BTreeSet;
use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{
    Event, Fraction, KeyCode, Keysym, Kind, ParticipantId, Patience, Permission, PointerButton, TouchPhase,
};
use lunette_session::{Hears, InputCounters, Joining, Letter, Room};
use lunette_wire::stream::{
    ClipboardChange, CursorBitmap, CursorImage, InputRequest, InputStanding, InputState, RemoteUser, ServerControl,
    ServerMessage,
};
use proptest::prelude::*;

const SIZE: Size = Size::new(640, 360);
const T: Duration = Duration::from_secs(1);

fn room() -> Room {
    Room::new(SIZE, Patience::default())
}

fn person(name: &str) -> Joining {
    Joining { hears: Hears::Extensions, ..Joining::new(Kind::Person, name, Permission::MayControl) }
}

fn agent(name: &str) -> Joining {
    Joining { kind: Kind::Agent, ..person(name) }
}

fn key(code: u16, down: bool) -> Event {
    Event::Key { code: KeyCode(code), down }
}

fn letters(room: &mut Room, id: ParticipantId) -> Vec<Letter> {
    std::iter::from_fn(|| room.take_letter(id)).collect()
}

fn messages(room: &mut Room, id: ParticipantId) -> Vec<ServerMessage> {
    let message = |letter| match letter {
        Letter::Message(message) => message,
        other => panic!("{other:?}"),
    };
    letters(room, id).into_iter().map(message).collect()
}

/// The last thing that was said about whose the input is.
fn standing(room: &mut Room, id: ParticipantId) -> InputState {
    let state = |message| match message {
        ServerMessage::Control(ServerControl::Input(state)) => Some(state),
        _ => None,
    };
    messages(room, id).into_iter().filter_map(state).last().expect("it was told")
}

fn events(room: &mut Room) -> Vec<Event> {
    std::iter::from_fn(|| room.poll_event()).collect()
}

#[test]
fn a_newcomer_is_told_itself_then_the_others_then_whose_the_input_is() {
    let mut room = room();
    let first = room.join(T, person("Zoë")).expect("room");
    let second = room.join(T, Joining { hears: Hears::Protocol, ..person("Ada") }).expect("room");
    let third = room.join(T, person("Bo")).expect("room");
    let joined = |message: &ServerMessage| match message {
        ServerMessage::RemoteUser(RemoteUser::Joined { user, .. }) => Some(*user),
        _ => None,
    };
    let told = messages(&mut room, third);
    assert_eq!(told[0], ServerMessage::SelfId(third));
    assert_eq!(told[1..4].iter().filter_map(joined).collect::<Vec<_>>(), [third, first, second]);
    assert!(matches!(&told[4..], [ServerMessage::Control(ServerControl::Input(_))]), "{told:?}");
    let told = messages(&mut room, second);
    assert_eq!(told.iter().filter_map(joined).collect::<Vec<_>>(), [second, first, third]);
    assert!(told.iter().all(|message| !matches!(message, ServerMessage::Control(_))), "{told:?}");
}

#[test]
fn a_newer_connection_of_a_client_takes_its_keys_up_and_its_place() {
    let mut room = room();
    let same = || Joining { unique_id: Some("x".to_owned()), ..person("Zoë") };
    let older = room.join(T, same()).expect("room");
    room.input(older, T, key(29, true)).expect("free");
    let newer = room.join(T, same()).expect("room");
    assert_eq!(events(&mut room), [key(29, true), key(29, false)]);
    assert_eq!(letters(&mut room, older)[0], Letter::Superseded);
    assert!(std::iter::from_fn(|| room.poll_woken()).any(|id| id == older), "it is told at once");
    assert!(room.input(older, T, key(30, true)).is_err(), "it is not here any more");
    room.input(newer, T, key(30, true)).expect("free again");
    // When it goes at last, nothing of the newer one comes up.
    room.leave(older, T);
    assert_eq!(events(&mut room), [key(30, true)]);
    let third = room.join(T, same()).expect("room");
    assert!(!letters(&mut room, newer).is_empty() && room.take_letter(older).is_none());
    assert_eq!(room.presence().len(), 2, "the newer, until it has read that, and the third: {third:?}");
}

#[test]
fn who_has_no_id_supersedes_nobody() {
    let mut room = room();
    let one = room.join(T, person("Zoë")).expect("room");
    room.join(T, person("Zoë")).expect("room");
    assert!(!letters(&mut room, one).contains(&Letter::Superseded));
}

#[test]
fn what_a_holder_holds_comes_up_before_the_next_one_types() {
    let mut room = room();
    let agent = room.join(T, agent("builder")).expect("room");
    let person = room.join(T, person("Zoë")).expect("room");
    room.input(agent, T, key(29, true)).expect("free");
    let button = |down| Event::Button { button: PointerButton::LEFT, down };
    room.input(agent, T, button(true)).expect("its own");
    assert!(room.input(person, T, key(30, true)).is_err());
    room.ask(person, T, InputRequest::Take).expect("people take from agents");
    room.input(person, T, key(30, true)).expect("taken");
    let expected = [key(29, true), button(true), button(false), key(29, false), key(30, true)];
    assert_eq!(events(&mut room), expected);
    assert_eq!(standing(&mut room, agent).you, InputStanding::Watching);
    assert_eq!(standing(&mut room, person).you, InputStanding::Holding);
    // Given up, it goes back to the agent; what the person held comes up.
    room.ask(person, T, InputRequest::Release).expect("its own");
    assert_eq!(events(&mut room), [key(30, false)]);
    assert_eq!(standing(&mut room, agent).you, InputStanding::Holding);
}

#[test]
fn who_is_idle_for_5_minutes_loses_the_input_and_its_keys() {
    let mut room = room();
    let one = room.join(T, person("Zoë")).expect("room");
    room.input(one, T, key(29, true)).expect("free");
    let due = room.next_timeout().expect("it is held");
    assert_eq!(due, T + Duration::from_secs(300));
    room.handle_timeout(due);
    assert_eq!(events(&mut room), [key(29, true), key(29, false)]);
    assert_eq!(standing(&mut room, one).you, InputStanding::Free);
}

#[test]
fn who_reads_nothing_is_told_that_it_is_too_slow_and_costs_nobody_else_anything() {
    let mut room = room();
    let slow = room.join(T, person("slow")).expect("room");
    let quick = room.join(T, person("quick")).expect("room");
    for _ in 0..1000 {
        let guest = room.join(T, person("guest")).expect("room");
        room.leave(guest, T);
        letters(&mut room, quick);
    }
    assert_eq!(letters(&mut room, slow), [Letter::Overflow]);
    room.set_size(Size::new(800, 600));
    assert_eq!(room.size(), Size::new(800, 600));
}

#[test]
fn pointers_are_told_to_the_others_in_pixels() {
    let mut room = room();
    let one = room.join(T, person("Zoë")).expect("room");
    let two = room.join(T, person("Ada")).expect("room");
    messages(&mut room, one);
    messages(&mut room, two);
    let half = Fraction::new(0.5).expect("a fraction");
    room.input(one, T, Event::MoveTo { x: half, y: half }).expect("free");
    room.input(one, T, Event::MoveBy { dx: 10.0, dy: -10.0 }).expect("its own");
    let seen = messages(&mut room, two);
    let pointer = |message: &ServerMessage| match message {
        ServerMessage::RemoteCursor(pointer) => Some((pointer.user, pointer.x, pointer.y)),
        _ => None,
    };
    assert_eq!(seen.iter().filter_map(pointer).collect::<Vec<_>>(), [(one, 330, 170)]);
    assert_eq!(messages(&mut room, one).iter().filter_map(pointer).count(), 0);
    assert_eq!(room.last_mover(), one);
}

#[test]
fn a_pointer_that_looks_as_before_is_not_told_again_and_a_newcomer_has_all_of_it() {
    let mut room = room();
    let one = room.join(T, person("Zoë")).expect("room");
    messages(&mut room, one);
    let image = |x, red| {
        let bitmap = CursorBitmap::rgba(1, 1, vec![red, 0, 0, 255].into());
        let image = CursorImage { last_mover: ParticipantId(0), x, y: 0, hot_x: 0, hot_y: 0, bitmap };
        ServerMessage::CursorImage(image)
    };
    room.set_cursor(image(1, 255));
    assert_eq!(messages(&mut room, one), [image(1, 255)]);
    room.set_cursor(image(2, 255));
    assert_eq!(messages(&mut room, one), [], "it only moved");
    assert_eq!(room.cursor(), Some(&image(2, 255)));
    room.set_cursor(image(2, 0));
    assert_eq!(messages(&mut room, one), [image(2, 0)]);
}

#[test]
fn the_clipboard_is_told_to_who_knows_it() {
    let mut room = room();
    let knowing = room.join(T, person("Zoë")).expect("room");
    let earlier = room.join(T, Joining { hears: Hears::Protocol, ..person("Ada") }).expect("room");
    let silent = room.join(T, Joining { hears: Hears::Nothing, ..person("Bo") }).expect("room");
    for id in [knowing, earlier] {
        messages(&mut room, id);
    }
    for sequence in 1..4 {
        room.clipboard_changed(ClipboardChange { sequence, types: vec!["text/plain".to_owned()] });
    }
    let told = messages(&mut room, knowing);
    assert!(
        matches!(&told[..], [ServerMessage::Control(ServerControl::Clipboard(change))] if change.sequence == 3),
        "{told:?}"
    );
    assert_eq!((messages(&mut room, earlier), letters(&mut room, silent)), (vec![], vec![]));
}

/// What is down on a desktop that gets these events.
#[derive(Default)]
struct Keyboard(BTreeSet<(u8, u32)>);

impl Keyboard {
    /// # Panics
    /// When something goes up that is not down.
    fn take(&mut self, event: &Event) {
        let (thing, down) = match event {
            Event::Key { code, down } => ((0, code.0.into()), *down),
            Event::Keysym { keysym, down } => ((1, keysym.0), *down),
            Event::Button { button, down } => ((2, button.0.into()), *down),
            Event::Touch { slot, phase: TouchPhase::Down, .. } => ((3, *slot), true),
            Event::Touch { slot, phase: TouchPhase::Up | TouchPhase::Cancel, .. } => ((3, *slot), false),
            _ => return,
        };
        if down {
            self.0.insert(thing);
        } else {
            assert!(self.0.remove(&thing), "{event:?} goes up, and was not down");
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Join { agent: bool, unique: Option<u8> },
    Leave(u32),
    Input(u32, Event),
    Release(u32),
    Ask(u32, u8, u32),
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let phase = prop_oneof![Just(TouchPhase::Down), Just(TouchPhase::Move), Just(TouchPhase::Up)];
    let place = Fraction::new(0.5).expect("a fraction");
    prop_oneof![
        (1..6_u16, any::<bool>()).prop_map(|(code, down)| key(code, down)),
        (1..4_u32, any::<bool>()).prop_map(|(keysym, down)| Event::Keysym { keysym: Keysym(keysym), down }),
        (1..4_u16, any::<bool>()).prop_map(|(button, down)| Event::Button { button: PointerButton(button), down }),
        (0..3_u32, phase).prop_map(move |(slot, phase)| Event::Touch { slot, phase, x: place, y: place }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1..8_u32;
    prop_oneof![
        2 => (any::<bool>(), prop::option::of(0..2_u8)).prop_map(|(agent, unique)| Step::Join { agent, unique }),
        1 => who.clone().prop_map(Step::Leave),
        8 => (who.clone(), event()).prop_map(|(who, event)| Step::Input(who, event)),
        1 => who.clone().prop_map(Step::Release),
        3 => (who.clone(), 0..5_u8, who).prop_map(|(who, what, to)| Step::Ask(who, what, to)),
        1 => (0..400_u64).prop_map(Step::Pass),
    ]
}

fn act(room: &mut Room, now: &mut Duration, step: Step) {
    match step {
        Step::Join { agent: is_agent, unique } => {
            let joining = if is_agent { agent("builder") } else { person("Zoë") };
            let unique_id = unique.map(|unique| unique.to_string());
            room.join(*now, Joining { unique_id, ..joining }).map(drop).expect("room");
        }
        Step::Leave(who) => room.leave(ParticipantId(who), *now),
        // Refused input is one of the things that happen.
        Step::Input(who, event) => drop(room.input(ParticipantId(who), *now, event)),
        Step::Release(who) => room.release_keys(ParticipantId(who)),
        Step::Ask(who, what, to) => {
            let to = ParticipantId(to);
            let all = [
                InputRequest::Request,
                InputRequest::Release,
                InputRequest::Take,
                InputRequest::Grant(to),
                InputRequest::Deny(to),
            ];
            drop(room.ask(ParticipantId(who), *now, all[usize::from(what)]));
        }
        Step::Pass(seconds) => {
            *now += Duration::from_secs(seconds);
            room.handle_timeout(*now);
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_what_went_down_comes_up(steps in prop::collection::vec(step(), 0..120)) {
        let (mut room, mut now, mut keyboard) = (room(), T, Keyboard::default());
        for step in steps {
            act(&mut room, &mut now, step);
            events(&mut room).iter().for_each(|event| keyboard.take(event));
        }
        for one in room.presence() {
            room.leave(one.id, now);
        }
        events(&mut room).iter().for_each(|event| keyboard.take(event));
        prop_assert!(room.is_empty());
        prop_assert!(keyboard.0.is_empty(), "{:?} stays down", keyboard.0);
    }
}

#[test]
fn each_event_is_counted_by_what_became_of_it() {
    let mut room = room();
    let zoe = room.join(T, person("Zoë")).expect("room");
    let builder = room.join(T, agent("builder")).expect("room");
    let view_only = Joining { permission: Permission::ViewOnly, ..person("Ada") };
    let ada = room.join(T, view_only).expect("room");
    room.input(zoe, T, key(30, true)).expect("free");
    room.input(zoe, T, key(30, false)).expect("its own");
    // What is up already does not go up again.
    room.input(zoe, T, key(30, false)).expect("its own");
    for _ in 0..2 {
        assert!(room.input(builder, T, key(30, true)).is_err());
    }
    assert!(room.input(ada, T, key(30, true)).is_err());
    let expected =
        InputCounters { accepted: 2, senseless: 1, held_by_person: 2, view_only: 1, ..InputCounters::default() };
    assert_eq!(room.input_counters(), expected);
}
