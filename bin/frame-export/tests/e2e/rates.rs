//! Subscribers of one scanout that can take different rates.

use std::time::Duration;

use lunette_frame::BitRate;
use lunette_wire::hxfr::{ConfigRequest, Message};

use crate::support::{Client, Eye, Frame, Reader, Server, kilobits};

fn take_at_most(client: &mut Client, bits_per_second: u32) {
    let bit_rate = Some(BitRate::from_bits_per_second(bits_per_second));
    client.send(&Message::ConfigRequest(ConfigRequest { bit_rate, ..ConfigRequest::UNCHANGED }));
}

fn idrs(frames: &[Frame]) -> f64 {
    frames.iter().map(|frame| f64::from(u8::from(frame.is_idr()))).sum()
}

#[test]
fn a_slow_subscriber_neither_blurs_nor_disturbs_the_others() {
    let server = Server::small("noise", "30");
    let mut fast = Client::subscribed(&server, 0);
    let first = fast.frames(10);
    let fast = Reader::start(fast, first);
    let mut slow = Client::subscribed(&server, 0);
    let mut arrived = slow.frames(1);
    take_at_most(&mut slow, 1_000_000);
    arrived.extend(slow.frames_for(Duration::from_secs(2)));
    let settled = slow.frames_for(Duration::from_secs(4));
    let undisturbed = fast.stop();
    let (spent, alone) = (kilobits(&settled), kilobits(&undisturbed));
    println!("noise 640x360 at 30/s: {alone:.0} kbit/s to the fast, {spent:.0} kbit/s to who takes 1000");
    assert!(spent < 1300.0 && alone > 4000.0, "{spent:.0} and {alone:.0} kbit/s");
    assert_eq!(idrs(&undisturbed), server.metrics().sum("idrs_total", &[("reason", "join")]));
    assert_eq!(server.metrics().sum("idrs_total", &[("reason", "slow")]), 1.0);
    arrived.extend(settled);
    // The eye demands that all decode, in order.
    Eye::new(0).look_at_all(&arrived);
}

#[test]
fn the_slow_one_that_is_left_alone_goes_on_at_its_rate_without_an_idr() {
    let server = Server::small("noise", "30");
    let mut fast = Client::subscribed(&server, 0);
    fast.frames(10);
    let fast = Reader::start(fast, Vec::new());
    let mut slow = Client::subscribed(&server, 0);
    take_at_most(&mut slow, 1_000_000);
    let mut frames = slow.frames_for(Duration::from_secs(2));
    fast.stop();
    let alone = slow.frames_for(Duration::from_secs(4));
    assert_eq!(idrs(&alone), 0.0);
    assert!(kilobits(&alone) < 1300.0, "{:.0} kbit/s", kilobits(&alone));
    frames.extend(alone);
    Eye::new(0).look_at_all(&frames);
}
