//! What holds for every compositor, also one that means harm.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

use std::sync::Arc;

use lunette_seat::{
    Action, Activity, CardName, Connection, Device, DeviceId, Dialect, EventName, Inbox, MAX_DEVICES, Policy, Reply,
    Request, SeatName,
};
use proptest::prelude::*;

fn policy() -> Policy {
    Policy { card: Some(CardName::new(0)), inputs: [EventName::new(3)].into(), ..Policy::default() }
}

fn paths() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"/dev/dri/card0".to_vec()),
        Just(b"/dev/input/event3".to_vec()),
        "/dev/(dri|input|)/{0,2}(\\.\\./){0,2}(card|event|renderD|by-path/)[0-9]{0,3}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..255),
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    prop_oneof![
        1 => Just(Request::OpenSeat),
        1 => Just(Request::CloseSeat),
        20 => paths().prop_map(Request::OpenDevice),
        8 => (-2..200_i32).prop_map(|id| Request::CloseDevice(DeviceId(id))),
        2 => Just(Request::DisableSeat),
        2 => any::<i32>().prop_map(Request::SwitchSession),
        2 => Just(Request::Ping),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Ask(Request),
    Activity(Activity),
    Bytes(Vec<u8>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => requests().prop_map(Step::Ask),
        2 => prop_oneof![Just(Activity::Active), Just(Activity::Inactive)].prop_map(Step::Activity),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Step::Bytes),
    ];
    prop::collection::vec(step, 0..300)
}

/// Runs until the connection ends; gives what was opened and what was sent.
fn run(steps: Vec<Step>, fails: bool) -> (Vec<Device>, Vec<Reply>) {
    let mut connection = Connection::new(Arc::new(policy()), SeatName::default(), Dialect::Answering);
    let (mut devices, mut replies) = (Vec::new(), Vec::new());
    let first = Step::Ask(Request::OpenSeat);
    for step in std::iter::once(first).chain(steps) {
        match step {
            Step::Ask(request) => connection.receive(&request.encode()),
            Step::Activity(activity) => connection.set_activity(activity),
            Step::Bytes(bytes) => connection.receive(&bytes),
        }
        loop {
            match connection.poll_action() {
                Ok(None) => break,
                Ok(Some(Action::Send(reply))) => replies.push(reply),
                Ok(Some(Action::Open(device))) => {
                    devices.push(device);
                    if fails {
                        connection.refused(lunette_seat::Errno::ENODEV)
                    } else {
                        replies.push(connection.opened())
                    }
                }
                Err(_) => return (devices, replies),
            }
            assert!(connection.devices() <= MAX_DEVICES);
        }
    }
    (devices, replies)
}

proptest! {
    #[test]
    fn only_own_devices_are_ever_opened(steps in steps(), fails: bool) {
        let (devices, _) = run(steps, fails);
        let own = [Device::Lease, Device::Input(EventName::new(3))];
        prop_assert!(devices.iter().all(|device| own.contains(device)));
    }

    #[test]
    fn open_devices_have_different_ids(steps in steps()) {
        let mut open = std::collections::BTreeSet::new();
        let (_, replies) = run(steps.into_iter().filter(|step| !matches!(step, Step::Bytes(_))).filter(|step| {
            !matches!(step, Step::Ask(Request::CloseDevice(_)))
        }).collect(), false);
        for reply in replies {
            if let Reply::DeviceOpened(id) = reply {
                prop_assert!(open.insert(id));
            }
        }
    }

    #[test]
    fn enable_and_disable_alternate(steps in steps()) {
        let (_, replies) = run(steps, false);
        let events = replies.into_iter().filter(|reply| matches!(reply, Reply::EnableSeat | Reply::DisableSeat));
        for (at, event) in events.enumerate() {
            let expected = if at % 2 == 0 { Reply::EnableSeat } else { Reply::DisableSeat };
            prop_assert_eq!(event, expected);
        }
    }

    #[test]
    fn requests_survive_the_wire(request in requests()) {
        let mut inbox = Inbox::default();
        inbox.push(&request.encode());
        prop_assert_eq!(inbox.next_request(), Ok(Some(request)));
        prop_assert_eq!(inbox.next_request(), Ok(None));
    }

    #[test]
    fn a_stream_means_the_same_in_any_pieces(requests in prop::collection::vec(requests(), 0..20), size in 1..40_usize) {
        let stream: Vec<u8> = requests.iter().flat_map(Request::encode).collect();
        let (mut inbox, mut got) = (Inbox::default(), Vec::new());
        for piece in stream.chunks(size) {
            inbox.push(piece);
            while let Some(request) = inbox.next_request().unwrap() {
                got.push(request);
            }
        }
        prop_assert_eq!(got, requests);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut inbox = Inbox::default();
        inbox.push(&bytes);
        while let Ok(Some(_)) = inbox.next_request() {}
    }
}
