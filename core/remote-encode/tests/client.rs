//! A client against a host of the test's, in simulated time.

use std::time::Duration;

use bytes::Bytes;
use lunette_frame::{Size, UnitKind};
use lunette_remote_encode::{Body, Client, Offer, Output, Reconnect, Request, Settings, Taken, Ticket, Trouble};
use lunette_wire::Token;
use lunette_wire::hxfr::{
    ConfigRequest, ErrorCode, ErrorReply, FrameResponse, Message, Received, ResourceId, SessionId,
};
use proptest::prelude::*;

const TIMEOUT: Duration = Duration::from_secs(2);
const SIZE: Size = Size::new(64, 48);

fn settings(in_flight: usize) -> Settings {
    Settings { in_flight, timeout: TIMEOUT, reconnect: Reconnect::Always, keyframe_interval: 60, token: None }
}

fn client(settings: Settings) -> Client {
    Client::new(settings, ConfigRequest::UNCHANGED, Duration::ZERO)
}

fn offer(ticket: u32) -> Offer {
    Offer {
        ticket: Ticket(ticket),
        size: SIZE,
        pts: None,
        duration: None,
        force_keyframe: false,
        changed: true,
        resource: None,
    }
}

fn still(ticket: u32) -> Offer {
    Offer { changed: false, ..offer(ticket) }
}

fn outputs(client: &mut Client) -> Vec<Output> {
    std::iter::from_fn(|| client.poll_output()).collect()
}

/// What was requested, as tickets, bodies and whether a keyframe must come.
fn requests(client: &mut Client) -> Vec<(u32, Body, bool)> {
    let outputs = outputs(client).into_iter();
    let request = |output| match output {
        Output::Request(Request { offer, body, force_keyframe }) => Some((offer.ticket.0, body, force_keyframe)),
        _ => None,
    };
    outputs.filter_map(request).collect()
}

fn connect(client: &mut Client, now: Duration) {
    client.handle_timeout(now);
    client.connected(now);
}

/// Connected, and the greeting taken.
fn up(settings: Settings) -> Client {
    let mut client = client(settings);
    connect(&mut client, Duration::ZERO);
    outputs(&mut client);
    client
}

fn response(kept: bool, coarse: bool) -> FrameResponse {
    FrameResponse { pts: None, dts: None, kind: UnitKind::Idr, kept, coarse, nals: Bytes::from_static(b"x").into() }
}

fn answer(client: &mut Client, response: FrameResponse, now: Duration) {
    let body = Ok(Message::FrameResponse(response));
    client.receive(Received { session: Client::SESSION, body }, now);
}

fn refuse(client: &mut Client, code: ErrorCode) {
    let body = Ok(Message::Error(ErrorReply::new(code, "no")));
    client.receive(Received { session: Client::SESSION, body }, Duration::ZERO);
}

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_token_and_the_configuration_come_before_the_first_picture() {
    let mut client = client(Settings { token: Some(Token::new([7; 32])), ..settings(1) });
    assert_eq!(client.offer(offer(1), at(0)), Taken::Later);
    connect(&mut client, at(0));
    let kinds: Vec<_> = outputs(&mut client)
        .into_iter()
        .map(|output| match output {
            Output::Dial => 0,
            Output::Send(bytes) => bytes[4],
            Output::Request(_) => 1,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [0, 0x40, 0x04, 1]);
}

#[test]
fn the_first_picture_is_whole_and_a_keyframe_and_tiles_follow_once_it_is_kept() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    assert_eq!(requests(&mut client), [(1, Body::Whole, true)]);
    answer(&mut client, response(true, false), at(5));
    client.offer(offer(2), at(5));
    assert!(requests(&mut client).contains(&(2, Body::Tiles, false)));
}

