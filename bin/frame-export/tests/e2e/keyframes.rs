//! KEYFRAME_REQ and CONFIG_REQ on a subscribed connection.

use std::num::NonZeroU32;
use std::time::Duration;

use lunette_frame::{BitRate, FrameRate};
use lunette_wire::hxfr::{ConfigRequest, ErrorCode, Message, SessionId};

use crate::support::{Client, Eye, Frame, Server, eventually, kilobits, raw};

/// CONFIG_REQ whose frame rate has the denominator 0, which no value of [`ConfigRequest`] has.
fn impossible_rate(session: u16) -> Vec<u8> {
    let mut payload = [0; 28];
    payload[12] = 60;
    raw(0x04, session, &payload)
}

#[test]
fn a_keyframe_request_gives_an_idr() {
    let server = Server::small("typing", "60");
    let mut client = Client::subscribed(&server, 0);
    client.frames(20);
    client.send(&Message::KeyframeRequest);
    let frames = client.frames(30);
    assert_eq!(frames.iter().filter(|frame| frame.is_idr()).count(), 1);
    assert_eq!(server.metrics().sum("idrs_total", &[("reason", "requested")]), 1.0);
}

#[test]
fn a_keyframe_request_gives_an_idr_of_a_still_screen_too() {
    let server = Server::small("still", "60");
    let mut client = Client::subscribed(&server, 0);
    let mut eye = Eye::new(0);
    let first = client.frame();
    eye.look(&first);
    eye.look_at_all(&client.settle());
    client.send(&Message::KeyframeRequest);
    let again = client.frame_within(Duration::from_secs(1)).expect("within a second");
    assert!(eye.look(&again).idr && again.response.pts > first.response.pts);
}

#[test]
fn every_group_of_pictures_decodes_by_itself() {
    let server = Server::small("scroll", "30");
    let mut client = Client::subscribed(&server, 0);
    let mut groups: Vec<Vec<Frame>> = Vec::new();
    while groups.len() < 4 {
        let frame = client.frame();
        if frame.is_idr() {
            groups.push(Vec::new());
        }
        let group = groups.last_mut().expect("an IDR comes first");
        group.push(frame);
        if group.len() == 10 {
            client.send(&Message::KeyframeRequest);
        }
    }
    for group in groups {
        assert!(Eye::new(0).look_at_all(&group)[0].idr);
    }
}

#[test]
fn a_hundred_keyframe_requests_give_four_idrs_a_second() {
    let server = Server::small("typing", "100");
    let mut client = Client::subscribed(&server, 0);
    let mut idrs = Vec::new();
    let mut last = 0.0;
    for _ in 0..100 {
        let frame = client.frame();
        last = frame.seconds();
        if frame.is_idr() {
            idrs.push(last);
        }
        client.send(&Message::KeyframeRequest);
    }
    // Capture comes a moment before the encoder is asked, so 250 ms may look a little shorter.
    assert!(idrs.windows(2).all(|pair| pair[1] - pair[0] >= 0.24), "{idrs:?}");
    assert!(idrs.len() >= 3, "{idrs:?} until {last}");
}

#[test]
fn keyframe_requests_of_all_subscribers_are_one() {
    let server = Server::small("typing", "60");
    let mut clients: Vec<_> = (0..5).map(|_| Client::subscribed(&server, 0)).collect();
    clients.iter_mut().for_each(|client| drop(client.frames(20)));
    clients.iter_mut().for_each(|client| client.send(&Message::KeyframeRequest));
    for client in &mut clients {
        assert!(client.frames(40).iter().filter(|frame| frame.is_idr()).count() <= 2);
    }
}

#[test]
fn impossible_settings_are_invalid_messages() {
    let server = Server::small("still", "60");
    let mut subscriber = Client::subscribed(&server, 0);
    subscriber.frame();
    assert_refuses_settings(Client::connect(&server));
    assert_refuses_settings(subscriber);
}

/// The connection goes on afterwards.
#[track_caller]
fn assert_refuses_settings(mut client: Client) {
    client.send_bytes(&impossible_rate(5));
    assert_eq!(client.error(), (SessionId::new(5), ErrorCode::InvalidMessage));
    let huge = ConfigRequest { width: NonZeroU32::new(100_000), ..ConfigRequest::UNCHANGED };
    let fast = ConfigRequest { frame_rate: FrameRate::new(2_000_000, 1).ok(), ..ConfigRequest::UNCHANGED };
    let dry = ConfigRequest { bit_rate: Some(BitRate::from_bits_per_second(1)), ..ConfigRequest::UNCHANGED };
    for bad in [huge, fast, dry] {
        client.send_as(SessionId::new(5), &Message::ConfigRequest(bad));
        assert_eq!(client.error(), (SessionId::new(5), ErrorCode::InvalidMessage), "{bad:?}");
    }
    client.answers();
}

#[test]
fn a_bad_setting_does_not_disturb_the_other_subscribers() {
    let server = Server::small("typing", "60");
    let mut other = Client::subscribed(&server, 0);
    let mut client = Client::subscribed(&server, 0);
    client.frame();
    client.send_bytes(&impossible_rate(0));
    eventually("the message is counted", || server.metrics().sum("bad_messages_total", &[]) > 0.0);
    Eye::new(0).look_at_all(&other.frames(30));
}

#[test]
fn a_ceiling_that_even_the_coarsest_exceeds_leaves_pictures_out() {
    let settings = ["--pattern", "noise", "--size", "640x360", "--fps", "60", "--max-bitrate", "500k"];
    let server = Server::start(&settings);
    let mut client = Client::subscribed(&server, 0);
    // The first one is an IDR, which is waited for and not counted: the rate is that of what comes after it.
    let mut frames = client.frames(1);
    frames.extend(client.frames_for(Duration::from_secs(6)));
    let rate = kilobits(&frames);
    println!("noise 640x360 at 60/s under 500 kbit/s: {rate:.0} kbit/s in {} pictures", frames.len());
    assert!(rate < 650.0 && frames.len() < 180, "{rate:.0} kbit/s in {} pictures", frames.len());
    Eye::new(0).look_at_all(&frames);
}

#[test]
fn a_lower_bit_rate_holds_at_once_and_without_an_idr() {
    let server = Server::small("noise", "30");
    let mut client = Client::subscribed(&server, 0);
    client.frames(10);
    let before = kilobits(&client.frames(45));
    let bit_rate = Some(BitRate::from_bits_per_second(2_000_000));
    client.send(&Message::ConfigRequest(ConfigRequest { bit_rate, ..ConfigRequest::UNCHANGED }));
    let settling = client.frames(30);
    let settled = client.frames(45);
    let after = kilobits(&settled);
    println!("noise 640x360 at 30/s: {before:.0} kbit/s before, {after:.0} kbit/s after CONFIG_REQ for 2000 kbit/s");
    // On a busy machine there are fewer pictures, and less to hold down.
    assert!(after < before / 1.5, "{before:.0} kbit/s before, {after:.0} kbit/s after");
    assert!(after < 2_600.0, "{after:.0} kbit/s with a ceiling of 2000");
    assert!(settling.iter().chain(&settled).all(|frame| !frame.is_idr()));
}

#[test]
fn zero_leaves_every_setting_as_it_is() {
    let server = Server::small("typing", "60");
    let mut client = Client::subscribed(&server, 0);
    client.frames(10);
    client.send(&Message::ConfigRequest(ConfigRequest::UNCHANGED));
    assert!(client.frames(60).iter().all(|frame| !frame.is_idr()), "nothing but pictures, and no new encoder");
}
