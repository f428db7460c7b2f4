use super::*;
use crate::Scanouts;

const HERE: HostState = HostState::Here;

/// With room for everything.
fn roomy() -> HostFacts {
    HostFacts {
        cpus: 4,
        load: Some(0.0),
        memory_available_mib: Some(16_000),
        max_desktops: 16,
        scanouts: Some(Scanouts { all: 15, free: 15 }),
        ..HostFacts::default()
    }
}

fn with(change: impl FnOnce(&mut HostFacts)) -> HostFacts {
    let mut facts = roomy();
    change(&mut facts);
    facts
}

fn offer(facts: &HostFacts) -> Offer<'_> {
    Offer { state: &HERE, draining: false, facts, desktops: 0, coming_mib: 0, without_scanout: 0, idle: 0 }
}

fn wish(memory_mib: u32, cpus: f64) -> Wish {
    let mut wish = Wish::plain("light".parse().unwrap());
    (wish.limits.memory_mib, wish.limits.cpus) = (Some(memory_mib), Some(cpus));
    wish
}

fn place(hosts: &[(&str, HostFacts)], wish: &Wish) -> Result<String, NoRoom> {
    let names: Vec<HostName> = hosts.iter().map(|(name, _)| name.parse().unwrap()).collect();
    let offers = names.iter().zip(hosts).map(|(name, (_, facts))| (name, offer(facts)));
    choose(offers, wish).map(ToString::to_string)
}

#[test]
fn a_host_takes_none_when_anything_of_it_is_taken() {
    let scanouts = |all, free| move |facts: &mut HostFacts| facts.scanouts = Some(Scanouts { all, free });
    let table: [(HostFacts, Result<(), Unfit>); 14] = [
        (roomy(), Ok(())),
        (with(scanouts(15, 0)), Err(Unfit::Scanouts(15))),
        (with(scanouts(0, 0)), Err(Unfit::Scanouts(0))),
        (with(scanouts(15, 1)), Ok(())),
        (with(|facts| facts.scanouts = None), Ok(())),
        (with(|facts| facts.load = Some(16.0)), Err(Unfit::Processors { cpus: 4, load: 16.0 })),
        (with(|facts| facts.load = Some(15.9)), Ok(())),
        (with(|facts| facts.load = None), Ok(())),
        (with(|facts| facts.memory_available_mib = Some(1535)), Err(Unfit::Memory { free: 1535, wanted: 1536 })),
        (with(|facts| facts.memory_promised_mib = 14_500), Err(Unfit::Memory { free: 1500, wanted: 1536 })),
        (with(|facts| facts.memory_available_mib = Some(1536)), Ok(())),
        (with(|facts| facts.memory_available_mib = None), Ok(())),
        (
            with(|facts| {
                (facts.overcommit, facts.memory_available_mib, facts.load) = (true, Some(1), Some(99.0));
            }),
            Ok(()),
        ),
        (with(|facts| facts.max_desktops = 0), Ok(())),
    ];
    for (facts, expected) in table {
        let need = Need::of(&wish(1536, 1.0), &facts);
        assert_eq!(judge(&offer(&facts), need).map(drop), expected, "{facts:?}");
    }
}

#[test]
fn what_is_promised_counts_like_what_is_there() {
    let facts = roomy();
    let need = Need::of(&wish(1000, 1.0), &facts);
    let table = [
        (Offer { desktops: 16, ..offer(&facts) }, Err(Unfit::Desktops(16))),
        (Offer { desktops: 15, ..offer(&facts) }, Ok(Room(1.0))),
        (Offer { without_scanout: 15, ..offer(&facts) }, Err(Unfit::Scanouts(15))),
        (Offer { without_scanout: 13, ..offer(&facts) }, Ok(Room(2.0))),
        (Offer { coming_mib: 15_500, ..offer(&facts) }, Err(Unfit::Memory { free: 500, wanted: 1000 })),
        (Offer { coming_mib: 13_000, ..offer(&facts) }, Ok(Room(3.0))),
        // What has no load yet makes the room smaller, and does not refuse.
        (Offer { idle: 12, ..offer(&facts) }, Ok(Room(4.0))),
        (Offer { idle: 99, ..offer(&facts) }, Ok(Room(0.0))),
        (Offer { draining: true, ..offer(&facts) }, Err(Unfit::Drained)),
        (Offer { state: &HostState::Lost("gone".to_owned()), ..offer(&facts) }, Err(Unfit::Lost("gone".to_owned()))),
    ];
    for (offer, expected) in table {
        assert_eq!(judge(&offer, need), expected, "{offer:?}");
    }
}

