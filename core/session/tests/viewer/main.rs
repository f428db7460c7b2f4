//! A viewer's connection on a clock of its own.

mod any;
mod table;

use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{Pts, UnitKind};
use lunette_input_events::{KeyCode, Modifiers, ParticipantId, Refusal};
use lunette_session::{Facts, Letter, Out, Payload};
use lunette_wire::stream::{ClientMessage, CloseCode, Input, Lateness, Ping, ServerMessage, ServerText, StreamClock};

use table::{EARLIER, KNOWING, SIZE, Table, arrow, closes, is_explained};

#[test]
fn without_an_init_the_connection_ends_after_30_seconds() {
    let mut table = Table::new();
    let began = table.now;
    // What is not an init, a sign of life included, does not help.
    table.pass(Duration::from_secs(20));
    table.say(&ClientMessage::Ping(Ping { seq: 1, client_time_us: 1 }));
    table.viewer.handle_pong(table.now, b"");
    let outs = table.pass(Duration::from_secs(60));
    assert_eq!(closes(&outs), [(began + Duration::from_secs(30), CloseCode::GoingAway)]);
    assert!(is_explained(&outs) && table.viewer.is_over());
    assert_eq!(table.viewer.next_timeout(), None);
}

#[test]
fn a_client_that_answers_no_ping_is_closed() {
    for init in [EARLIER, KNOWING] {
        let mut table = Table::watching(init);
        let heard = table.now;
        let outs = table.pass(Duration::from_secs(120));
        assert_eq!(closes(&outs), [(heard + Duration::from_secs(30), CloseCode::GoingAway)]);
        assert!(is_explained(&outs));
    }
}

#[test]
fn pings_come_every_5_seconds_and_keep_a_silent_client() {
    let mut table = Table::watching(KNOWING);
    let mut pings = Vec::new();
    for _ in 0..60 {
        for (at, out) in table.pass(Duration::from_secs(1)) {
            let Out::Ping(payload) = out else { panic!("{out:?}") };
            pings.push(at);
            table.viewer.handle_pong(at, &payload);
        }
    }
    assert_eq!(pings.len(), 12);
    assert!(pings.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_secs(5)), "{pings:?}");
    assert!(!table.viewer.is_over());
}

#[test]
fn what_a_client_holds_comes_up_when_it_says_nothing_although_its_browser_answers_pings() {
    let mut table = Table::watching(KNOWING);
    let key = Input::Key { down: true, modifiers: Modifiers::NONE, code: KeyCode(29) };
    table.say(&ClientMessage::Input(key));
    let said = table.now;
    let mut released = Vec::new();
    for _ in 0..60 {
        for (at, out) in table.pass(Duration::from_secs(1)) {
            match out {
                Out::Ping(payload) => table.viewer.handle_pong(at, &payload),
                Out::ReleaseKeys => released.push(at),
                _ => {}
            }
        }
    }
    assert_eq!(released, [said + Duration::from_secs(10)], "once");
    assert!(!table.viewer.is_over());
}

#[test]
fn what_a_client_holds_stays_down_while_it_says_anything() {
    let mut table = Table::watching(KNOWING);
    let key = Input::Key { down: true, modifiers: Modifiers::NONE, code: KeyCode(29) };
    table.say(&ClientMessage::Input(key));
    for seq in 0..120 {
        let outs = table.pass(Duration::from_millis(500));
        assert!(outs.iter().all(|(_, out)| *out != Out::ReleaseKeys));
        table.say(&ClientMessage::Ping(Ping { seq, client_time_us: 1 }));
    }
}

#[test]
fn an_earlier_client_is_confirmed_by_its_pongs_and_keeps_getting_frames() {
    let mut table = Table::watching(EARLIER);
    let round_trip = Duration::from_millis(40);
    let (mut answers, mut shown) = (Vec::<(Duration, Bytes)>::new(), 0);
    for tick in 0..5 * 60 * 30 {
        let now = table.now;
        let due = |answer: &(Duration, Bytes)| answer.0 <= now;
        for (_, payload) in answers.extract_if(.., |answer| due(answer)) {
            table.viewer.handle_pong(now, &payload);
        }
        if table.viewer.wants_unit(now) {
            shown += 1;
            table.show();
        }
        let outs = table.outputs().into_iter().map(|out| (now, out)).collect::<Vec<_>>();
        let outs = [outs, table.pass(Duration::from_millis(33))].concat();
        assert_eq!(closes(&outs), [], "tick {tick}");
        answers.extend(outs.into_iter().filter_map(|(at, out)| match out {
            Out::Ping(payload) => Some((at + round_trip, payload)),
            _ => None,
        }));
    }
    assert!(shown > 5 * 60 * 30 * 9 / 10, "{shown} frames in 5 minutes");
}

