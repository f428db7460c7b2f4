//! Each message in each role.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroU32;

use lunette_frame::{BitRate, FrameRate, ScanoutId, Size};
use lunette_session::{Action, Connection, Role};
use lunette_wire::Token;
use lunette_wire::hxfr::{
    Authorize, ConfigRequest, DisableScanout, ErrorCode, Fourcc, FrameRequest, Grant, Message, Received, Refusal,
    SessionId, StatusRequest, Subscribe, SubscribeResponse,
};

const SESSION: SessionId = SessionId::new(7);
const SCANOUT: ScanoutId = ScanoutId::new(3);
const OTHER: ScanoutId = ScanoutId::new(4);
const TOKEN: Token = Token::new([7; 32]);
const UNKNOWN: Refusal = Refusal::UnknownType { msg_type: 0x77, size: 5 };

fn handle(connection: &mut Connection, body: Result<Message, Refusal>) -> Action {
    connection.handle(Received { session: SESSION, body })
}

fn subscribed() -> Connection {
    let mut connection = Connection::new();
    connection.subscribed(SCANOUT);
    connection
}

fn requesting() -> Connection {
    let mut connection = Connection::new();
    let request = FrameRequest {
        resource: None,
        size: Size::new(16, 16),
        format: Fourcc::Bgra,
        stride: 64,
        pts: None,
        duration: None,
        force_keyframe: false,
        offers_tiles: false,
        pixels: None,
        changes: None,
    };
    assert!(matches!(handle(&mut connection, Ok(Message::FrameRequest(request))), Action::Encode(SESSION, _)));
    connection
}

fn is_invalid_message(action: &Action) -> bool {
    matches!(action, Action::Reply(SESSION, Message::Error(error)) if error.code == ErrorCode::InvalidMessage)
}

#[test]
fn a_fresh_connection_may_subscribe() {
    let mut connection = Connection::new();
    let action = handle(&mut connection, Ok(Message::Subscribe(Subscribe { scanout: SCANOUT })));
    assert_eq!(action, Action::Subscribe(SCANOUT));
    assert_eq!(connection.role(), Role::Fresh);
    connection.subscribed(SCANOUT);
    assert_eq!(connection.role(), Role::Subscribed(SCANOUT));
}

#[test]
fn pings_are_answered_with_their_session_in_every_role() {
    for connection in [&mut Connection::new(), &mut subscribed()] {
        assert_eq!(handle(connection, Ok(Message::Ping)), Action::Reply(SESSION, Message::Pong));
    }
}

#[test]
fn unknown_messages_are_answered_unless_the_connection_is_subscribed() {
    assert!(is_invalid_message(&handle(&mut Connection::new(), Err(UNKNOWN))));
    assert_eq!(handle(&mut subscribed(), Err(UNKNOWN)), Action::Ignore);
}

#[test]
fn a_keyframe_request_concerns_the_connections_own_stream() {
    assert_eq!(handle(&mut subscribed(), Ok(Message::KeyframeRequest)), Action::RequestIdr);
    assert_eq!(handle(&mut Connection::new(), Ok(Message::KeyframeRequest)), Action::Ignore);
    assert_eq!(handle(&mut requesting(), Ok(Message::KeyframeRequest)), Action::ForceKeyframe);
}

#[test]
fn a_configuration_concerns_the_connections_own_stream() {
    let message = || Ok(Message::ConfigRequest(ConfigRequest::UNCHANGED));
    assert_eq!(handle(&mut subscribed(), message()), Action::ConfigureStream(ConfigRequest::UNCHANGED));
    assert_eq!(handle(&mut requesting(), message()), Action::ConfigureRequests(ConfigRequest::UNCHANGED));
}

#[test]
fn what_is_configured_before_the_first_request_is_kept_for_it() {
    let mut connection = Connection::new();
    let rate = Some(BitRate::from_bits_per_second(1_000_000));
    let frame_rate = FrameRate::new(30, 1).ok();
    for config in [
        ConfigRequest { bit_rate: rate, ..ConfigRequest::UNCHANGED },
        ConfigRequest { frame_rate, ..ConfigRequest::UNCHANGED },
    ] {
        assert_eq!(handle(&mut connection, Ok(Message::ConfigRequest(config))), Action::Ignore);
    }
    let early = connection.take_early_config().unwrap();
    assert_eq!((early.bit_rate, early.frame_rate), (rate, frame_rate));
    assert_eq!(connection.take_early_config(), None);
}

