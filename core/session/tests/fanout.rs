//! The fan-out against a model decoder: whatever joins, stalls and leaves, nobody gets a unit without its references.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{AccessUnit, Pts, Size, UnitKind};
use lunette_session::{Demand, Fanout, IdrReason, Limits, Slot, SubscriberId};
use proptest::prelude::*;

/// An encoder that writes into each unit which unit it refers to.
#[derive(Default)]
struct ModelEncoder {
    opened: u32,
    gop: u32,
    index: u32,
    open: bool,
}

/// What a unit says of itself: slot, encoder instance, group of pictures, index in it.
type Name = (u8, u32, u32, u32);

impl ModelEncoder {
    fn encode(&mut self, slot: Slot, force: bool, bytes: usize, pts: Pts) -> AccessUnit {
        let idr = force || !self.open;
        if !self.open {
            self.opened += 1;
        }
        self.open = true;
        (self.gop, self.index) = if idr { (self.gop + 1, 0) } else { (self.gop, self.index + 1) };
        let mut data = vec![0; bytes.max(16)];
        data[0] = u8::try_from(slot.index()).unwrap();
        for (at, word) in [(1, self.opened), (5, self.gop), (9, self.index)] {
            data[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        let kind = if idr { UnitKind::Idr } else { UnitKind::Delta };
        AccessUnit { kind, pts, size: Size::new(16, 16), data: Bytes::from(data) }
    }
}

fn name(unit: &AccessUnit) -> Name {
    let word = |at: usize| u32::from_be_bytes(unit.data[at..at + 4].try_into().unwrap());
    (unit.data[0], word(1), word(5), word(9))
}

/// Holds the reference that a decoder would hold.
#[derive(Default)]
struct ModelDecoder {
    last: Option<Name>,
    last_pts: Option<Pts>,
    idrs: u64,
    units: u64,
}

impl ModelDecoder {
    fn decode(&mut self, unit: &AccessUnit) {
        let (slot, opened, gop, index) = name(unit);
        assert!(self.last_pts < Some(unit.pts), "time goes back to {:?}", unit.pts);
        self.last_pts = Some(unit.pts);
        if unit.is_idr() {
            self.idrs += 1;
        } else {
            assert_eq!(self.last, Some((slot, opened, gop, index - 1)), "no reference for {:?}", name(unit));
        }
        self.last = Some(name(unit));
        self.units += 1;
    }
}

struct World {
    fanout: Fanout,
    encoders: [ModelEncoder; 2],
    decoders: BTreeMap<SubscriberId, ModelDecoder>,
    idr_times: [Vec<Duration>; 2],
    reasons: Vec<IdrReason>,
    now: Duration,
    captured: u64,
}

const SPACING: Duration = Duration::from_millis(250);

impl World {
    fn new() -> Self {
        let limits = Limits {
            queue_units: 6,
            queue_time: Duration::from_secs(1),
            queue_bytes: 600,
            gop_units: 4,
            gop_bytes: 300,
            idr_spacing: SPACING,
            rescue_for: Duration::from_secs(5),
        };
        Self {
            fanout: Fanout::new(limits),
            encoders: Default::default(),
            decoders: BTreeMap::new(),
            idr_times: Default::default(),
            reasons: Vec::new(),
            now: Duration::ZERO,
            captured: 0,
        }
    }

    fn join(&mut self) -> SubscriberId {
        let id = self.fanout.join(self.now);
        self.decoders.insert(id, ModelDecoder::default());
        id
    }

    fn leave(&mut self, id: SubscriberId) {
        self.fanout.leave(id);
        self.decoders.remove(&id);
    }

    /// One picture that changed, `bytes` long when encoded, as the pipeline would do it.
    fn picture(&mut self, bytes: usize) {
        self.captured += 1;
        let pts = Pts::from_nanos(self.captured);
        for slot in self.fanout.slots() {
            let demand = self.fanout.demand(slot, self.now);
            let encoder = &mut self.encoders[slot.index()];
            if demand == Demand::Idle {
                encoder.open = false;
                continue;
            }
            if !encoder.open {
                self.fanout.restart(slot);
            }
            let unit = encoder.encode(slot, matches!(demand, Demand::Idr(_)), bytes, pts);
            let reason = self.fanout.publish(slot, self.now, &unit);
            assert_eq!(reason.is_some(), unit.is_idr());
            if let Some(reason) = reason {
                self.idr_times[slot.index()].push(self.now);
                self.reasons.push(reason);
            }
        }
    }

    fn pictures(&mut self, count: usize, readers: &[SubscriberId]) {
        for _ in 0..count {
            self.now += Duration::from_millis(16);
            self.picture(20);
            for id in readers {
                self.drain(*id);
            }
        }
    }

    fn read(&mut self, id: SubscriberId) -> bool {
        let unit = self.fanout.pop(id, self.now);
        if let (Some(unit), Some(decoder)) = (&unit, self.decoders.get_mut(&id)) {
            decoder.decode(unit);
        }
        unit.is_some()
    }

    fn drain(&mut self, id: SubscriberId) {
        while self.read(id) {}
    }
}

#[derive(Debug, Clone)]
enum Step {
    Join,
    Leave(usize),
    Picture(usize),
    Read(usize, usize),
    RequestIdr(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Join),
        1 => (0..8usize).prop_map(Step::Leave),
        12 => (16..200usize).prop_map(Step::Picture),
        8 => (0..8usize, 1..12usize).prop_map(|(who, count)| Step::Read(who, count)),
        1 => (0..8usize).prop_map(Step::RequestIdr),
        4 => (0..400u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_subscriber_gets_an_undecodable_unit(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            let ids: Vec<_> = world.decoders.keys().copied().collect();
            let pick = |who: usize| (!ids.is_empty()).then(|| ids[who % ids.len()]);
            match step {
                Step::Join => { world.join(); }
                Step::Leave(who) => if let Some(id) = pick(who) { world.leave(id) },
                Step::Picture(bytes) => world.picture(bytes),
                Step::Read(who, count) => for id in pick(who).into_iter() {
                    for _ in 0..count { world.read(id); }
                },
                Step::RequestIdr(who) => if let Some(id) = pick(who) { world.fanout.request_idr(id) },
                Step::Wait(millis) => world.now += Duration::from_millis(millis),
            }
        }
        let ids: Vec<_> = world.decoders.keys().copied().collect();
        let before: Vec<_> = ids.iter().map(|id| world.decoders[id].units).collect();
        world.now += SPACING;
        world.pictures(2, &ids);
        world.now += SPACING;
        world.pictures(2, &ids);
        for (id, before) in ids.iter().zip(before) {
            prop_assert!(world.decoders[id].units > before, "{:?} gets nothing any more", id);
        }
    }
}

#[test]
fn a_joiner_gets_the_group_of_pictures_and_then_the_live_stream() {
    let mut world = World::new();
    let first = world.join();
    world.pictures(3, &[first]);
    let second = world.join();
    world.drain(second);
    assert_eq!((world.decoders[&second].idrs, world.decoders[&second].units), (1, 3));
    world.pictures(1, &[first, second]);
    assert_eq!(world.decoders[&first].idrs, 1);
    assert_eq!(world.decoders[&second].units, 4);
}

#[test]
fn a_long_group_of_pictures_is_not_replayed_but_an_idr_requested() {
    let mut world = World::new();
    let first = world.join();
    world.pictures(30, &[first]);
    let late = world.join();
    world.pictures(1, &[first, late]);
    assert_eq!((world.decoders[&late].idrs, world.decoders[&late].units), (1, 1));
    assert_eq!(world.reasons, [IdrReason::Join, IdrReason::Join]);
}

#[test]
fn a_stalled_subscriber_costs_the_others_neither_a_unit_nor_an_idr() {
    let mut world = World::new();
    let (a, b, stalled) = (world.join(), world.join(), world.join());
    world.pictures(3, &[a, b, stalled]);
    world.pictures(600, &[a, b]);
    world.pictures(60, &[a, b, stalled]);
    for id in [a, b] {
        assert_eq!((world.decoders[&id].idrs, world.decoders[&id].units), (1, 663));
    }
    assert_eq!(world.decoders[&stalled].idrs, 2);
    assert_eq!(world.reasons, [IdrReason::Join, IdrReason::Resync]);
    let counters = world.fanout.counters().find(|(id, _)| *id == stalled).unwrap().1;
    assert_eq!((counters.stalls, counters.delivered + counters.dropped), (1, 663));
}

#[test]
fn the_rescue_ends_at_the_next_idr_of_the_live_encoder() {
    let mut world = World::new();
    let (a, stalled) = (world.join(), world.join());
    world.pictures(30, &[a]);
    world.pictures(30, &[a, stalled]);
    assert_eq!(world.fanout.demand(Slot::B, world.now), Demand::Encode);
    world.fanout.request_idr(a);
    world.pictures(2, &[a, stalled]);
    assert_eq!(world.fanout.demand(Slot::B, world.now), Demand::Idle);
    assert_eq!(world.decoders[&stalled].idrs, 2);
}

#[test]
fn the_rescue_ends_by_a_merge_when_nothing_else_ends_it() {
    let mut world = World::new();
    let (a, stalled) = (world.join(), world.join());
    world.pictures(30, &[a]);
    world.pictures(5 * 63, &[a, stalled]);
    assert_eq!(world.reasons, [IdrReason::Join, IdrReason::Resync, IdrReason::Merge]);
    assert_eq!(world.fanout.demand(Slot::B, world.now), Demand::Idle);
}

#[test]
fn the_rescue_becomes_live_when_it_is_alone() {
    let mut world = World::new();
    let (a, stalled) = (world.join(), world.join());
    world.pictures(30, &[a]);
    world.pictures(10, &[a, stalled]);
    world.leave(a);
    assert_eq!(world.fanout.demand(Slot::A, world.now), Demand::Idle);
    let units = world.decoders[&stalled].units;
    world.pictures(10, &[stalled]);
    assert_eq!(world.decoders[&stalled].units, units + 10);
    assert_eq!(world.decoders[&stalled].idrs, 1);
}

#[test]
fn a_lone_stalled_subscriber_stops_the_encoder() {
    let mut world = World::new();
    let only = world.join();
    world.pictures(30, &[]);
    assert_eq!(world.fanout.demand(Slot::A, world.now), Demand::Idle);
    world.pictures(2, &[only]);
    assert!(world.fanout.demand(Slot::B, world.now) == Demand::Idle);
    assert_eq!(world.decoders[&only].idrs, 1);
}

#[test]
fn idr_requests_within_the_spacing_become_one() {
    let mut world = World::new();
    let id = world.join();
    world.pictures(1, &[id]);
    for _ in 0..100 {
        world.fanout.request_idr(id);
        world.pictures(1, &[id]);
    }
    let times = &world.idr_times[0];
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= SPACING));
    assert!((6..=8).contains(&times.len()), "{times:?}");
}

