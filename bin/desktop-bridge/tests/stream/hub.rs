//! A scanout for any number of viewers: the hub, with frame-export in this process.

use std::time::Duration;

use lunette_capture::pattern::Kind;
use lunette_net::client::Route;
use lunette_viewer::{Hub, Unit, Uplink, Video, Watching};
use lunette_wire::hxfr::Message;
use tokio::time::{Instant, timeout};

use crate::support::{Machine, SOON, Tap, eventually};

const LONG: Duration = Duration::from_secs(60);

fn hub(tap: &Tap, grace: Duration) -> Hub {
    let address = tap.address.to_string().parse().expect("an address");
    Hub::new(&Uplink { route: Route::Address(address), scanout: Machine::SCANOUT, token: None }, grace, None)
}

async fn next(watching: &mut Box<dyn Watching>) -> Unit {
    timeout(SOON, watching.next()).await.expect("a picture in time").expect("a stream that goes on")
}

/// A viewer that joins, and its first picture.
async fn joined(hub: &Hub) -> (Box<dyn Watching>, Unit) {
    let mut watching = hub.join().expect("a place");
    let first = next(&mut watching).await;
    assert!(first.unit.is_idr(), "a decoder can start");
    (watching, first)
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_who_join_at_once_make_one_upstream_connection() {
    let machine = Machine::showing(Kind::Typing).await;
    let tap = Tap::on(machine.address).await;
    let hub = hub(&tap, LONG);
    let mut all: Vec<_> = (0..20).map(|_| hub.join().expect("a place")).collect();
    for watching in &mut all {
        assert!(next(watching).await.unit.is_idr());
    }
    assert_eq!(tap.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_outlives_its_viewers_for_the_grace_and_no_longer() {
    let machine = Machine::showing(Kind::Still).await;
    let tap = Tap::on(machine.address).await;
    let short = Duration::from_millis(700);
    let hub = hub(&tap, short);
    assert_eq!(tap.connections(), 0, "nobody watches yet");
    let (watching, _) = joined(&hub).await;
    drop(watching);
    let (watching, _) = joined(&hub).await;
    let left = Instant::now();
    drop(watching);
    eventually("it unsubscribes", || tap.open() == 0).await;
    assert!(left.elapsed() >= short, "{:?}", left.elapsed());
    joined(&hub).await;
    // The second visit may have come after the grace on a machine that is very busy.
    assert!((2..=3).contains(&tap.connections()), "{}", tap.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_started_again_goes_on_for_its_viewers() {
    let machine = Machine::showing(Kind::Typing).await;
    let tap = Tap::on(machine.address).await;
    let hub = hub(&tap, LONG);
    let (mut watching, _) = joined(&hub).await;
    tap.lead_to(None);
    drop(machine);
    eventually("it is gone", || tap.open() == 0).await;
    let machine = Machine::showing(Kind::Typing).await;
    tap.lead_to(Some(machine.address));
    let deadline = Instant::now() + SOON;
    // What was on its way when the machine went down comes first.
    let (mut last, mut starts) = (next(&mut watching).await.unit.pts, false);
    while !starts {
        assert!(Instant::now() < deadline);
        let unit = next(&mut watching).await.unit;
        assert!(unit.pts > last);
        last = unit.pts;
        starts = unit.is_idr();
    }
    for _ in 0..5 {
        next(&mut watching).await;
    }
    let (_, first) = joined(&hub).await;
    assert!(first.unit.pts.as_nanos() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_and_goes_100_times_has_a_picture_every_time() {
    let machine = Machine::showing(Kind::Still).await;
    let tap = Tap::on(machine.address).await;
    let hub = hub(&tap, LONG);
    let mut took = Vec::new();
    for _ in 0..100 {
        let asked = Instant::now();
        joined(&hub).await;
        took.push(asked.elapsed());
    }
    took.sort();
    assert!(took[90] < Duration::from_secs(1), "{took:?}");
    assert_eq!(tap.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_is_held_back_and_goes_on_when_somebody_does() {
    let machine = Machine::showing(Kind::Scroll).await;
    let tap = Tap::on(machine.address).await;
    let hub = hub(&tap, LONG);
    let (mut watching, first) = joined(&hub).await;
    eventually("it is held back", || tap.asked(&Message::Hold) > 0).await;
    let mut last = first.unit.pts;
    for _ in 0..10 {
        let unit = next(&mut watching).await.unit;
        assert!(unit.pts > last);
        last = unit.pts;
    }
    assert!(tap.asked(&Message::Go) > 0);
    drop(watching);
    let held = tap.asked(&Message::Hold);
    eventually("nobody is left to take anything", || tap.asked(&Message::Hold) >= held).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_waits_for_a_machine_that_is_not_there_yet_and_is_told_why() {
    let machine = Machine::showing(Kind::Still).await;
    let tap = Tap::on(machine.address).await;
    tap.lead_to(None);
    let hub = hub(&tap, LONG);
    let mut watching = hub.join().expect("a place");
    let down = lunette_wire::stream::HopState::Down;
    eventually("why there is nothing", || hub.hops().iter().any(|hop| hop.state == down && hop.why.is_some())).await;
    tap.lead_to(Some(machine.address));
    assert!(next(&mut watching).await.unit.is_idr());
    assert!(hub.hops().iter().all(|hop| hop.state != down));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_that_encoding_takes_is_known_once_somebody_wants_to_know() {
    let machine = Machine::showing(Kind::Typing).await;
    let tap = Tap::on(machine.address).await;
    let hub = hub(&tap, LONG);
    let (mut watching, first) = joined(&hub).await;
    assert_eq!(first.encoded, None);
    hub.hops();
    let told = async {
        loop {
            let unit = next(&mut watching).await;
            if let Some(encoded) = unit.encoded {
                return encoded.since(unit.unit.pts);
            }
        }
    };
    let latency = timeout(SOON, told).await.expect("it is told");
    assert!(!latency.is_zero() && latency < SOON, "{latency:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_once_costs_those_who_watch_no_keyframe() {
    let machine = Machine::showing(Kind::Scroll).await;
    let tap = Tap::on(machine.address).await;
    let hub = hub(&tap, LONG);
    let (mut watching, _) = joined(&hub).await;
    // More than is kept for who comes later.
    for _ in 0..40 {
        next(&mut watching).await;
    }
    let mut looking = hub.look().expect("a place");
    let mut keyframes = 0;
    let seen = loop {
        tokio::select! {
            unit = next(&mut watching) => keyframes += u32::from(unit.unit.is_idr()),
            seen = next(&mut looking) => break seen,
        }
    };
    assert!(seen.unit.is_idr(), "a decoder can start");
    for _ in 0..20 {
        keyframes += u32::from(next(&mut watching).await.unit.is_idr());
    }
    assert_eq!((keyframes, tap.connections()), (0, 2));
}