#[test]
fn impossible_configurations_are_answered_with_an_error() {
    let configs = [
        ConfigRequest { width: NonZeroU32::new(16_385), ..ConfigRequest::UNCHANGED },
        ConfigRequest { frame_rate: FrameRate::new(1001, 1).ok(), ..ConfigRequest::UNCHANGED },
        ConfigRequest { bit_rate: Some(BitRate::from_bits_per_second(9_999)), ..ConfigRequest::UNCHANGED },
    ];
    for config in configs {
        for connection in [&mut Connection::new(), &mut subscribed()] {
            assert!(is_invalid_message(&handle(connection, Ok(Message::ConfigRequest(config)))), "{config:?}");
        }
    }
    assert!(is_invalid_message(&handle(&mut subscribed(), Err(Refusal::FrameRate { numerator: 60 }))));
}

#[test]
fn a_subscribed_connection_is_ended_by_what_belongs_on_another() {
    let messages = [
        Message::Subscribe(Subscribe { scanout: SCANOUT }),
        Message::DisableScanout(DisableScanout { scanout: SCANOUT }),
        Message::Authorize(Authorize { token: TOKEN }),
        Message::Grant(Grant { scanout: SCANOUT, token: TOKEN }),
        Message::StatusRequest(StatusRequest { scanout: OTHER }),
    ];
    for message in messages {
        assert!(matches!(handle(&mut subscribed(), Ok(message)), Action::Refuse(SESSION, Message::Error(_))));
    }
}

#[test]
fn messages_that_only_servers_send_are_refused() {
    let message = || Ok(Message::SubscribeResponse(SubscribeResponse { scanout: SCANOUT, success: true }));
    assert!(is_invalid_message(&handle(&mut Connection::new(), message())));
    assert_eq!(handle(&mut subscribed(), message()), Action::Ignore);
}

#[test]
fn nobody_minds_a_pong() {
    for connection in [&mut Connection::new(), &mut subscribed()] {
        assert_eq!(handle(connection, Ok(Message::Pong)), Action::Ignore);
    }
}

#[test]
fn the_last_token_is_the_one_that_counts() {
    let mut connection = Connection::new();
    assert_eq!(connection.token(), None);
    for token in [TOKEN, Token::new([8; 32])] {
        let message = Message::Authorize(Authorize { token });
        assert_eq!(handle(&mut connection, Ok(message)), Action::Authorized(token));
        assert_eq!(connection.token(), Some(&token));
    }
}

#[test]
fn a_subscribed_connection_keeps_the_token_that_it_came_by() {
    let mut connection = Connection::new();
    handle(&mut connection, Ok(Message::Authorize(Authorize { token: TOKEN })));
    connection.subscribed(SCANOUT);
    handle(&mut connection, Ok(Message::Authorize(Authorize { token: Token::new([8; 32]) })));
    assert_eq!(connection.token(), Some(&TOKEN));
}

#[test]
fn a_status_can_be_asked_for_as_often_as_one_likes() {
    for connection in [&mut Connection::new(), &mut requesting(), &mut subscribed()] {
        for _ in 0..2 {
            let asked = handle(connection, Ok(Message::StatusRequest(StatusRequest { scanout: SCANOUT })));
            assert_eq!(asked, Action::Status(SESSION, SCANOUT));
        }
    }
}

#[test]
fn a_grant_is_for_the_driver_to_judge() {
    let grant = Grant { scanout: SCANOUT, token: TOKEN };
    for connection in [&mut Connection::new(), &mut requesting()] {
        assert_eq!(handle(connection, Ok(Message::Grant(grant))), Action::Grant(SESSION, grant));
    }
}

#[test]
fn the_pointer_is_sent_to_who_asked_before_or_after_subscribing() {
    let mut early = Connection::new();
    assert_eq!(handle(&mut early, Ok(Message::WatchCursor)), Action::Ignore);
    early.subscribed(SCANOUT);
    assert!(early.wants_cursor());
    let mut late = subscribed();
    assert!(!late.wants_cursor());
    assert_eq!(handle(&mut late, Ok(Message::WatchCursor)), Action::WatchCursor);
    assert_eq!(handle(&mut late, Ok(Message::WatchCursor)), Action::Ignore, "it is being sent");
    assert_eq!(handle(&mut requesting(), Ok(Message::WatchCursor)), Action::Ignore);
}
