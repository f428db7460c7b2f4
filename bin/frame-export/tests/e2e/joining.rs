//! Who comes and goes while a stream runs.

use std::time::{Duration, Instant};

use lunette_wire::hxfr::Message;

use crate::support::{Client, Dice, Eye, Seen, Server, eventually};

#[test]
fn who_joins_at_any_time_starts_at_an_idr_and_decodes_clean() {
    let server = Server::small("scroll", "60");
    let mut first = Client::subscribed(&server, 0);
    let mut dice = Dice::new(3);
    for join in 0..15 {
        // The first one's pictures are the clock: joins fall into every part of a group of pictures.
        first.frames(1 + dice.below(25));
        let asks = join % 5 == 4;
        if asks {
            first.send(&Message::KeyframeRequest);
        }
        let seen = Eye::new(0).look_at_all(&Client::subscribed(&server, 0).frames(12));
        assert!(seen[0].idr);
        // The IDR that the first one asks for may be of the picture that the joiner began with, beside the live stream;
        // it is what takes the joiner back into that.
        let is_next = |pair: &[Seen]| {
            let again = asks && pair[1].idr && pair[1].counter == pair[0].counter;
            pair[1].counter > pair[0].counter || again
        };
        assert!(seen.windows(2).all(is_next), "no picture twice: {seen:?}");
    }
}

#[test]
fn twenty_joins_at_once_share_one_pipeline() {
    let server = Server::small("typing", "60");
    let watched: Vec<_> = std::thread::scope(|scope| {
        let watch = || {
            let mut client = Client::subscribed(&server, 0);
            let frames = client.frames(20);
            (client, frames)
        };
        let watchers: Vec<_> = (0..20).map(|_| scope.spawn(watch)).collect();
        watchers.into_iter().map(|watcher| watcher.join().expect("it received to the end")).collect()
    });
    let metrics = server.metrics();
    assert_eq!(metrics.sum("pipelines", &[]), 1.0);
    assert_eq!(metrics.count("client_delivered_total", &[("scanout", "0")]), 20);
    assert_eq!(server.log().matches("encoder opened").count(), 1, "{}", server.log());
    for (_, frames) in &watched {
        assert!(Eye::new(0).look_at_all(frames)[0].idr);
    }
}

#[test]
fn a_joiner_of_a_still_screen_has_a_picture_at_once() {
    let server = Server::small("still", "60");
    let mut first = Client::subscribed(&server, 0);
    first.frame();
    first.settle();
    assert!(first.frame_within(Duration::from_secs(1)).is_none(), "still");
    let mut joiner = Client::subscribed(&server, 0);
    let frame = joiner.frame_within(Duration::from_secs(1)).expect("within a second");
    assert!(Eye::new(0).look(&frame).idr);
}

#[test]
fn a_joiner_has_a_picture_at_once_when_the_group_is_too_long_to_keep() {
    let server = Server::small("typing", "60");
    let mut first = Client::subscribed(&server, 0);
    first.frames(120);
    let asked = Instant::now();
    let frames = Client::subscribed(&server, 0).frames(5);
    assert!(frames[0].at - asked < Duration::from_secs(1), "{:?}", frames[0].at - asked);
    assert!(Eye::new(0).look_at_all(&frames)[0].idr);
}

#[test]
fn a_joiner_between_rare_pictures_does_not_wait_for_the_next() {
    // Two pictures of noise this large and fine are more than the server keeps for joiners, of an encoder that makes them.
    let large = ["--size", "1920x1080", "--quality", "80", "--max-bitrate", "1000M", "--encoder", "openh264"];
    let server = Server::start(&[&["--pattern", "noise", "--fps", "1", "--scanouts", "1"], &large[..]].concat());
    let mut first = Client::subscribed(&server, 0);
    first.frames(2);
    let latest = first.frame();
    let asked = Instant::now();
    let joined = Client::subscribed(&server, 0).frame();
    println!("{} bytes; first picture after {:?}", latest.unit().len(), joined.at - asked);
    assert!(joined.at - asked < Duration::from_millis(700), "{:?}", joined.at - asked);
    // Beside others a newcomer is let in with the newest picture, coded for it alone.
    assert!(joined.is_idr() && joined.response.pts >= latest.response.pts);
}

#[test]
fn a_hundred_reconnects_have_a_picture_within_a_second_each() {
    let server = Server::small("typing", "60");
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let asked = Instant::now();
        let mut client = Client::subscribed(&server, 0);
        let frame = client.frame_within(Duration::from_secs(1)).expect("within a second");
        assert!(frame.is_idr());
        slowest = slowest.max(frame.at - asked);
    }
    println!("100 reconnects: first picture after {slowest:?} at most");
    assert!(slowest < Duration::from_secs(1));
}

#[test]
fn reconnects_beside_a_subscriber_that_stays_leave_it_alone() {
    let server = Server::small("typing", "60");
    let mut stays = Client::subscribed(&server, 0);
    let mut frames = stays.frames(1);
    for _ in 0..50 {
        Client::subscribed(&server, 0).frame();
    }
    frames.extend(stays.frames(30));
    Eye::new(0).look_at_all(&frames);
    eventually("the others have left", || server.metrics().sum("connections", &[]) == 1.0);
    assert_eq!(server.metrics().sum("pipelines", &[]), 1.0);
}

#[test]
fn a_thousand_cycles_leave_descriptors_and_memory_flat() {
    let server = Server::start(&["--pattern", "typing", "--scanouts", "1", "--size", "160x90", "--log", "warn"]);
    let nobody = || {
        let metrics = server.metrics();
        metrics.sum("connections", &[]) == 0.0 && metrics.sum("pipelines", &[]) == 0.0
    };
    let cycle = |count: usize| {
        for round in 0..count {
            let mut client = Client::subscribed(&server, 0);
            // Every third leaves before it has anything, and every tenth is the last of its pipeline.
            if round % 3 > 0 {
                client.frame();
            }
            if round % 10 == 0 {
                drop(client);
                eventually("all have left", nobody);
            }
        }
        eventually("all have left", nobody);
    };
    // What is taken once and kept is taken by the first cycles.
    cycle(500);
    let before = server.usage();
    cycle(1000);
    eventually("threads and descriptors are as before", || {
        let after = server.usage();
        after.threads <= before.threads && after.descriptors <= before.descriptors
    });
    let after = server.usage();
    println!("1000 cycles: {before:?} → {after:?}");
    // An allocator arena more or less is 7 MiB; the encoders of a hundred pipelines are many times that.
    assert!(after.resident <= before.resident + (12 << 20), "{before:?} → {after:?}");
}
