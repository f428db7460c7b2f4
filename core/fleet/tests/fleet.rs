//! What is wanted comes about, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunette_desktop::{DesktopId, Phase, Report, Wish};
use lunette_fleet::{
    Action, Desired, Failure, Fleet, HostFacts, HostName, NoRoom, Scanouts, Seen, Stage, Unfit, Wanted,
};
use lunette_frame::Size;
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1000);

fn id(text: &str) -> DesktopId {
    text.parse().expect("an id")
}

fn host(text: &str) -> HostName {
    text.parse().expect("a host")
}

fn desired(name: &str, wanted: Wanted) -> Desired {
    Desired {
        id: id(name),
        host: host("local"),
        wish: Wish::plain(id("light")),
        wanted,
        owner: "ann".to_owned(),
        tags: BTreeSet::new(),
        created_ms: 1,
    }
}

fn seen(name: &str, phase: Phase) -> Seen {
    let report = Report {
        id: id(name),
        phase,
        since_ms: 1,
        reason: None,
        launcher_pid: 1,
        container_pid: None,
        scanout: Some(3),
        connector: None,
        size: Size::new(1280, 720),
        first_picture_ms: None,
        restarts: 0,
        devices: Vec::new(),
        address: None,
        bridge: lunette_desktop::BridgeReport::default(),
    };
    let why = (phase == Phase::Failed).then(|| "its compositor ended".to_owned());
    Seen {
        id: id(name),
        name: name.to_owned(),
        profile: id("light"),
        limits: lunette_desktop::LimitsWish::default(),
        ordered_at_ms: 1,
        why,
        report,
    }
}

/// A fleet of one host, and the time there.
struct World {
    fleet: Fleet,
    now: Duration,
}

impl World {
    fn new() -> Self {
        let mut fleet = Fleet::default();
        fleet.add_host(NOW, host("local"));
        Self { fleet, now: NOW }
    }

    /// Lets the host say what it has, and returns what is done then.
    fn look(&mut self, there: &[Seen]) -> Vec<Action> {
        self.now += Duration::from_secs(20);
        let mut actions = Vec::new();
        while let Some(action) = self.fleet.next(self.now) {
            match action {
                Action::Look(name) => {
                    self.fleet.looked(self.now, &name, Ok((HostFacts::default(), there.to_vec())));
                }
                other => actions.push(other),
            }
        }
        actions
    }

    fn lose(&mut self) {
        self.now += Duration::from_secs(20);
        assert_eq!(self.fleet.next(self.now), Some(Action::Look(host("local"))));
        self.fleet.looked(self.now, &host("local"), Err("it does not answer".to_owned()));
    }

    fn fail(&mut self, name: &str, refused: bool) {
        self.fleet.done(self.now, &id(name), Err(Failure { why: "no room".to_owned(), refused }));
    }

    fn stage(&self, name: &str) -> Option<Stage> {
        self.fleet.state(&id(name)).map(|state| state.stage)
    }
}

fn creates(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Create(..))).count()
}

#[test]
fn what_is_wanted_and_not_there_is_created_once() {
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Running));
    assert_eq!(world.stage("a"), Some(Stage::Pending));
    assert_eq!(creates(&world.look(&[])), 1);
    assert_eq!(world.look(&[]), [], "it was asked for already");
    world.fleet.done(world.now, &id("a"), Ok(()));
    assert_eq!(world.look(&[seen("a", Phase::Starting)]), []);
    assert_eq!(world.stage("a"), Some(Stage::Starting));
    assert_eq!(world.look(&[seen("a", Phase::Running)]), []);
    assert_eq!(world.stage("a"), Some(Stage::Running));
}

#[test]
fn nothing_is_done_on_the_strength_of_what_was_seen_before_the_last_thing_was_done() {
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Running));
    assert_eq!(world.fleet.next(world.now), Some(Action::Look(host("local"))));
    // The answer to this look is old when the creation is done.
    world.fleet.looked(world.now, &host("local"), Ok((HostFacts::default(), Vec::new())));
    assert!(matches!(world.fleet.next(world.now), Some(Action::Create(..))));
    world.now += Duration::from_secs(5);
    assert_eq!(world.fleet.next(world.now), Some(Action::Look(host("local"))));
    world.fleet.done(world.now, &id("a"), Ok(()));
    world.fleet.looked(world.now, &host("local"), Ok((HostFacts::default(), Vec::new())));
    assert!(!matches!(world.fleet.next(world.now), Some(Action::Create(..))));
}