#[test]
fn a_client_that_confirms_nothing_gets_no_more_and_is_told_when_it_is_slow() {
    let mut table = Table::watching(KNOWING);
    let mut shown = 0;
    while table.viewer.wants_unit(table.now) {
        table.show();
        shown += 1;
        table.pass(Duration::from_millis(33));
        assert!(shown < 100, "it is sent without end");
    }
    table.viewer.handle_backlog(table.now, Duration::from_millis(100));
    assert!(!table.outputs().contains(&Out::FallBehind), "that is not old");
    table.pass(Duration::from_secs(1));
    table.viewer.handle_backlog(table.now, Duration::from_millis(151));
    table.viewer.handle_backlog(table.now, Duration::from_millis(176));
    let outs = table.outputs();
    assert_eq!(outs.iter().filter(|out| **out == Out::FallBehind).count(), 1, "once is enough");
    table.confirm();
    assert!(table.viewer.wants_unit(table.now));
}

#[test]
fn input_that_is_refused_is_answered_twice_a_second() {
    let mut table = Table::watching(KNOWING);
    let refusal = Refusal::ViewOnly;
    let mut answers = 0;
    for _ in 0..100 {
        table.viewer.refused(table.now, &refusal);
        answers += table.messages().len();
        table.now += Duration::from_millis(100);
    }
    assert_eq!(answers, 20, "in 10 s");
    let mut earlier = Table::watching(EARLIER);
    earlier.viewer.refused(earlier.now, &refusal);
    assert_eq!(earlier.messages(), []);
}