#[test]
fn a_legacy_host_gets_whole_pictures_only() {
    let mut client = up(settings(1));
    for ticket in 1..5 {
        client.offer(offer(ticket), at(0));
        assert_eq!(requests(&mut client), [(ticket, Body::Whole, ticket == 1)]);
        answer(&mut client, response(false, false), at(0));
    }
}

#[test]
fn no_more_are_in_flight_than_allowed() {
    for most in 1..=4 {
        let mut client = up(settings(most));
        for ticket in 0..u32::try_from(most).expect("small") {
            client.offer(offer(ticket), at(0));
            assert!(!client.has_offer());
        }
        client.offer(offer(9), at(0));
        assert_eq!((client.has_offer(), client.in_flight()), (true, most));
        answer(&mut client, response(true, false), at(1));
        assert!(!client.has_offer());
    }
}

#[test]
fn a_still_picture_sends_nothing() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    answer(&mut client, response(true, false), at(0));
    outputs(&mut client);
    for ticket in 2..200 {
        assert_eq!(client.offer(still(ticket), at(0)), Taken::Unchanged);
    }
    assert_eq!(outputs(&mut client), []);
}

#[test]
fn a_still_picture_that_is_coarse_is_asked_for_again_until_it_is_fine() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    answer(&mut client, response(true, true), at(0));
    outputs(&mut client);
    assert_eq!(client.offer(still(2), at(0)), Taken::Later);
    assert_eq!(requests(&mut client), [(2, Body::Tiles, false)]);
    answer(&mut client, response(true, false), at(0));
    assert_eq!(client.offer(still(3), at(0)), Taken::Unchanged);
}

#[test]
fn a_keyframe_of_a_still_picture_travels_as_no_tiles() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    answer(&mut client, response(true, false), at(0));
    outputs(&mut client);
    client.offer(Offer { force_keyframe: true, ..still(2) }, at(0));
    assert_eq!(requests(&mut client), [(2, Body::Tiles, true)]);
}

#[test]
fn every_interval_begins_with_a_keyframe() {
    let mut client = up(Settings { keyframe_interval: 3, ..settings(1) });
    let forced: Vec<_> = (0..7)
        .map(|ticket| {
            client.offer(offer(ticket), at(0));
            let forced = requests(&mut client)[0].2;
            answer(&mut client, response(true, false), at(0));
            forced
        })
        .collect();
    assert_eq!(forced, [true, false, false, true, false, false, true]);
}

#[test]
fn another_size_travels_whole() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    answer(&mut client, response(true, false), at(0));
    outputs(&mut client);
    client.offer(Offer { size: Size::new(2, 2), ..offer(2) }, at(0));
    assert_eq!(requests(&mut client), [(2, Body::Whole, false)]);
}

#[test]
fn of_what_is_lost_the_newest_is_asked_for_again_as_a_keyframe() {
    let mut client = up(settings(4));
    (1..4).for_each(|ticket| assert_eq!(client.offer(offer(ticket), at(0)), Taken::Later));
    outputs(&mut client);
    client.lost(Trouble::Closed, at(10));
    let expected = [Output::Close, Output::Drop(Ticket(1)), Output::Drop(Ticket(2)), Output::Warn(Trouble::Closed)];
    assert_eq!(outputs(&mut client), expected);
    assert_eq!(client.deadline(), Some(at(110)));
    connect(&mut client, at(110));
    assert_eq!(requests(&mut client), [(3, Body::Whole, true)]);
}

#[test]
fn each_failure_waits_twice_as_long_and_a_picture_ends_that() {
    let mut client = client(settings(1));
    client.offer(offer(1), at(0));
    let (mut now, mut waits, mut warnings) = (at(0), Vec::new(), 0);
    for _ in 0..8 {
        client.handle_timeout(now);
        client.lost(Trouble::Unreachable("no".into()), now);
        let until = client.deadline().expect("it tries again");
        waits.push((until - now).as_millis());
        now = until;
        warnings += outputs(&mut client).iter().filter(|output| matches!(output, Output::Warn(_))).count();
    }
    assert_eq!((waits, warnings), (vec![100, 200, 400, 800, 1600, 3200, 5000, 5000], 1));
    connect(&mut client, now);
    answer(&mut client, response(true, false), now);
    client.lost(Trouble::Closed, now);
    assert_eq!(client.deadline(), Some(now + Settings::FIRST_WAIT));
}