#[test]
fn a_control_plane_that_begins_anew_finds_what_runs() {
    let mut world = World::new();
    let actions = world.look(&[seen("a", Phase::Running), seen("old", Phase::Failed)]);
    let [Action::Adopt(found)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((found.id.as_str(), found.wanted), ("a", Wanted::Running));
    assert_eq!(world.look(&[seen("a", Phase::Running)]), [], "once");
    // With a store it is known already, and left alone.
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Running));
    assert_eq!(world.look(&[seen("a", Phase::Running)]), []);
}

#[test]
fn a_desktop_of_a_machine_that_was_started_anew_is_made_again() {
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Running));
    world.look(&[seen("a", Phase::Running)]);
    world.lose();
    assert_eq!(world.stage("a"), Some(Stage::Lost), "shown lost, not gone");
    assert_eq!(creates(&world.look(&[])), 1);
}

#[test]
fn one_that_fails_is_made_again_a_few_times_and_then_a_person_is_asked() {
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Running));
    let mut made = 0;
    for _ in 0..20 {
        let actions = world.look(&[seen("a", Phase::Failed)]);
        made += creates(&actions);
        if creates(&actions) > 0 {
            world.fleet.done(world.now, &id("a"), Ok(()));
        }
    }
    assert_eq!((made, world.stage("a")), (4, Some(Stage::Failed)));
    assert_eq!(world.fleet.state(&id("a")).and_then(|state| state.why).as_deref(), Some("its compositor ended"));
    world.fleet.want(world.now, desired("a", Wanted::Running));
    assert_eq!(creates(&world.look(&[seen("a", Phase::Failed)])), 1, "a person wants it again");
}

#[test]
fn what_is_refused_is_not_asked_again() {
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Running));
    assert_eq!(creates(&world.look(&[])), 1);
    world.fail("a", true);
    assert_eq!((world.look(&[]), world.stage("a")), (vec![], Some(Stage::Failed)));
}

#[test]
fn stopped_stays_and_gone_is_forgotten_only_when_nothing_is_left() {
    let mut world = World::new();
    world.fleet.want(NOW, desired("a", Wanted::Stopped));
    let remove = || [Action::Remove(host("local"), id("a"))];
    assert_eq!(world.look(&[seen("a", Phase::Running)]), remove());
    world.fleet.done(world.now, &id("a"), Ok(()));
    assert_eq!((world.look(&[]), world.stage("a")), (vec![], Some(Stage::Stopped)));
    world.fleet.want(world.now, desired("a", Wanted::Gone));
    assert_eq!(world.look(&[seen("a", Phase::Running)]), remove());
    world.fail("a", false);
    assert_eq!(world.look(&[seen("a", Phase::Stopping)]), remove(), "it was not done");
    world.fleet.done(world.now, &id("a"), Ok(()));
    assert_eq!(world.look(&[]), [Action::Forget(id("a"))]);
    assert_eq!(world.stage("a"), None);
}

#[test]
fn another_size_is_asked_for_once_and_a_refusal_is_told() {
    let mut world = World::new();
    let mut larger = desired("a", Wanted::Running);
    larger.wish.size = Size::new(1920, 1080);
    world.fleet.want(NOW, larger);
    let running = [seen("a", Phase::Running)];
    assert_eq!(world.look(&running), [Action::Resize(host("local"), id("a"), Size::new(1920, 1080))]);
    world.fail("a", true);
    assert_eq!(world.look(&running), []);
    let state = world.fleet.state(&id("a")).expect("there");
    assert_eq!((state.stage, state.why.as_deref()), (Stage::Running, Some("no room")));
}

/// Of desktops that are wanted of `local`, the world has these.
fn full_of(desktops: &[Seen], scanouts: Scanouts) -> World {
    let mut world = World::new();
    world.now += Duration::from_secs(20);
    assert_eq!(world.fleet.next(world.now), Some(Action::Look(host("local"))));
    let facts = HostFacts { scanouts: Some(scanouts), ..HostFacts::default() };
    world.fleet.looked(world.now, &host("local"), Ok((facts, desktops.to_vec())));
    world
}

#[test]
fn a_new_desktop_goes_where_most_is_free_and_not_to_a_host_that_is_drained() {
    let (mut fleet, wish) = (Fleet::default(), Wish::plain(id("light")));
    assert_eq!(fleet.place(&wish, None), Err(NoRoom::Nobody));
    for (name, free) in [("one", 1000), ("two", 4000), ("three", 9000)] {
        fleet.add_host(NOW, host(name));
        assert_eq!(fleet.next(NOW), Some(Action::Look(host(name))));
        let facts = HostFacts { memory_available_mib: Some(free), max_desktops: 4, ..HostFacts::default() };
        fleet.looked(NOW, &host(name), Ok((facts, Vec::new())));
    }
    assert_eq!(fleet.place(&wish, None), Ok(host("three")));
    fleet.drain(host("three"));
    assert_eq!(fleet.place(&wish, None), Ok(host("two")));
    assert_eq!(fleet.place(&wish, Some(&host("four"))), Err(NoRoom::Unknown(host("four"))));
    let drained = NoRoom::Full(vec![(host("three"), Unfit::Drained)]);
    assert_eq!(fleet.place(&wish, Some(&host("three"))), Err(drained), "not when it is asked for, either");
    fleet.use_again(&host("three"));
    assert_eq!(fleet.place(&wish, None), Ok(host("three")));
}

