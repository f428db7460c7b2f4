//! The fan-out against a model decoder: whatever joins, stalls and leaves, nobody gets a unit without its references.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{AccessUnit, BitRate, Pts, Size, UnitKind};
use lunette_session::{Demand, DropReason, Entry, Fanout, IdrReason, Limits, Slot, SubscriberId};
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
    rates: BTreeMap<SubscriberId, Option<BitRate>>,
    onlookers: BTreeSet<SubscriberId>,
    now: Duration,
    captured: u64,
}

const SPACING: Duration = Duration::from_millis(250);
const SLOW_FOR: Duration = Duration::from_secs(1);
const OPEN: BitRate = kilobits(20_000);

const fn kilobits(count: u32) -> BitRate {
    BitRate::from_bits_per_second(count * 1000)
}

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
            blurred_for: Duration::from_secs(2),
            slow_for: SLOW_FOR,
            open_rate: OPEN,
            ..Limits::default()
        };
        Self {
            fanout: Fanout::new(limits),
            encoders: Default::default(),
            decoders: BTreeMap::new(),
            idr_times: Default::default(),
            reasons: Vec::new(),
            rates: BTreeMap::new(),
            onlookers: BTreeSet::new(),
            now: Duration::ZERO,
            captured: 0,
        }
    }

    fn join(&mut self) -> SubscriberId {
        self.join_as(Entry::Live)
    }

    fn join_as(&mut self, entry: Entry) -> SubscriberId {
        let id = self.fanout.join_as(entry, self.now);
        if entry == Entry::Onlooker {
            self.onlookers.insert(id);
        }
        self.decoders.insert(id, ModelDecoder::default());
        id
    }

    fn leave(&mut self, id: SubscriberId) {
        self.fanout.leave(id);
        self.decoders.remove(&id);
    }

    /// One picture that changed, `bytes` long when encoded, as the pipeline would do it.
    fn picture(&mut self, bytes: usize) {
        self.picture_amid(bytes, &[]);
    }

    /// The same, while others do something during and between the two encodings.
    fn picture_amid(&mut self, bytes: usize, between: &[Step]) {
        self.captured += 1;
        let pts = Pts::from_nanos(self.captured);
        for slot in self.fanout.slots() {
            self.encode(slot, bytes, pts, between);
            between.iter().for_each(|step| self.take(step));
        }
    }

    fn encode(&mut self, slot: Slot, bytes: usize, pts: Pts, during: &[Step]) {
        let demand = self.fanout.demand(slot, self.now);
        let encoder = &mut self.encoders[slot.index()];
        if demand == Demand::Wait {
            return;
        }
        if demand == Demand::Idle {
            encoder.open = false;
            return;
        }
        if !encoder.open {
            self.fanout.restart(slot);
        }
        let unit = encoder.encode(slot, matches!(demand, Demand::Idr(_)), bytes, pts);
        during.iter().for_each(|step| self.take(step));
        let reason = self.fanout.publish(slot, self.now, &unit);
        assert_eq!(reason.is_some(), unit.is_idr());
        if let Some(reason) = reason {
            self.idr_times[slot.index()].push(self.now);
            self.reasons.push(reason);
        }
    }

    /// The slot whose unit a subscriber had last.
    fn slot_of(&self, id: SubscriberId) -> Slot {
        let (slot, ..) = self.decoders[&id].last.expect("it has units");
        Slot::ALL[usize::from(slot)]
    }

    /// What the encoder that a subscriber follows may spend.
    fn ceiling_of(&self, id: SubscriberId) -> BitRate {
        self.fanout.ceiling(self.slot_of(id)).unwrap_or(OPEN)
    }

    /// Bits per second that a subscriber can take.
    fn takes(&self, id: SubscriberId) -> u32 {
        self.rates.get(&id).copied().flatten().unwrap_or(OPEN).bits_per_second()
    }

    fn take(&mut self, step: &Step) {
        let ids: Vec<_> = self.decoders.keys().copied().collect();
        let pick = |who: &usize| ids.get(who % ids.len().max(1)).copied();
        match step {
            Step::Join => drop(self.join()),
            Step::JoinAs(entry) => drop(self.join_as(*entry)),
            Step::Leave(who) => pick(who).into_iter().for_each(|id| self.leave(id)),
            Step::Picture(bytes) => self.picture(*bytes),
            Step::PictureAmid(bytes, between) => self.picture_amid(*bytes, between),
            Step::Read(who, count) => pick(who).into_iter().for_each(|id| {
                for _ in 0..*count {
                    self.read(id);
                }
            }),
            Step::RequestIdr(who) => pick(who).into_iter().for_each(|id| self.fanout.request_idr(id)),
            Step::SetRate(who, rate) => {
                pick(who).into_iter().for_each(|id| self.set_rate(id, *rate));
            }
            Step::FallBehind(who) => pick(who).into_iter().for_each(|id| self.fanout.fall_behind(id)),
            Step::Wait(millis) => self.now += Duration::from_millis(*millis),
        }
    }

    fn set_rate(&mut self, id: SubscriberId, rate: Option<BitRate>) {
        self.fanout.set_rate(id, rate);
        self.rates.insert(id, rate);
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
    JoinAs(Entry),
    Leave(usize),
    Picture(usize),
    PictureAmid(usize, Vec<Step>),
    Read(usize, usize),
    RequestIdr(usize),
    SetRate(usize, Option<BitRate>),
    FallBehind(usize),
    Wait(u64),
}