#[test]
fn without_reconnecting_a_loss_is_the_end() {
    let mut client = up(Settings { reconnect: Reconnect::Never, ..settings(1) });
    client.offer(offer(1), at(0));
    outputs(&mut client);
    client.lost(Trouble::Closed, at(0));
    assert_eq!(outputs(&mut client), [Output::Close, Output::Drop(Ticket(1)), Output::Fail(Trouble::Closed)]);
    assert!(client.has_failed() && client.deadline().is_none());
}

#[test]
fn an_answer_that_does_not_come_ends_the_connection() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(50));
    assert_eq!(client.deadline(), Some(at(50) + TIMEOUT));
    client.handle_timeout(at(2049));
    assert!(client.is_up());
    client.handle_timeout(at(2050));
    assert!(outputs(&mut client).contains(&Output::Warn(Trouble::Slow(TIMEOUT))));
}

#[test]
fn a_host_has_its_time_for_each_of_several_requests() {
    let mut client = up(settings(4));
    (1..4).for_each(|ticket| assert_eq!(client.offer(offer(ticket), at(0)), Taken::Later));
    answer(&mut client, response(true, false), at(1900));
    assert_eq!(client.deadline(), Some(at(1900) + TIMEOUT));
}

#[test]
fn an_error_costs_one_picture_and_the_next_is_whole() {
    let mut client = up(settings(2));
    client.offer(offer(1), at(0));
    answer(&mut client, response(true, false), at(0));
    client.offer(offer(2), at(0));
    client.offer(offer(3), at(0));
    outputs(&mut client);
    refuse(&mut client, ErrorCode::EncodeFailed);
    assert!(outputs(&mut client).contains(&Output::Drop(Ticket(2))));
    refuse(&mut client, ErrorCode::InvalidMessage);
    assert_eq!(requests(&mut client), [(3, Body::Whole, true)]);
}

#[test]
fn a_host_that_only_refuses_is_left() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    for _ in 0..Settings::PATIENCE {
        assert!(client.is_up());
        refuse(&mut client, ErrorCode::EncodeFailed);
    }
    assert!(!client.is_up());
}

#[test]
fn an_error_about_something_else_answers_no_picture() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    outputs(&mut client);
    let error = ErrorReply::new(ErrorCode::InvalidMessage, "too few bits");
    client.receive(Received { session: SessionId::NONE, body: Ok(Message::Error(error.clone())) }, at(0));
    assert_eq!(outputs(&mut client), [Output::Warn(Trouble::Refused(error))]);
    assert_eq!(client.in_flight(), 1);
}

#[test]
fn a_host_that_cannot_use_resources_gets_pixels_and_that_is_told_once() {
    let mut client = up(settings(1));
    let with = |ticket| Offer { resource: ResourceId::new(42), ..offer(ticket) };
    client.offer(with(1), at(0));
    let named = Body::Resource(ResourceId::new(42).expect("not 0"));
    assert_eq!(requests(&mut client), [(1, named, true)]);
    refuse(&mut client, ErrorCode::NotFound);
    let told = outputs(&mut client);
    assert!(matches!(&told[0], Output::Warn(Trouble::NoResources(_))));
    assert!(matches!(&told[1], Output::Request(Request { body: Body::Whole, .. })));
    answer(&mut client, response(true, false), at(0));
    client.offer(with(2), at(0));
    assert!(requests(&mut client).contains(&(2, Body::Tiles, false)));
}