#[test]
fn what_was_promised_a_moment_ago_takes_room_before_the_host_tells_of_it() {
    let mut world = full_of(&[], Scanouts { all: 2, free: 2 });
    let wish = Wish::plain(id("light"));
    for name in ["a", "b"] {
        assert_eq!(world.fleet.place(&wish, None), Ok(host("local")), "{name}");
        world.fleet.want(world.now, desired(name, Wanted::Running));
    }
    let none_left = NoRoom::Full(vec![(host("local"), Unfit::Scanouts(2))]);
    assert_eq!(world.fleet.place(&wish, None), Err(none_left));
    // One that was given up has nothing.
    assert_eq!(creates(&world.look(&[])), 2);
    world.fail("a", true);
    let facts = HostFacts { scanouts: Some(Scanouts { all: 2, free: 1 }), ..HostFacts::default() };
    world.now += Duration::from_secs(20);
    assert_eq!(world.fleet.next(world.now), Some(Action::Look(host("local"))));
    world.fleet.looked(world.now, &host("local"), Ok((facts, vec![seen("b", Phase::Running)])));
    assert_eq!((world.stage("a"), world.fleet.place(&wish, None)), (Some(Stage::Failed), Ok(host("local"))));
}

#[test]
fn a_host_that_was_not_asked_yet_is_waited_for_and_one_that_is_lost_is_not() {
    let (mut world, wish) = (World::new(), Wish::plain(id("light")));
    assert_eq!(world.fleet.place(&wish, None), Ok(host("local")));
    world.lose();
    let lost = NoRoom::Full(vec![(host("local"), Unfit::Lost("it does not answer".to_owned()))]);
    assert_eq!(world.fleet.place(&wish, None), Err(lost.clone()));
    assert_eq!(world.fleet.place(&wish, Some(&host("local"))), Err(lost));
}

/// A host that does what it is asked, sometimes not, and sometimes loses everything.
#[derive(Debug, Clone, Copy)]
enum Weather {
    Fair,
    Failing,
    Reset,
    Silent,
}

fn weather() -> impl Strategy<Value = Weather> {
    prop_oneof![4 => Just(Weather::Fair), 1 => Just(Weather::Failing), 1 => Just(Weather::Reset), 1 => Just(Weather::Silent)]
}

proptest! {
    #[test]
    fn whatever_happened_in_fair_weather_what_is_wanted_comes_about(
        storms in prop::collection::vec(weather(), 0..12),
        wanted in prop::collection::vec(prop_oneof![Just(Wanted::Running), Just(Wanted::Stopped), Just(Wanted::Gone)], 1..5),
    ) {
        let mut world = World::new();
        let names: Vec<String> = (0..wanted.len()).map(|number| format!("d-{number}")).collect();
        let mut there: BTreeMap<DesktopId, Seen> = BTreeMap::new();
        for (name, wanted) in names.iter().zip(&wanted) {
            world.fleet.want(NOW, desired(name, *wanted));
        }
        for weather in storms.into_iter().chain([Weather::Fair; 8]) {
            if matches!(weather, Weather::Silent) {
                world.lose();
                continue;
            }
            if matches!(weather, Weather::Reset) {
                there.clear();
            }
            let list: Vec<Seen> = there.values().cloned().collect();
            for action in world.look(&list) {
                let (id, made) = match action {
                    Action::Create(_, id, _) => (id, true),
                    Action::Remove(_, id) => (id, false),
                    _ => continue,
                };
                if matches!(weather, Weather::Failing) {
                    world.fail(id.as_str(), false);
                    continue;
                }
                if made {
                    there.insert(id.clone(), seen(id.as_str(), Phase::Running));
                } else {
                    there.remove(&id);
                }
                world.fleet.done(world.now, &id, Ok(()));
            }
        }
        for (name, wanted) in names.iter().zip(&wanted) {
            let is_there = there.contains_key(&id(name));
            // Tries are counted, so that a desktop which never comes up is given up in the end.
            let given_up = world.stage(name) == Some(Stage::Failed);
            prop_assert_eq!(is_there, *wanted == Wanted::Running && !given_up, "{}: {:?}", name, wanted);
            prop_assert_eq!(world.stage(name).is_none(), *wanted == Wanted::Gone, "{} is forgotten when it is gone", name);
        }
    }
}
