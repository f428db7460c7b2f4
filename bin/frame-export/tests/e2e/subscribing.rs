//! SUBSCRIBE, and what a subscriber receives.

use std::time::{Duration, Instant};

use lunette_frame::{ScanoutId, Size};
use lunette_h264::{NalType, Sps, annexb};
use lunette_wire::hxfr::{ErrorCode, Message, SessionId, Subscribe, SubscribeResponse};

use crate::support::{Arrival, Client, Eye, Frame, SOON, Server, bytes_of, eventually, picture_size, raw};

const SUBSCRIBE: u8 = 0x30;

#[test]
fn the_response_comes_before_sps_pps_and_idr_in_one_blob() {
    let server = Server::start(&["--pattern", "typing", "--scanouts", "3", "--size", "640x360"]);
    let mut client = Client::connect(&server);
    let scanout = ScanoutId::new(2);
    client.send(&Message::Subscribe(Subscribe { scanout }));
    let (session, first) = client.message();
    assert_eq!(session, SessionId::new(2));
    assert_eq!(first, Message::SubscribeResponse(SubscribeResponse { scanout, success: true }));
    let frame = client.frame();
    assert_eq!((frame.session, frame.response.nals.count()), (SessionId::new(2), 1));
    let kinds: Vec<_> = annexb::units(&frame.unit()).unwrap().map(|nal| nal.kind()).collect();
    assert_eq!(kinds[..3], [NalType::Sps, NalType::Pps, NalType::IdrSlice]);
    assert_eq!(picture_size(&frame.response), Some(Size::new(640, 360)));
}

#[test]
fn every_nal_unit_has_a_long_start_code() {
    let server = Server::small("typing", "60");
    let frame = Client::subscribed(&server, 0).frame();
    let unit = frame.unit();
    let short = unit.windows(3).enumerate().filter(|(_, bytes)| *bytes == [0, 0, 1]).map(|(at, _)| at);
    assert!(short.into_iter().all(|at| at > 0 && unit[at - 1] == 0));
}

#[test]
fn a_subscriber_receives_nothing_but_its_frames() {
    let server = Server::start(&["--pattern", "typing", "--scanouts", "3", "--size", "640x360"]);
    let mut client = Client::subscribed(&server, 1);
    // Frames of another type or scanout fail in `frames` and in the eye.
    let frames = client.frames_for(Duration::from_secs(1));
    assert!(frames.len() >= 30, "{} frames in a second", frames.len());
    Eye::new(1).look_at_all(&frames);
}

#[test]
fn a_scanout_that_is_not_there_is_refused_and_the_connection_goes_on() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    assert!(!client.subscribe(9));
    client.answers();
    assert!(client.subscribe(0));
    assert!(client.frame().is_idr());
}

#[test]
fn a_scanout_id_of_more_than_16_bits_is_an_invalid_message() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    client.send_bytes(&raw(SUBSCRIBE, 7, &65_536_u32.to_le_bytes()));
    assert_eq!(client.error(), (SessionId::new(7), ErrorCode::InvalidMessage));
    client.answers();
}

#[test]
fn a_message_may_arrive_byte_by_byte() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    let subscribe = Message::Subscribe(Subscribe { scanout: ScanoutId::new(0) });
    for byte in bytes_of(SessionId::NONE, &subscribe) {
        client.send_bytes(&[byte]);
    }
    assert!(matches!(client.message(), (_, Message::SubscribeResponse(SubscribeResponse { success: true, .. }))));
    assert!(client.frame().is_idr());
}

#[test]
fn header_and_payload_may_come_apart() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    let message = raw(SUBSCRIBE, 0, &0_u32.to_le_bytes());
    client.send_bytes(&message[..12]);
    assert!(matches!(client.receive(Duration::from_millis(100)), Arrival::Nothing), "there is no payload yet");
    client.send_bytes(&message[12..]);
    assert!(matches!(client.message(), (_, Message::SubscribeResponse(SubscribeResponse { success: true, .. }))));
}

