//! A compositor's connection from its first byte to its last.

use std::sync::Arc;

use lunette_seat::{
    Action, Activity, CardName, Connection, Device, DeviceId, Dialect, Errno, EventName, MAX_DEVICES, Policy, Reply,
    Request, SeatName, Violation,
};

fn connection(dialect: Dialect) -> Connection {
    let policy = Policy { card: Some(CardName::new(0)), inputs: [EventName::new(3)].into(), ..Policy::default() };
    Connection::new(Arc::new(policy), SeatName::default(), dialect)
}

fn opened(dialect: Dialect) -> Connection {
    let mut connection = connection(dialect);
    let greeting = [Reply::SeatOpened(SeatName::default()), Reply::EnableSeat].map(Action::Send);
    assert_eq!(ask(&mut connection, &Request::OpenSeat), greeting);
    connection
}

fn drain(connection: &mut Connection) -> Vec<Action> {
    std::iter::from_fn(|| connection.poll_action().expect("no violation")).collect()
}

fn ask(connection: &mut Connection, request: &Request) -> Vec<Action> {
    connection.receive(&request.encode());
    drain(connection)
}

fn path(path: &str) -> Request {
    Request::OpenDevice(path.as_bytes().to_vec())
}

fn error(errno: Errno) -> Vec<Action> {
    vec![Action::Send(Reply::Error(errno))]
}

#[test]
fn a_device_is_opened_used_and_closed() {
    let mut connection = opened(Dialect::Answering);
    assert_eq!(ask(&mut connection, &path("/dev/dri/card0")), [Action::Open(Device::Lease)]);
    assert_eq!(connection.opened(), Reply::DeviceOpened(DeviceId(1)));
    let close = Request::CloseDevice(DeviceId(1));
    assert_eq!(ask(&mut connection, &close), [Action::Send(Reply::DeviceClosed)]);
    assert_eq!(ask(&mut connection, &close), error(Errno::EBADF));
    assert_eq!(ask(&mut connection, &Request::CloseSeat), [Action::Send(Reply::SeatClosed)]);
}

#[test]
fn requests_wait_while_a_device_is_opened() {
    let mut connection = opened(Dialect::Answering);
    connection.receive(&[path("/dev/input/event3").encode(), Request::Ping.encode()].concat());
    assert_eq!(drain(&mut connection), [Action::Open(Device::Input(EventName::new(3)))]);
    connection.refused(Errno::ENODEV);
    assert_eq!(drain(&mut connection), [Reply::Error(Errno::ENODEV), Reply::Pong].map(Action::Send));
    assert_eq!(connection.devices(), 0);
}

#[test]
fn what_the_policy_refuses_is_an_error_and_not_the_end() {
    let mut connection = opened(Dialect::Answering);
    assert_eq!(ask(&mut connection, &path("/dev/input/event4")), error(Errno::EACCES));
    assert_eq!(ask(&mut connection, &path("event4")), error(Errno::EINVAL));
    assert_eq!(ask(&mut connection, &Request::Ping), [Action::Send(Reply::Pong)]);
}

#[test]
fn devices_are_bounded_and_room_comes_back() {
    let mut connection = opened(Dialect::Answering);
    for _ in 0..MAX_DEVICES {
        assert_eq!(ask(&mut connection, &path("/dev/dri/card0")).len(), 1);
        connection.opened();
    }
    assert_eq!(ask(&mut connection, &path("/dev/dri/card0")), error(Errno::EMFILE));
    ask(&mut connection, &Request::CloseDevice(DeviceId(7)));
    assert_eq!(ask(&mut connection, &path("/dev/dri/card0")), [Action::Open(Device::Lease)]);
}

#[test]
fn a_switch_is_refused_to_whoever_waits_for_an_answer() {
    let switch = Request::SwitchSession(2);
    assert_eq!(ask(&mut opened(Dialect::Answering), &switch), error(Errno::EPERM));
    assert_eq!(ask(&mut opened(Dialect::Silent), &switch), []);
}

#[test]
fn a_seat_is_taken_away_and_given_back() {
    let mut connection = opened(Dialect::Answering);
    connection.set_activity(Activity::Inactive);
    assert_eq!(drain(&mut connection), [Action::Send(Reply::DisableSeat)]);
    assert_eq!(ask(&mut connection, &path("/dev/dri/card0")), error(Errno::EPERM));
    assert_eq!(ask(&mut connection, &Request::DisableSeat), [Action::Send(Reply::SeatDisabled)]);
    assert_eq!(ask(&mut connection, &Request::DisableSeat), error(Errno::EBUSY));
    connection.set_activity(Activity::Active);
    assert_eq!(drain(&mut connection), [Action::Send(Reply::EnableSeat)]);
}

#[test]
fn a_seat_given_back_early_is_enabled_after_it_was_disabled() {
    let mut connection = opened(Dialect::Silent);
    connection.set_activity(Activity::Inactive);
    connection.set_activity(Activity::Active);
    assert_eq!(drain(&mut connection), [Action::Send(Reply::DisableSeat)]);
    assert_eq!(ask(&mut connection, &Request::DisableSeat), [Action::Send(Reply::EnableSeat)]);
}

#[test]
fn a_seat_that_is_away_opens_disabled() {
    let mut connection = connection(Dialect::Answering);
    connection.set_activity(Activity::Inactive);
    assert_eq!(ask(&mut connection, &Request::OpenSeat), [Action::Send(Reply::SeatOpened(SeatName::default()))]);
    connection.set_activity(Activity::Active);
    assert_eq!(drain(&mut connection), [Action::Send(Reply::EnableSeat)]);
}

#[test]
fn the_seat_is_opened_once_and_before_anything_else() {
    let mut early = connection(Dialect::Answering);
    early.receive(&path("/dev/dri/card0").encode());
    assert_eq!(early.poll_action(), Err(Violation::NoSeat));
    let mut twice = opened(Dialect::Answering);
    twice.receive(&Request::OpenSeat.encode());
    assert_eq!(twice.poll_action(), Err(Violation::OpenedBefore));
}

#[test]
fn a_size_beyond_the_longest_request_ends_it_at_once() {
    let mut connection = opened(Dialect::Answering);
    connection.receive(&[3_u16.to_ne_bytes(), 0xffff_u16.to_ne_bytes()].concat());
    assert!(matches!(connection.poll_action(), Err(Violation::Decode(_))));
}