#[test]
fn a_wanted_idr_says_when_it_is_due() {
    let mut world = World::new();
    let id = world.join();
    assert_eq!(world.fanout.next_idr_at(), Some(Duration::ZERO));
    world.pictures(1, &[id]);
    assert_eq!(world.fanout.next_idr_at(), None);
    world.fanout.request_idr(id);
    assert_eq!(world.fanout.next_idr_at(), Some(world.now + SPACING));
}

#[test]
fn what_waits_for_a_second_is_not_sent_any_more() {
    let mut world = World::new();
    let (a, late) = (world.join(), world.join());
    world.pictures(1, &[a, late]);
    world.picture(20);
    world.now += Duration::from_millis(1001);
    world.picture(20);
    assert!(world.fanout.is_stalled(late));
    world.drain(late);
    assert!(!world.fanout.is_stalled(late));
}

#[test]
fn who_resumes_is_not_given_again_what_it_has() {
    let mut world = World::new();
    let (reader, late) = (world.join(), world.join());
    world.pictures(1, &[reader, late]);
    world.pictures(1, &[reader]);
    world.now += Duration::from_millis(1001);
    world.pictures(1, &[reader]);
    assert!(world.fanout.is_stalled(late) && !world.fanout.is_stalled(reader));
    world.drain(late);
    world.pictures(1, &[reader, late]);
    assert_eq!((world.decoders[&late].idrs, world.decoders[&reader].idrs), (2, 1));
}

#[test]
fn an_old_group_of_pictures_is_not_late_for_who_joins() {
    let mut world = World::new();
    let first = world.join();
    world.pictures(1, &[first]);
    world.now += Duration::from_secs(3600);
    let late = world.join();
    world.picture(20);
    assert!(!world.fanout.is_stalled(late));
    world.drain(late);
    assert_eq!(world.decoders[&late].units, 2);
}

#[test]
fn one_huge_unit_passes_an_empty_queue() {
    let mut world = World::new();
    let id = world.join();
    world.picture(5000);
    world.drain(id);
    assert_eq!(world.decoders[&id].units, 1);
}

#[test]
fn an_encoder_opened_anew_does_not_mix_with_its_old_units() {
    let mut world = World::new();
    let first = world.join();
    world.pictures(2, &[first]);
    world.leave(first);
    let second = world.join();
    world.encoders[0].open = false;
    world.pictures(2, &[second]);
    assert_eq!((world.decoders[&second].idrs, world.decoders[&second].units), (1, 2));
}