#[test]
fn the_host_with_most_room_wins_by_what_it_has_least_of() {
    let free = |mib| with(|facts| facts.memory_available_mib = Some(mib));
    let busy = |load| with(|facts| facts.load = Some(load));
    let scanouts = |free| with(|facts| facts.scanouts = Some(Scanouts { all: 15, free }));
    let small = wish(1000, 1.0);
    let table = [
        (vec![("a", free(4000)), ("b", free(9000))], "b"),
        (vec![("a", busy(1.0)), ("b", busy(9.0))], "a"),
        (vec![("a", scanouts(3)), ("b", scanouts(2))], "a"),
        // Much memory is of no use where there is one scanout.
        (vec![("a", with(|facts| facts.scanouts = Some(Scanouts { all: 4, free: 1 }))), ("b", free(2000))], "b"),
        (vec![("a", with(|facts| facts.load = Some(15.5))), ("b", free(1000))], "b"),
        (vec![("b", roomy()), ("c", roomy())], "b"),
        (vec![("a", free(900)), ("b", busy(16.0)), ("c", scanouts(1))], "c"),
    ];
    for (hosts, expected) in table {
        assert_eq!(place(&hosts, &small).as_deref(), Ok(expected), "{hosts:?}");
    }
    // The same two hosts, for a desktop that needs another thing most.
    let hosts = [("memory", with(|facts| facts.load = Some(12.0))), ("cpus", free(6000))];
    assert_eq!(place(&hosts, &wish(4000, 0.25)).as_deref(), Ok("memory"));
    assert_eq!(place(&hosts, &wish(500, 4.0)).as_deref(), Ok("cpus"));
}

#[test]
fn of_equal_hosts_the_one_with_fewer_desktops_wins() {
    let facts = with(|facts| (facts.max_desktops, facts.overcommit) = (0, true));
    let names: [HostName; 2] = ["a", "b"].map(|name| name.parse().unwrap());
    let offers = [Offer { desktops: 2, ..offer(&facts) }, Offer { desktops: 1, ..offer(&facts) }];
    assert_eq!(choose(names.iter().zip(offers), &wish(1, 1.0)), Ok(&names[1]));
}

#[test]
fn the_usual_bounds_of_a_profile_are_the_hosts_to_say() {
    let small = lunette_desktop::Limits { memory_mib: 512, cpus: 0.5, ..lunette_desktop::Limits::default() };
    let knows = with(|facts| facts.profiles = [("light".parse().unwrap(), small)].into());
    let plain = Wish::plain("light".parse().unwrap());
    assert_eq!(Need::of(&plain, &knows), Need { memory_mib: Some(512), cpus: Some(0.5) });
    assert_eq!(Need::of(&wish(700, 2.0), &knows), Need { memory_mib: Some(700), cpus: Some(2.0) });
    assert_eq!(Need::of(&plain, &roomy()), Need { memory_mib: None, cpus: None });
    let little = with(|facts| facts.memory_available_mib = Some(100));
    assert!(judge(&offer(&little), Need::of(&plain, &little)).is_ok(), "it refuses itself what it has no room for");
    let nothing = with(|facts| facts.memory_available_mib = Some(0));
    assert!(judge(&offer(&nothing), Need::of(&plain, &nothing)).is_err());
}

#[test]
fn a_refusal_says_why_of_each_host() {
    let hosts = [
        ("a", with(|facts| facts.scanouts = Some(Scanouts { all: 15, free: 0 }))),
        ("b", with(|facts| facts.load = Some(20.5))),
        ("c", with(|facts| facts.memory_available_mib = Some(300))),
    ];
    let refused = place(&hosts, &wish(1536, 2.0)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no host has room: a has none of its 15 scanouts free; b has its 4 processors taken: 20.5 want one, on average; \
         c has 300 MiB of memory free, and 1536 MiB are wanted"
    );
    assert_eq!(place(&[], &wish(1, 1.0)), Err(NoRoom::Nobody));
}
