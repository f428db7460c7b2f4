//! Against the real libseat, the library that compositors use.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

mod common;

use std::ffi::CString;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{CARD, Fixture, KEYBOARD, UNPLUGGED, config};
use lunette_seat_server::{Activity, Config, Dialect};
use lunette_sys_libseat::{Events, Libseat, Seat};

/// libseat's calls wait for ever, so each runs where it can be given up.
fn within<T: Send + 'static>(limit: Duration, run: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || done.send(run()));
    finished.recv_timeout(limit).ok()
}

fn libseat() -> Option<Libseat> {
    Libseat::load().inspect_err(|error| println!("NOT RUN: against libseat: {error}")).ok()
}

/// Which answers this libseat waits for: whether it comes back from a switch that nobody answers.
fn dialect() -> Dialect {
    let fixture = Fixture::start(Config { dialect: Dialect::Silent, ..config() });
    let socket = fixture.socket.clone();
    let switched = within(Duration::from_secs(1), move || {
        let library = Libseat::load().unwrap();
        Seat::open(&library, &socket).unwrap().switch_session(2)
    });
    if switched.is_some() { Dialect::Silent } else { Dialect::Answering }
}

/// A compositor of this machine's libseat, and what it does; nothing, if there is no libseat.
fn with_seat(steps: impl FnOnce(&mut Seat<'_>, &Fixture, Dialect) + Send + 'static) {
    if libseat().is_none() {
        return;
    }
    let dialect = dialect();
    println!("this libseat's dialect: {dialect:?}");
    let fixture = Fixture::start(Config { dialect, ..config() });
    let done = within(Duration::from_secs(20), move || {
        let library = libseat().expect("it was there");
        let mut seat = Seat::open(&library, &fixture.socket).unwrap();
        seat.dispatch(1000).unwrap();
        steps(&mut seat, &fixture, dialect);
    });
    done.expect("neither a panic nor an answer that never comes");
}

fn open(seat: &mut Seat<'_>, path: &str) -> std::io::Result<(i32, File)> {
    seat.open_device(&CString::new(path).unwrap()).map(|(id, fd)| (id, File::from(fd)))
}

#[test]
fn a_seat_opens_and_is_enabled() {
    with_seat(|seat, _, _| {
        assert_eq!(seat.name(), "seat0");
        assert_eq!(seat.events(), Events { enabled: 1, disabled: 0 });
    });
}

#[test]
fn the_lease_arrives_as_it_is() {
    with_seat(|seat, fixture, _| {
        let (card, fd) = open(seat, CARD).unwrap();
        assert_eq!(fd.metadata().unwrap().ino(), fixture.devices.lease.metadata().unwrap().ino());
        let (keyboard, fd) = open(seat, KEYBOARD).unwrap();
        assert_eq!(fd.metadata().unwrap().ino(), fixture.devices.keyboard.metadata().unwrap().ino());
        seat.close_device(keyboard).unwrap();
        seat.close_device(card).unwrap();
    });
}

#[test]
fn a_refused_device_harms_nothing() {
    with_seat(|seat, _, _| {
        for path in ["/dev/dri/card1", UNPLUGGED, "/dev/mem"] {
            assert!(open(seat, path).is_err(), "{path}");
        }
        open(seat, CARD).unwrap();
    });
}

#[test]
fn a_switch_is_refused_and_the_seat_works_on() {
    with_seat(|seat, _, dialect| {
        let switched = seat.switch_session(2);
        assert_eq!(switched.is_err(), dialect == Dialect::Answering);
        seat.dispatch(50).unwrap();
        let (id, _) = open(seat, CARD).unwrap();
        seat.close_device(id).unwrap();
    });
}

#[test]
fn a_seat_goes_away_and_comes_back() {
    with_seat(|seat, fixture, _| {
        fixture.activity.send_replace(Activity::Inactive);
        seat.dispatch(5000).unwrap();
        assert_eq!(seat.events(), Events { enabled: 1, disabled: 1 });
        seat.disable().unwrap();
        assert!(open(seat, CARD).is_err());
        fixture.activity.send_replace(Activity::Active);
        while seat.events().enabled < 2 {
            seat.dispatch(5000).unwrap();
        }
        open(seat, CARD).unwrap();
    });
}