/// What subscribers do by themselves.
fn deed() -> impl Strategy<Value = Step> {
    let rate = prop::option::of((10..40_000u32).prop_map(kilobits));
    prop_oneof![
        1 => Just(Step::Join),
        1 => prop::sample::select(vec![Entry::Aside, Entry::Onlooker]).prop_map(Step::JoinAs),
        1 => (0..8usize).prop_map(Step::Leave),
        8 => (0..8usize, 1..12usize).prop_map(|(who, count)| Step::Read(who, count)),
        1 => (0..8usize).prop_map(Step::RequestIdr),
        2 => (0..8usize, rate).prop_map(|(who, rate)| Step::SetRate(who, rate)),
        1 => (0..8usize).prop_map(Step::FallBehind),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let amid = (16..200usize, prop::collection::vec(deed(), 1..3));
    prop_oneof![
        14 => deed(),
        9 => (16..200usize).prop_map(Step::Picture),
        3 => amid.prop_map(|(bytes, between)| Step::PictureAmid(bytes, between)),
        4 => (0..400u64).prop_map(Step::Wait),
    ]
}

/// Everybody reads until whoever waits for something has it.
fn settle(world: &mut World) {
    let ids: Vec<_> = world.decoders.keys().copied().collect();
    for _ in 0..3 {
        world.now += SPACING;
        world.pictures(2, &ids);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_subscriber_gets_an_undecodable_unit(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.take(step));
        let before: Vec<_> = world.decoders.iter().map(|(id, decoder)| (*id, decoder.units)).collect();
        settle(&mut world);
        for (id, before) in before {
            prop_assert!(world.decoders[&id].units > before, "{:?} gets nothing any more", id);
        }
    }

    #[test]
    fn no_subscriber_gets_twice_what_it_takes_unless_it_is_far_below_the_others(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.take(step));
        settle(&mut world);
        let with_a_say: Vec<_> = world.decoders.keys().filter(|id| !world.onlookers.contains(id)).collect();
        for id in &with_a_say {
            let (takes, spent) = (world.takes(**id), world.ceiling_of(**id).bits_per_second());
            let beside = |other: &&&SubscriberId| world.slot_of(***other) == world.slot_of(**id);
            let is_far = with_a_say.iter().filter(beside).any(|other| world.takes(**other) / 8 > takes);
            let is_little = spent <= 300_000;
            prop_assert!(spent <= takes * 2 || is_far || is_little, "{:?} takes {} and is sent {}", id, takes, spent);
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
    assert_eq!((counters.stalls, counters.delivered + counters.drops.total()), (1, 663));
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
fn who_is_alone_and_takes_nothing_holds_the_encoder_back_and_misses_nothing() {
    let mut world = World::new();
    let only = world.join();
    world.pictures(30, &[]);
    assert_eq!(world.fanout.demand(Slot::A, world.now), Demand::Wait);
    let waiting = u64::try_from(Limits::default().ahead).unwrap();
    world.pictures(2, &[only]);
    assert_eq!(world.fanout.demand(Slot::A, world.now), Demand::Encode);
    let decoder = &world.decoders[&only];
    assert_eq!((decoder.idrs, decoder.units), (1, waiting + 1), "no IDR is needed for what was never encoded");
}

#[test]
fn who_takes_nothing_holds_up_nobody_who_does() {
    let mut world = World::new();
    let (stalled, reader) = (world.join(), world.join());
    world.pictures(30, &[reader]);
    assert_eq!(world.fanout.demand(Slot::A, world.now), Demand::Encode);
    assert_eq!(world.decoders[&reader].units, 30);
    assert_eq!(world.decoders.get(&stalled).map_or(0, |decoder| decoder.units), 0);
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
    world.drain(a);
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

#[test]
fn a_clock_that_goes_back_keeps_nobody_waiting() {
    let mut world = World::new();
    world.captured = 60_000_000_000;
    let [follows, waits] = [world.join(), world.join()];
    world.pictures(3, &[follows, waits]);
    world.fanout.fall_behind(waits);
    // The machine, and with it the clock of its captures, began anew.
    world.captured = 0;
    world.encoders[0].open = false;
    world.decoders.values_mut().for_each(|decoder| decoder.last_pts = None);
    world.pictures(30, &[follows, waits]);
    for id in [follows, waits] {
        assert_eq!((world.decoders[&id].units, world.decoders[&id].idrs), (33, 2));
    }
}

#[test]
fn a_lone_subscriber_decides_what_is_spent() {
    let mut world = World::new();
    let only = world.join();
    world.pictures(1, &[only]);
    assert_eq!(world.fanout.ceiling(Slot::A), None);
    world.set_rate(only, Some(kilobits(500)));
    world.pictures(60, &[only]);
    assert_eq!(world.fanout.ceiling(Slot::A), Some(kilobits(500)));
    assert_eq!(world.reasons, [IdrReason::Join], "no other encoder, no IDR");
    world.set_rate(only, None);
    assert_eq!(world.fanout.ceiling(Slot::A), None);
}

#[test]
fn a_slow_subscriber_gets_an_encoder_of_its_own_at_the_next_picture() {
    let mut world = World::new();
    let (fast, slow) = (world.join(), world.join());
    world.pictures(3, &[fast, slow]);
    world.set_rate(slow, Some(kilobits(1000)));
    assert_eq!(world.fanout.next_idr_at(), None, "a still screen costs nothing");
    world.pictures(60, &[fast, slow]);
    assert_eq!((world.slot_of(fast), world.slot_of(slow)), (Slot::A, Slot::B));
    assert_eq!([Slot::A, Slot::B].map(|slot| world.fanout.ceiling(slot)), [None, Some(kilobits(1000))]);
    assert_eq!((world.decoders[&fast].idrs, world.decoders[&slow].idrs), (1, 2));
    assert_eq!(world.decoders[&slow].units, 63, "it misses none");
    assert_eq!(world.reasons, [IdrReason::Join, IdrReason::Slow]);
}

#[test]
fn subscribers_that_take_half_share_one_encoder_at_the_larger_rate() {
    let mut world = World::new();
    let (one, other) = (world.join(), world.join());
    world.set_rate(one, Some(kilobits(4000)));
    world.set_rate(other, Some(kilobits(2000)));
    world.pictures(60, &[one, other]);
    assert_eq!(world.fanout.ceiling(Slot::A), Some(kilobits(4000)));
    assert_eq!(world.fanout.demand(Slot::B, world.now), Demand::Idle);
}

#[test]
fn the_slow_share_what_the_slowest_of_them_takes() {
    let mut world = World::new();
    let ids = [world.join(), world.join(), world.join()];
    world.set_rate(ids[1], Some(kilobits(1000)));
    world.set_rate(ids[2], Some(kilobits(300)));
    world.pictures(3, &ids);
    assert_eq!([world.slot_of(ids[1]), world.slot_of(ids[2])], [Slot::B; 2]);
    assert_eq!(world.fanout.ceiling(Slot::B), Some(kilobits(300)));
    world.leave(ids[2]);
    assert_eq!(world.fanout.ceiling(Slot::B), Some(kilobits(1000)));
}

#[test]
fn one_that_takes_next_to_nothing_does_not_blur_the_picture_of_the_other_slow_ones() {
    let mut world = World::new();
    let ids = [world.join(), world.join(), world.join()];
    world.set_rate(ids[1], Some(kilobits(8000)));
    world.set_rate(ids[2], Some(kilobits(64)));
    world.pictures(3, &ids);
    assert_eq!(world.fanout.ceiling(Slot::B), Some(kilobits(8000)));
    world.set_rate(ids[1], Some(kilobits(500)));
    assert_eq!(world.fanout.ceiling(Slot::B), Some(kilobits(300)), "a floor");
    world.leave(ids[1]);
    assert_eq!(world.fanout.ceiling(Slot::B), Some(kilobits(64)), "nobody else is there");
}

/// One who follows live, long after its IDR, and one who comes in another way.
fn beside_live(entry: Entry) -> (World, [SubscriberId; 2]) {
    let mut world = World::new();
    let viewer = world.join();
    world.pictures(20, &[viewer]);
    let other = world.join_as(entry);
    world.pictures(20, &[viewer, other]);
    assert_eq!(world.decoders[&other].units, 20, "it gets what comes");
    (world, [viewer, other])
}

#[test]
fn who_comes_aside_costs_the_others_no_idr_until_it_is_taken_back() {
    for entry in [Entry::Aside, Entry::Onlooker] {
        let (world, [viewer, _]) = beside_live(entry);
        assert_eq!(world.decoders[&viewer].idrs, 1, "{entry:?}");
    }
    let (world, [viewer, _]) = beside_live(Entry::Live);
    assert_eq!(world.decoders[&viewer].idrs, 2);
}

#[test]
fn an_onlooker_makes_nobody_slow_and_no_encoding_end() {
    let (mut world, [viewer, onlooker]) = beside_live(Entry::Onlooker);
    world.set_rate(viewer, Some(kilobits(1000)));
    world.pictures(10 * 63, &[viewer, onlooker]);
    assert_eq!((world.slot_of(viewer), world.decoders[&viewer].idrs), (Slot::A, 1));
    assert_eq!(world.fanout.ceiling(Slot::A), Some(kilobits(1000)));
    world.fanout.request_idr(viewer);
    world.pictures(1, &[viewer, onlooker]);
    assert_eq!(world.slot_of(onlooker), Slot::A, "an IDR of live takes it along");
}

#[test]
fn nobody_comes_aside_at_the_cost_of_those_who_are_slow() {
    let (mut world, [fast, slow]) = fast_and_slow();
    world.pictures(20, &[fast, slow]);
    let idrs = world.decoders[&slow].idrs;
    let onlooker = world.join_as(Entry::Onlooker);
    world.pictures(20, &[fast, slow, onlooker]);
    assert_eq!((world.slot_of(onlooker), world.decoders[&slow].idrs), (Slot::A, idrs));
}

#[test]
fn who_leaves_and_comes_back_again_and_again_gets_no_more_idrs_than_the_spacing_allows() {
    let mut world = World::new();
    for _ in 0..100 {
        let only = world.join();
        world.pictures(1, &[only]);
        world.leave(only);
    }
    let most = world.now.as_millis() / SPACING.as_millis() + 1;
    assert!(world.idr_times[0].len() as u128 <= most, "{} in {:?}", world.idr_times[0].len(), world.now);
}

/// A fast and a slow one, each on its encoder.
fn fast_and_slow() -> (World, [SubscriberId; 2]) {
    let mut world = World::new();
    let ids = [world.join(), world.join()];
    world.pictures(1, &ids);
    world.set_rate(ids[1], Some(kilobits(1000)));
    world.pictures(3, &ids);
    assert_eq!(world.slot_of(ids[1]), Slot::B);
    (world, ids)
}

#[test]
fn neither_a_merge_nor_an_idr_of_live_takes_the_slow_back() {
    let (mut world, [fast, slow]) = fast_and_slow();
    world.pictures(10 * 63, &[fast, slow]);
    world.fanout.request_idr(fast);
    world.pictures(30, &[fast, slow]);
    assert_eq!(world.slot_of(slow), Slot::B);
    assert_eq!(world.reasons, [IdrReason::Join, IdrReason::Slow, IdrReason::Requested]);
    assert_eq!(world.decoders[&slow].idrs, 2);
}

#[test]
fn a_slow_subscriber_that_recovers_is_taken_back_by_the_next_idr_of_live() {
    let (mut world, [fast, slow]) = fast_and_slow();
    world.set_rate(slow, Some(kilobits(14_000)));
    world.pictures(70, &[fast, slow]);
    world.fanout.request_idr(fast);
    world.pictures(20, &[fast, slow]);
    assert_eq!(world.slot_of(slow), Slot::B, "14 of 20 are not enough");
    world.set_rate(slow, Some(kilobits(15_000)));
    world.pictures(1, &[fast, slow]);
    world.fanout.request_idr(fast);
    world.pictures(20, &[fast, slow]);
    assert_eq!(world.slot_of(slow), Slot::A);
    assert_eq!(world.fanout.demand(Slot::B, world.now), Demand::Idle);
}

#[test]
fn a_rate_that_jumps_about_moves_nobody_twice_within_the_least_time() {
    let (mut world, [fast, slow]) = fast_and_slow();
    for rate in (0..30).map(|n| if n % 2 == 0 { 20_000 } else { 1000 }) {
        world.set_rate(slow, Some(kilobits(rate)));
        world.fanout.request_idr(fast);
        world.pictures(1, &[fast, slow]);
    }
    assert!(world.now < SLOW_FOR);
    assert_eq!(world.decoders[&slow].idrs, 2);
}

#[test]
fn a_slow_subscriber_that_is_left_alone_keeps_its_encoder_and_its_rate() {
    let (mut world, [fast, slow]) = fast_and_slow();
    world.leave(fast);
    world.pictures(60, &[slow]);
    assert_eq!(world.fanout.slots(), [Slot::B, Slot::A]);
    assert_eq!(world.fanout.ceiling(Slot::B), Some(kilobits(1000)));
    assert_eq!(world.decoders[&slow].idrs, 2);
    let fast = world.join();
    world.pictures(60, &[fast, slow]);
    assert_eq!((world.ceiling_of(fast), world.ceiling_of(slow)), (OPEN, kilobits(1000)));
}

#[test]
fn who_resumes_beside_slow_ones_is_soon_taken_back() {
    let (mut world, [fast, slow]) = fast_and_slow();
    let late = world.join();
    world.pictures(30, &[fast, slow, late]);
    world.pictures(2, &[fast, slow]);
    world.fanout.fall_behind(late);
    world.pictures(10, &[fast, slow, late]);
    assert_eq!((world.slot_of(late), world.ceiling_of(late)), (Slot::B, kilobits(1000)));
    world.pictures(2 * 63, &[fast, slow, late]);
    assert_eq!((world.slot_of(late), world.slot_of(slow)), (Slot::A, Slot::B));
    assert_eq!(world.reasons.last(), Some(&IdrReason::Merge));
}

#[test]
fn who_falls_behind_has_an_empty_queue_and_resumes_at_an_idr() {
    let mut world = World::new();
    let (reader, late) = (world.join(), world.join());
    world.pictures(5, &[reader]);
    assert_eq!(world.fanout.queued_age(late, world.now), Some(Duration::from_millis(4 * 16)));
    assert_eq!(world.fanout.queued_bytes(late), 5 * 20);
    world.fanout.fall_behind(late);
    assert_eq!((world.fanout.queued_age(late, world.now), world.fanout.queued_bytes(late)), (None, 0));
    assert!(world.fanout.is_stalled(late));
    world.pictures(5, &[reader]);
    world.pictures(5, &[reader, late]);
    assert_eq!((world.decoders[&late].idrs, world.decoders[&reader].idrs), (1, 1));
    let counters = world.fanout.counters().find(|(id, _)| *id == late).unwrap().1;
    assert_eq!((counters.stalls, counters.delivered + counters.drops.total()), (1, 15));
}

#[test]
fn what_is_less_than_a_new_beginning_is_not_given_up() {
    let mut world = World::new();
    let viewer = world.join();
    world.picture(500);
    world.drain(viewer);
    world.pictures(2, &[]);
    for _ in 0..10 {
        world.now += Duration::from_secs(1);
        world.fanout.fall_behind(viewer);
        assert!(!world.fanout.is_stalled(viewer), "40 bytes come sooner than an IDR of 500");
    }
    world.drain(viewer);
    assert_eq!((world.decoders[&viewer].idrs, world.decoders[&viewer].units), (1, 3));
}

#[test]
fn what_holds_the_encoder_back_is_not_given_up() {
    let mut world = World::new();
    let viewer = world.join();
    world.pictures(1, &[viewer]);
    for _ in 0..4 {
        world.picture(300);
    }
    assert!(world.fanout.is_held_back(Slot::A));
    world.fanout.fall_behind(viewer);
    world.drain(viewer);
    world.pictures(3, &[viewer]);
    assert_eq!(world.decoders[&viewer].idrs, 1, "all that changed comes without another beginning");
}

#[test]
fn each_unit_that_is_missed_is_counted_with_its_reason_also_of_those_who_left() {
    let mut world = World::new();
    let (reader, late) = (world.join(), world.join());
    world.pictures(5, &[reader]);
    world.fanout.fall_behind(late);
    world.pictures(3, &[reader]);
    let drops = world.fanout.counters().find(|(id, _)| *id == late).unwrap().1.drops;
    let of = |reason| drops.of(reason);
    assert_eq!(DropReason::ALL.map(of), [0, 5, 3, 0]);
    let before = world.fanout.totals();
    assert_eq!((before.units, before.bytes), (8, 8 * 20));
    assert_eq!((before.subscribers.delivered, before.subscribers.drops, before.subscribers.stalls), (8, drops, 1));
    world.fanout.leave(late);
    world.fanout.leave(reader);
    assert_eq!(world.fanout.totals(), before);
}

#[test]
fn a_queue_that_overflows_says_so() {
    let mut world = World::new();
    let (reader, stuck) = (world.join(), world.join());
    world.pictures(100, &[reader]);
    let drops = world.fanout.counters().find(|(id, _)| *id == stuck).unwrap().1.drops;
    assert!(drops.of(DropReason::Full) > 0 && drops.of(DropReason::Late) == 0, "{drops:?}");
    assert_eq!(drops.total(), 100);
}

#[test]
fn what_is_kept_for_joiners_is_the_live_group_of_pictures() {
    let mut world = World::new();
    let reader = world.join();
    assert_eq!(world.fanout.kept_units(), 0);
    world.pictures(4, &[reader]);
    assert_eq!(world.fanout.kept_units(), 4);
    world.pictures(100, &[reader]);
    assert_eq!(world.fanout.kept_units(), 0, "too many came since");
}