#[test]
fn several_messages_may_arrive_at_once() {
    let server = Server::small("typing", "60");
    let mut client = Client::connect(&server);
    let pings = [1, 2, 3].map(|session| raw(0x10, session, &[]));
    client.send_bytes(&[pings.concat(), raw(SUBSCRIBE, 0, &0_u32.to_le_bytes())].concat());
    for session in 1..=3 {
        assert_eq!(client.message(), (SessionId::new(session), Message::Pong));
    }
    assert!(matches!(client.message(), (_, Message::SubscribeResponse(_))));
    assert!(client.frame().is_idr());
}

#[test]
fn ping_is_answered_with_its_session() {
    let server = Server::small("still", "60");
    let mut client = Client::connect(&server);
    client.send_as(SessionId::new(7), &Message::Ping);
    assert_eq!(client.message(), (SessionId::new(7), Message::Pong));
}

#[test]
fn capture_times_are_those_of_the_source() {
    // Faster than what is coarse would become finer in between.
    let server = Server::small("typing", "10");
    let mut client = Client::subscribed(&server, 0);
    let frames = client.frames(21);
    let gaps: Vec<_> = frames.windows(2).map(|pair| pair[1].seconds() - pair[0].seconds()).collect();
    // The first picture waited for the encoder to open; those that follow are due every tenth of a second.
    assert!(gaps[1..].iter().all(|gap| (0.05..0.15).contains(gap)), "{gaps:?}");
    let mean = gaps[1..].iter().sum::<f64>() / 19.0;
    assert!((0.095..0.105).contains(&mean), "{mean} s between pictures at 10 a second: {gaps:?}");
    assert!(frames.iter().all(|frame| frame.response.dts == frame.response.pts));
}

#[test]
fn capture_times_go_on_when_the_pipeline_starts_anew() {
    let server = Server::small("typing", "60");
    let mut before = f64::MIN;
    for _ in 0..4 {
        for frame in Client::subscribed(&server, 0).frames(5) {
            assert!(frame.seconds() > before, "{} after {before}", frame.seconds());
            before = frame.seconds();
        }
        eventually("nobody watches", || server.metrics().sum("pipelines", &[]) == 0.0);
    }
}

#[test]
fn every_quality_makes_a_stream_that_decodes() {
    let arguments = ["--pattern", "noise", "--scanouts", "1", "--size", "640x360", "--fps", "10"];
    for quality in ["0", "70", "90", "100"] {
        for ceiling in ["20M", "1000M"] {
            let settings = ["--quality", quality, "--max-bitrate", ceiling];
            let server = Server::start(&[&arguments[..], &settings].concat());
            let mut client = Client::subscribed(&server, 0);
            let mut eye = Eye::new(0);
            for _ in 0..3 {
                match client.receive(SOON) {
                    Arrival::Message(session, Message::FrameResponse(response)) => {
                        eye.look(&Frame { session, response, at: Instant::now() });
                    }
                    other => panic!("quality {quality}, ceiling {ceiling}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn the_sps_promises_one_picture_out_for_one_in() {
    let server = Server::small("typing", "60");
    let unit = Client::subscribed(&server, 0).frame().unit();
    let nal = annexb::units(&unit).unwrap().find(|nal| nal.kind() == NalType::Sps).unwrap();
    let sps = Sps::parse(nal.bytes()).unwrap();
    let limits = sps.vui.clone().and_then(|vui| vui.restriction).expect("limits of reordering");
    assert_eq!(limits.max_num_reorder_frames, 0);
    assert_eq!(limits.max_dec_frame_buffering, sps.max_num_ref_frames.max(1));
    assert_eq!(sps.profile.0, 66);
    assert!(sps.is_low_delay() && sps.constraints.is_set(1), "constrained baseline");
}

#[test]
fn p_frames_are_the_rule() {
    let server = Server::small("typing", "60");
    let frames = Client::subscribed(&server, 0).frames(90);
    assert!(frames[0].is_idr());
    assert_eq!(frames.iter().filter(|frame| frame.is_idr()).count(), 1, "of 90 pictures");
}
