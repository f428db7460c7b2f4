//! The input lease under any order of verbs and any passing of time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunette_input_events::{
    Combined, Control, ControlEvent, Event, KeyCode, Kind, Participant, ParticipantId, Patience, Permission, Standing,
    Verdict,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Join(u32),
    Leave(u32),
    Request(u32),
    Grant(u32, u32),
    Deny(u32, u32),
    Take(u32),
    Release(u32),
    Input(u32),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0..6_u32;
    let step = prop_oneof![
        3 => id.clone().prop_map(Step::Join),
        1 => id.clone().prop_map(Step::Leave),
        3 => id.clone().prop_map(Step::Request),
        2 => (id.clone(), id.clone()).prop_map(|(by, to)| Step::Grant(by, to)),
        1 => (id.clone(), id.clone()).prop_map(|(by, to)| Step::Deny(by, to)),
        2 => id.clone().prop_map(Step::Take),
        1 => id.clone().prop_map(Step::Release),
        4 => id.prop_map(Step::Input),
        3 => (0..200_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..80)
}

/// Two agents, three people, and one who may only look.
fn participant(id: u32) -> Participant {
    let kind = if id < 2 { Kind::Agent } else { Kind::Person };
    let permission = if id == 5 { Permission::ViewOnly } else { Permission::MayControl };
    Participant::new(ParticipantId(id), kind, &format!("p{id}"), permission)
}

/// What one hears who follows the events only.
#[derive(Debug)]
struct World {
    control: Control,
    now: Duration,
    here: BTreeSet<ParticipantId>,
    holder: Option<ParticipantId>,
    asked: BTreeMap<ParticipantId, Duration>,
}

impl World {
    fn new() -> Self {
        let control = Control::new(Patience::default());
        Self { control, now: Duration::ZERO, here: BTreeSet::new(), holder: None, asked: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) {
        let (now, id) = (self.now, ParticipantId);
        match *step {
            Step::Join(who) => {
                let new = self.here.insert(id(who));
                assert_eq!(self.control.join(participant(who)).is_ok(), new);
            }
            Step::Leave(who) => {
                self.here.remove(&id(who));
                self.control.leave(id(who), now);
            }
            Step::Request(who) => drop(self.control.request(id(who), now)),
            Step::Grant(by, to) => drop(self.control.grant(id(by), id(to), now)),
            Step::Deny(by, to) => drop(self.control.deny(id(by), id(to), now)),
            Step::Take(who) => drop(self.control.take(id(who), now)),
            Step::Release(who) => drop(self.control.release(id(who), now)),
            Step::Input(who) => {
                let verdict = self.control.input(id(who), now);
                let holds = self.control.holder().is_some_and(|holder| holder.id() == id(who));
                assert_eq!(!matches!(verdict, Verdict::Refused(_)), holds);
            }
            Step::Pass(seconds) => self.now += Duration::from_secs(seconds),
        }
        self.control.poll_timeout(self.now);
        self.follow();
        self.check();
    }

    fn follow(&mut self) {
        while let Some(event) = self.control.poll_event() {
            match event {
                ControlEvent::HolderChanged { from, to, .. } => {
                    assert_eq!(from, self.holder, "every change is told");
                    assert_ne!(from, to);
                    self.holder = to;
                    to.map(|to| self.asked.remove(&to));
                }
                ControlEvent::Requested { by } => assert_eq!(self.asked.insert(by, self.now), None),
                ControlEvent::Denied { to: by, .. } | ControlEvent::Withdrawn { by } => {
                    assert!(self.asked.remove(&by).is_some(), "a request ends once");
                }
            }
        }
    }

    fn check(&self) {
        let holder = self.control.holder();
        assert_eq!(holder.map(Participant::id), self.holder);
        assert!(holder.is_none_or(|holder| holder.may_control() && self.here.contains(&holder.id())));
        let limit = Patience::default().answer_within;
        assert!(self.asked.values().all(|asked| self.now < *asked + limit), "every request ends in time");
        assert!(self.holder.is_some() || self.asked.is_empty(), "nobody waits for what is free");
        assert!(self.control.next_deadline().is_none_or(|due| due > self.now));
        let holding = |id: &&ParticipantId| self.control.view_for(**id).you == Standing::Holding;
        assert!(self.here.iter().filter(holding).count() <= 1);
        let waiting: BTreeSet<_> =
            self.control.view_for(ParticipantId(0)).waiting.iter().map(Participant::id).collect();
        assert_eq!(waiting, self.asked.keys().copied().collect());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_permitted_holder_who_is_here_and_every_request_ends(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.take(&step);
        }
    }

    #[test]
    fn the_desktop_sees_a_key_down_while_anybody_holds_it(
        steps in proptest::collection::vec((0..3_u32, 0..4_u16, 0..5_u8), 0..60),
    ) {
        let (mut held, mut model, mut desktop) = (Combined::default(), BTreeSet::new(), BTreeSet::new());
        for (who, code, what) in steps {
            let mut passed = Vec::new();
            if what == 4 {
                passed = held.release_all(ParticipantId(who));
                model.retain(|(of, _)| *of != who);
            } else {
                let event = Event::Key { code: KeyCode(code), down: what < 2 };
                if held.apply(ParticipantId(who), &event).is_ok() {
                    passed.push(event);
                }
                if what < 2 { model.insert((who, code)); } else { model.remove(&(who, code)); }
            }
            for event in passed {
                let Event::Key { code, down } = event else { panic!("a key became {event:?}") };
                if down { desktop.insert(code.0); } else { assert!(desktop.remove(&code.0)); }
            }
            assert_eq!(desktop, model.iter().map(|(_, code)| *code).collect());
        }
    }
}