#[test]
fn who_pauses_gets_no_frames_until_it_goes_on() {
    let mut table = Table::watching(KNOWING);
    table.show();
    table.outputs();
    table.control(r#"{"set_video_enabled": false}"#);
    table.control(r#"{"set_video_enabled": false}"#);
    let outs = table.outputs();
    assert_eq!(outs.iter().filter(|out| matches!(out, Out::Video(_))).collect::<Vec<_>>(), [&Out::Video(false)]);
    assert!(!table.viewer.wants_unit(table.now));
    // One that was on its way already.
    table.show();
    assert_eq!(table.messages(), []);
    table.control(r#"{"set_video_enabled": true}"#);
    let states: Vec<_> = table.outputs();
    assert!(states.contains(&Out::Video(true)), "{states:?}");
    assert!(table.viewer.wants_unit(table.now));
}

#[test]
fn capture_times_increase_even_where_the_wires_clock_is_too_coarse() {
    let mut table = Table::watching(EARLIER);
    let mut sent = Vec::new();
    for nanos in [5_000_100, 5_000_200, 5_000_300, 9_000_000, 1_000_000] {
        let mut picture = table.picture(UnitKind::Idr);
        picture.unit.pts = Pts::from_nanos(nanos);
        table.viewer.handle_unit(table.now, &picture);
        sent.extend(table.messages().into_iter().filter_map(|message| match message {
            ServerMessage::Video(frame) => Some(frame.head.pts_us),
            _ => None,
        }));
    }
    assert_eq!(sent, [5000, 5001, 5002, 9000, 9001]);
}

#[test]
fn a_timing_comes_right_behind_its_frame_and_only_when_wanted() {
    let mut table = Table::watching(KNOWING);
    table.show();
    assert_eq!(table.messages().len(), 1);
    table.control(r#"{"timings": true}"#);
    table.show();
    let messages = table.messages();
    let [ServerMessage::Video(frame), ServerMessage::Timing(timing)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((timing.pts_us, timing.encoded_us, timing.sent_us), (frame.head.pts_us, None, 0));
    let mut earlier = Table::watching(EARLIER);
    earlier.control(r#"{"timings": true}"#);
    earlier.show();
    assert_eq!(earlier.messages().len(), 1);
}

#[test]
fn a_wish_of_the_client_bounds_the_rate() {
    let mut table = Table::watching(r#"{"type":"init","lunette":1,"bitrate":5000}"#);
    let rates = |table: &mut Table| {
        let rate = |out| match out {
            Out::Rate(rate) => Some(rate.map(lunette_frame::BitRate::bits_per_second)),
            _ => None,
        };
        table.outputs().into_iter().filter_map(rate).collect::<Vec<_>>()
    };
    table.control(r#"{"max_bitrate": 300}"#);
    assert_eq!(rates(&mut table), [Some(300_000)]);
    table.control(r#"{"max_bitrate": null}"#);
    assert_eq!(rates(&mut table), [None]);
}

#[test]
fn a_superseded_connection_is_closed_once_and_says_no_more() {
    let mut table = Table::watching(KNOWING);
    table.viewer.handle_letter(&Letter::Superseded);
    table.viewer.handle_letter(&Letter::Superseded);
    table.viewer.handle_letter(&Letter::Message(ServerMessage::SelfId(ParticipantId(1))));
    table.show();
    table.viewer.handle_text(table.now, EARLIER);
    let outs: Vec<_> = table.outputs().into_iter().map(|out| (table.now, out)).collect();
    assert_eq!(closes(&outs), [(table.now, CloseCode::Superseded)]);
    assert!(is_explained(&outs) && outs.len() == 2, "{outs:?}");
}

#[test]
fn a_message_above_the_limit_ends_the_connection() {
    for size in [64 << 10, (64 << 10) + 1] {
        let mut table = Table::watching(KNOWING);
        table.viewer.handle_binary(table.now, &vec![0xff; size]);
        let outs: Vec<_> = table.outputs().into_iter().map(|out| (table.now, out)).collect();
        assert_eq!(closes(&outs).len(), usize::from(size > 64 << 10));
        assert_eq!(is_explained(&outs), size > 64 << 10);
    }
}

#[test]
fn a_pong_carries_the_clock_to_who_knows_it_alone() {
    for (init, clock, expected) in [
        (EARLIER, Some(Pts::from_nanos(5_000_000)), StreamClock::Untold),
        (KNOWING, Some(Pts::from_nanos(5_000_000)), StreamClock::at(5000)),
        (KNOWING, None, StreamClock::Unknown),
    ] {
        let mut table = Table::watching(init);
        table.say(&ClientMessage::Ping(Ping { seq: 5, client_time_us: 6 }));
        let outs = table.outputs();
        let [Out::Pong(ping)] = outs[..] else { panic!("{outs:?}") };
        table.viewer.pong(ping, 7, Lateness::default(), clock);
        let messages = table.messages();
        let [ServerMessage::Pong(pong)] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!((pong.seq, pong.client_time_us, pong.server_time_us), (5, 6, 7));
        assert_eq!(pong.stream_clock, expected);
    }
}

#[test]
fn the_usual_pointer_is_shown_when_nothing_is_known_of_the_desktops_for_5_seconds() {
    for is_known in [false, true] {
        let mut table = Table::new();
        table.viewer.handle_text(table.now, EARLIER);
        table.viewer.joined(&Facts::of(SIZE));
        table.outputs();
        let joined = table.now;
        table.pass(Duration::from_secs(4));
        if is_known {
            table.viewer.handle_letter(&Letter::Message(arrow()));
            table.outputs();
        }
        let sent = Out::Send(Payload::Binary(arrow().encode()));
        let shown: Vec<_> = table.pass(Duration::from_secs(10)).into_iter().filter(|(_, out)| *out == sent).collect();
        let expected = if is_known { vec![] } else { vec![(joined + Duration::from_secs(5), sent)] };
        assert_eq!(shown, expected);
    }
}

#[test]
fn what_a_newcomer_takes_for_granted_is_not_told() {
    let mut table = Table::new();
    table.viewer.handle_text(table.now, KNOWING);
    table.outputs();
    table.viewer.joined(&Facts::of(SIZE));
    let sent: Vec<_> = table.outputs().into_iter().filter(|out| matches!(out, Out::Send(_))).collect();
    let [Out::Send(Payload::Binary(init)), Out::Send(Payload::Text(complete))] = &sent[..] else { panic!("{sent:?}") };
    assert!(matches!(ServerMessage::decode(init), Ok(ServerMessage::StreamInit(_))));
    assert!(matches!(ServerText::decode(complete), Ok(ServerText::ConnectionComplete(_))));
}

#[test]
fn pictures_round_trips_and_nonsense_are_counted() {
    let mut table = Table::watching(KNOWING);
    table.show();
    table.show();
    table.viewer.handle_binary(table.now, &[0x20, 1, 2, 3]);
    table.confirm();
    let ping = |outs: Vec<(Duration, Out)>| {
        outs.into_iter().find_map(|(_, out)| if let Out::Ping(payload) = out { Some(payload) } else { None })
    };
    let outs = table.pass(Duration::from_secs(5));
    let payload = ping(outs).expect("a ping is due");
    table.now += Duration::from_millis(30);
    table.viewer.handle_pong(table.now, &payload);
    let counters = *table.viewer.counters();
    assert_eq!((counters.pictures, counters.keyframes, counters.bytes), (2, 1, table.sent_bytes));
    assert_eq!((counters.nonsense, counters.round_trips.count()), (1, 1));
    assert_eq!(counters.round_trips.buckets().find(|(_, count)| *count > 0).map(|found| found.0.as_millis()), Some(50));
}