#[test]
fn what_was_flushed_is_not_delivered_and_a_keyframe_follows() {
    let mut client = up(settings(2));
    client.offer(offer(1), at(0));
    outputs(&mut client);
    client.flush();
    assert!(client.is_idle());
    answer(&mut client, response(true, false), at(0));
    assert_eq!(outputs(&mut client), []);
    assert_eq!(client.offer(still(2), at(0)), Taken::Later);
    assert_eq!(requests(&mut client), [(2, Body::Tiles, true)]);
}

#[test]
fn what_comes_before_the_first_keyframe_is_not_delivered() {
    let mut client = up(settings(1));
    client.offer(offer(1), at(0));
    outputs(&mut client);
    answer(&mut client, FrameResponse { kind: UnitKind::Delta, ..response(true, false) }, at(0));
    assert_eq!(outputs(&mut client), [Output::Drop(Ticket(1))]);
    client.offer(still(2), at(0));
    assert_eq!(requests(&mut client), [(2, Body::Tiles, true)]);
}

#[test]
fn an_answer_to_nothing_ends_the_connection() {
    let mut client = up(settings(1));
    answer(&mut client, response(true, false), at(0));
    assert!(outputs(&mut client).contains(&Output::Warn(Trouble::Unasked)));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Offer { changed: bool },
    Answer,
    Refuse,
    Lose,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(|changed| Step::Offer { changed }),
        4 => Just(Step::Answer),
        1 => Just(Step::Refuse),
        1 => Just(Step::Lose),
        2 => Just(Step::Wait),
    ]
}

proptest! {
    /// Whatever happens, each picture comes back once, is dropped once or was unchanged; deliveries are in order; what
    /// travels as tiles has a base that the host has; and after any loss the first delivery is a keyframe.
    #[test]
    fn every_picture_has_one_end(in_flight in 1usize..=4, steps in prop::collection::vec(step(), 0..200)) {
        let mut client = client(settings(in_flight));
        let (mut now, mut ticket, mut last) = (Duration::ZERO, 0, None);
        let (mut open, mut asked) = (Vec::<u32>::new(), std::collections::VecDeque::<(u32, bool)>::new());
        let mut needs_idr = true;
        for step in steps {
            match step {
                Step::Offer { changed } if !client.has_offer() => {
                    ticket += 1;
                    if client.offer(Offer { changed, ..offer(ticket) }, now) == Taken::Later {
                        open.push(ticket);
                    }
                }
                Step::Answer => if let Some((_, forced)) = asked.pop_front() {
                    let kind = if forced { UnitKind::Idr } else { UnitKind::Delta };
                    answer(&mut client, FrameResponse { kind, ..response(true, false) }, now);
                },
                Step::Refuse => if asked.pop_front().is_some() { refuse(&mut client, ErrorCode::EncodeFailed) },
                Step::Lose => client.lost(Trouble::Closed, now),
                Step::Offer { .. } | Step::Wait => {
                    now += Duration::from_millis(150);
                    client.handle_timeout(now);
                    client.connected(now);
                }
            }
            for output in outputs(&mut client) {
                match output {
                    Output::Request(request) => asked.push_back((request.offer.ticket.0, request.force_keyframe)),
                    Output::Deliver(Ticket(delivered), response) => {
                        prop_assert!(Some(delivered) > last, "in order");
                        last = Some(delivered);
                        prop_assert!(response.kind == UnitKind::Idr || !needs_idr, "a keyframe first");
                        needs_idr = false;
                        open.retain(|open| *open != delivered);
                    }
                    Output::Drop(Ticket(dropped)) => {
                        prop_assert!(open.contains(&dropped));
                        open.retain(|open| *open != dropped);
                    }
                    Output::Close => {
                        needs_idr = true;
                        asked.clear();
                    }
                    _ => {}
                }
            }
            prop_assert!(client.in_flight() <= in_flight);
            prop_assert_eq!(client.is_idle(), open.is_empty());
        }
    }
}
